// SPDX-License-Identifier: Apache-2.0
/// Texts of a batch, for metrics and rewards. On a wire a text is UTF-8 bytes:
///
///   uint8 [B, L]      one text a row, such as batch.FIELD_text or DECODER.text
///   uint8 [B, R, L]   R texts a row, such as the references of a caption
///
/// with a mask of the same sizes, true at the bytes of the text. Bytes behind it are 0.

#pragma once

#include <weft/component.hpp>
#include <weft/ops/shape.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  /// Element types of a port that takes texts.
  inline constexpr std::uint32_t k_text_types = WEFT_DTYPES(WEFT_DTYPE_UINT8);

  namespace detail {
  /// All elements, one behind the other in memory: reshape() alone may keep the strides of a view.
  inline Tensor in_a_row(const Tensor& x) {
    return concat({x.reshape({-1})}, 0);
  }
  }  // namespace detail

  /// Reads the rows of a text. What it gives is valid as long as it lives, within one call.
  class Text {
   public:
    /// @param bytes  uint8 [B, L] or [B, R, L]; absent: no rows
    /// @param mask   bool of the same sizes; absent: a text ends before its last zero bytes
    Text(const Tensor& bytes, const Tensor& mask) {
      if (!bytes) return;
      const Sizes sizes = bytes.sizes();
      if (bytes.dtype() != WEFT_DTYPE_UINT8 || sizes.size() < 2 || sizes.size() > 3)
        throw Error(WEFT_TYPE, "a text is uint8 [B, L] or [B, R, L]");
      if (mask && mask.sizes() != sizes)
        throw Error(WEFT_INVALID, "the mask of a text has other sizes than the text");
      rows_ = sizes.front();
      each_ = sizes.size() == 3 ? sizes[1] : 1;
      length_ = sizes.back();
      if (rows_ * each_ * length_ == 0) return;
      bytes_ = detail::in_a_row(bytes);
      begin_ = bytes_.data<char>();
      if (!mask) return;
      mask_ = detail::in_a_row(mask);
      real_ = mask_.data<bool>();
    }
    explicit Text(const Tensor& bytes) : Text(bytes, Tensor()) {}

    /// B.
    std::int64_t rows() const { return rows_; }
    /// R; 1 of a text [B, L].
    std::int64_t each() const { return each_; }

    std::string_view row(std::int64_t row, std::int64_t of_row = 0) const {
      const std::int64_t first = (row * each_ + of_row) * length_;
      std::int64_t size = 0;
      if (begin_ == nullptr) return {};
      if (real_ != nullptr) {
        while (size < length_ && real_[first + size]) ++size;
      } else {
        size = length_;
        while (size > 0 && begin_[first + size - 1] == '\0') --size;
      }
      return {begin_ + first, static_cast<std::size_t>(size)};
    }

   private:
    Tensor bytes_, mask_;
    const char* begin_ = nullptr;
    const bool* real_ = nullptr;
    std::int64_t rows_ = 0, each_ = 1, length_ = 0;
  };

}  // namespace weft
