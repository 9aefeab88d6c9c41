// SPDX-License-Identifier: Apache-2.0
/// Padding masks and what pools or cuts by them. B batch, N length, D width.

#pragma once

#include <weft/ops.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  /// Square patches of pictures, row by row, each flattened channel by channel: image [B, C, H, W],
  /// of which `edge` divides H and W, → [B, N, C edge²], N = H W / edge².
  template <class...>
  Tensor image_patches(const Tensor& image, std::int64_t edge) {
    const std::int64_t channels = image.size(1);
    const std::int64_t rows = image.size(2) / edge, columns = image.size(3) / edge;
    const Tensor cut = image.reshape({-1, channels, rows, edge, columns, edge});
    return permute(cut, {0, 2, 4, 1, 3, 5}).reshape({-1, rows * columns, channels * edge * edge});
  }

  /// Mean over the real positions of x [B, N, D]; `mask` [B, N] or absent → [B, D]. A row without
  /// real positions gives 0.
  template <class...>
  Tensor masked_mean(const Tensor& x, const Tensor& mask) {
    if (!mask) return mean(x, {1});
    const Tensor weight = mask.to(x.dtype()).unsqueeze(-1);  // [B, N, 1]
    return sum(x * weight, {1}) / clamp_min(sum(weight, {1}), 1.0);
  }

  /// A mask [B, N] that is true everywhere, for x [B, N, ...].
  template <class...>
  Tensor full_mask(const Tensor& x) {
    return full_like(x.select(2, 0), 1.0).to(WEFT_DTYPE_BOOL);
  }

  /// Which tokens of documents that share a sequence attend to each other: those of one document.
  /// document [B, N], real [B, N] → [B, N, N].
  template <class...>
  Tensor same_document(const Tensor& document, const Tensor& real) {
    return logical_and(equal(document.unsqueeze(1), document.unsqueeze(2)), real.unsqueeze(1));
  }

  /// x [B, N, ...] with zeros where mask [B, N] is false; x itself without a mask.
  template <class...>
  Tensor zero_padding(const Tensor& x, const Tensor& mask) {
    return mask ? masked_fill(x, logical_not(mask).unsqueeze(-1), 0.0) : x;
  }

  /// The masks of several streams side by side, true where a stream has none: [B, N₁ + N₂ + …].
  template <class...>
  Tensor concat_masks(const std::vector<Tensor>& streams, const std::vector<Tensor>& masks) {
    std::vector<Tensor> all;
    for (std::size_t i = 0; i < streams.size(); ++i)
      all.push_back(masks[i] ? masks[i] : full_mask(streams[i]));
    return concat(all, 1);
  }

}  // namespace weft
