// SPDX-License-Identifier: Apache-2.0
/// Normalisation, attention, recurrence, cross-entropy and dropout.

#pragma once

#include <weft/ops/element.hpp>
#include <weft/ops/shape.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(batch_norm, "aten::batch_norm", "", "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor")
WEFT_OPERATION(group_norm, "aten::group_norm", "", "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enabled=True) -> Tensor")
WEFT_OPERATION(rms_norm, "aten::rms_norm", "", "rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor")
WEFT_OPERATION(attention, "aten::scaled_dot_product_attention", "", "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor")
WEFT_OPERATION(cross_entropy, "aten::cross_entropy_loss", "", "cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=Mean, SymInt ignore_index=-100, float label_smoothing=0.0) -> Tensor")
WEFT_OPERATION(lstm, "aten::lstm", "input", "lstm.input(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor, Tensor)")
WEFT_OPERATION(gru, "aten::gru", "input", "gru.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)")
WEFT_OPERATION(bernoulli, "aten::bernoulli", "p", "bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor")
  // clang-format on

  /// Normalises over the last axes, whose sizes are `shape`; weight and bias have that shape.
  template <class...>
  Tensor layer_norm(const Tensor& x, const Sizes& shape, const Tensor& weight, const Tensor& bias,
                    double eps) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->layer_norm(x.handle(), shape.data(), detail::length(shape),
                                               weight.handle(), bias.handle(), eps, &out));
    return Tensor::own(out);
  }
  /// x / √(mean x² + eps) · weight over the last axes, whose sizes are `shape`; weight may be
  /// absent (Zhang and Sennrich 2019, arXiv:1910.07467).
  template <class...>
  Tensor rms_norm(const Tensor& x, const Sizes& shape, const Tensor& weight, double eps) {
    return WEFT_OP(rms_norm)(x, shape, weight, eps);
  }
  /// Normalises x [B, C, ...] within each sample over groups of C / groups channels and all that
  /// follows; weight and bias [C] may be absent (Wu and He 2018, arXiv:1803.08494).
  template <class...>
  Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias,
                    double eps) {
    return WEFT_OP(group_norm)(x, groups, weight, bias, eps);
  }
  /// x [B, C, ...]. In training it normalises with the batch's statistics and updates the running
  /// ones in place. A part that uses it declares Parameters::couples_samples(), as the block
  /// BatchNorm does.
  template <class...>
  Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                    const Tensor& running_mean, const Tensor& running_var, bool training,
                    double momentum, double eps) {
    return WEFT_OP(batch_norm)(x, weight, bias, running_mean, running_var, training, momentum, eps,
                               false);
  }

  /// softmax(q kᵀ / √d) v. q [B, h, N, d], k and v [B, h, M, d]; `mask` may be absent, or bool
  /// broadcast to [B, h, N, M] where true means "attend". A query whose keys are all masked yields
  /// 0.
  template <class...>
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                   bool causal = false) {
    return WEFT_OP(attention)(q, k, v, mask, 0.0, causal);
  }

  /// −log softmax(logits)_target for each row: logits [..., V], target [...] int64 → [...], 0 where
  /// the target is `ignored`. With label smoothing ε: (1 − ε) of that, and ε times the mean of
  /// −log softmax(logits) over all classes. A target that is no class is refused.
  template <class...>
  Tensor cross_entropy(const Tensor& logits, const Tensor& target, std::int64_t ignored = -100,
                       double smoothing = 0.0) {
    constexpr std::int64_t each_row = 0;
    const Tensor rows = logits.reshape({-1, logits.size(-1)});
    return WEFT_OP(cross_entropy)(rows, target.reshape({-1}), nullptr, each_row, ignored, smoothing)
        .reshape(target.sizes());
  }

  /// What lstm() gives: all hidden states, and hidden and cell state at the end.
  struct LstmOutput {
    Tensor output, hidden, cell;
  };
  /// Long short-term memory (Hochreiter and Schmidhuber 1997), the equations of torch.nn.LSTM:
  ///   i, f, o = σ(W x_t + b + W' h_{t−1} + b'),  g = tanh(…),  c_t = f c_{t−1} + i g,
  ///   h_t = o tanh(c_t)
  /// x [B, T, F]; hidden and cell [layers, B, H], the states before the first step; weights, for
  /// each layer: W [4H, F] (H for F above the first), W' [4H, H], b [4H], b' [4H], rows in the
  /// order i, f, g, o. → output [B, T, H] of the last layer, hidden and cell [layers, B, H].
  /// There is no dropout between layers: its random numbers would not be the call's.
  template <class...>
  LstmOutput lstm(const Tensor& x, const Tensor& hidden, const Tensor& cell,
                  const std::vector<Tensor>& weights) {
    const auto layers = static_cast<std::int64_t>(weights.size() / 4);
    auto [output, last_hidden, last_cell] = WEFT_OP(lstm).template results<3>(
        x, std::vector<Tensor>{hidden, cell}, weights, true, layers, 0.0, true, false, true);
    return {std::move(output), std::move(last_hidden), std::move(last_cell)};
  }
  /// What gru() gives: all hidden states, and the one at the end.
  struct GruOutput {
    Tensor output, hidden;
  };
  /// Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), the equations of torch.nn.GRU:
  ///   r, z = σ(W x_t + b + W' h_{t−1} + b'),  n = tanh(W x_t + b + r (W' h_{t−1} + b')),
  ///   h_t = (1 − z) n + z h_{t−1}
  /// x [B, T, F]; hidden [layers, B, H]; weights as for lstm(), with 3H rows in the order r, z, n.
  template <class...>
  GruOutput gru(const Tensor& x, const Tensor& hidden, const std::vector<Tensor>& weights) {
    const auto layers = static_cast<std::int64_t>(weights.size() / 4);
    auto [output, last_hidden] =
        WEFT_OP(gru).template results<2>(x, hidden, weights, true, layers, 0.0, true, false, true);
    return {std::move(output), std::move(last_hidden)};
  }

  // ---- the call in progress ----

  /// True while the model trains.
  inline bool training() {
    return (detail::current_call->flags & WEFT_CALL_TRAINING) != 0;
  }

  /// In training, zeroes each element with probability p and scales the others by 1 / (1 − p); else
  /// returns x. Random numbers come from the call's generator alone.
  template <class...>
  Tensor dropout(const Tensor& x, double p) {
    if (p <= 0.0 || !training()) return x;
    const Tensor keep =
        WEFT_OP(bernoulli)(detach(x), 1.0 - p, named("generator", detail::current_call->generator));
    return x * (keep * (1.0 / (1.0 - p)));
  }

}  // namespace weft
