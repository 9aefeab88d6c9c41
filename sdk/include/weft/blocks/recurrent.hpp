// SPDX-License-Identifier: Apache-2.0
/// Recurrent layers over sequences with padding. B batch, T time.

#pragma once

#include <weft/blocks/masks.hpp>
#include <weft/parameters.hpp>

#include <cmath>

namespace weft __attribute__((visibility("hidden"))) {

  /// Long short-term memory over sequences (Hochreiter and Schmidhuber 1997; the equations of
  /// lstm()) in one or both directions, `layers` on top of each other with dropout between them.
  /// Names, shapes and order of gates are those of torch.nn.LSTM: weight_in [4H, in]
  /// and weight_hidden [4H, H] are U(−1/√H, 1/√H); bias_in and bias_hidden [4H] are zero. H is
  /// `dim`, or dim / 2 in each of two directions, which then stand side by side.
  class Lstm {
   public:
    struct Options {
      std::int64_t in = 64, dim = 64, layers = 1;
      bool bidirectional = false;
      double dropout = 0.0;
    };
    Lstm() = default;
    Lstm(const Parameters& parameters, const std::string& name, const Options& options)
        : options_(options), hidden_(options.bidirectional ? options.dim / 2 : options.dim) {
      if (options.bidirectional && options.dim % 2 != 0)
        reject("dim", "must be even for both directions, found " + std::to_string(options.dim));
      for (std::int64_t layer = 0; layer < options.layers; ++layer) {
        const Parameters in = parameters.in(name).in("layer_" + std::to_string(layer));
        const std::int64_t width = layer == 0 ? options.in : options.dim;
        ahead_.push_back(declare(in.in("ahead"), width));
        if (options.bidirectional) back_.push_back(declare(in.in("back"), width));
      }
    }

    /// x [B, T, in], mask [B, T] (true = real) or absent → [B, T, dim]. Padding, wherever it
    /// stands, is passed over as if it were not there, and gives zeros.
    template <class...>
    Tensor operator()(const Tensor& x, const Tensor& mask) const {
      if (!mask) return run(x, Tensor());
      // Real steps first, in their order.
      const Tensor order = sort(mask.to(WEFT_DTYPE_UINT8), 1, /*descending=*/true).indices;
      const Tensor home = sort(order, 1).indices;
      const Tensor count = sum(mask, {1}, true);                                        // [B, 1]
      const Tensor place = expand(arange(x.size(1), x).unsqueeze(0), {x.size(0), -1});  // [B, T]
      const Tensor reversed = where(less(place, count), count - place + (-1), place);
      return zero_padding(at(run(at(zero_padding(x, mask), order), reversed), home), mask);
    }

   private:
    struct Weights {
      Parameter in, hidden, bias_in, bias_hidden;
    };

    Weights declare(const Parameters& parameters, std::int64_t width) const {
      const std::int64_t rows = 4 * hidden_;
      const Init even = Init::uniform(1.0 / std::sqrt(static_cast<double>(hidden_)));
      return {parameters.add("weight_in", {rows, width}, even),
              parameters.add("weight_hidden", {rows, hidden_}, even),
              parameters.add_without_decay("bias_in", {rows}, Init::zeros()),
              parameters.add_without_decay("bias_hidden", {rows}, Init::zeros())};
    }

    /// The steps of x [B, T, D] at places [B, T].
    template <class...>
    static Tensor at(const Tensor& x, const Tensor& places) {
      return gather(x, 1, expand(places.unsqueeze(-1), {-1, -1, x.size(2)}));
    }

    template <class...>
    Tensor one_way(const Tensor& x, const Weights& weights) const {
      const Tensor start = zeros({1, x.size(0), hidden_}, x);
      return lstm(x, start, start,
                  {weights.in, weights.hidden, weights.bias_in, weights.bias_hidden})
          .output;
    }

    /// Steps x [B, T, in], padding behind; `reversed` says from where each comes in reverse.
    template <class...>
    Tensor run(Tensor x, const Tensor& reversed) const {
      for (std::size_t layer = 0; layer < ahead_.size(); ++layer) {
        if (layer > 0) x = dropout(x, options_.dropout);
        const Tensor ahead = one_way(x, ahead_[layer]);
        if (!options_.bidirectional) {
          x = ahead;
          continue;
        }
        const auto turn = [&](const Tensor& steps) {
          return reversed ? at(steps, reversed) : flip(steps, {1});
        };
        x = concat({ahead, turn(one_way(turn(x), back_[layer]))}, -1);
      }
      return x;
    }

    Options options_;
    std::int64_t hidden_ = 64;
    std::vector<Weights> ahead_, back_;
  };

}  // namespace weft
