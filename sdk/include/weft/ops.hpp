// SPDX-License-Identifier: Apache-2.0
/// Tensor operations: each runs in the host and is differentiable where mathematics allows.
///
/// Every function is a template without parameters, so that a plug-in asks the host only for the
/// operations it uses: instantiating one adds its name and signature to the library's chain, which
/// the host resolves at load. Shapes broadcast as in NumPy; negative axes count from the last.
/// Where no comment says otherwise, a function does what PyTorch's of that name does, element by
/// element or along `axis`.

#pragma once

#include <weft/operation.hpp>

#include <type_traits>

namespace weft __attribute__((visibility("hidden"))) {
#define WEFT_OP(tag) detail::operation_##tag<detail::tag>

  // ---- arithmetic ----

  template <class...>
  Tensor add(const Tensor& a, const Tensor& b, double scale = 1.0) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->add(a.handle(), b.handle(), scale, &out));
    return Tensor::own(out);
  }
  template <class...>
  Tensor operator+(const Tensor& a, const Tensor& b) {
    return add(a, b);
  }
  /// An integer keeps an integer tensor's element type; a floating-point number makes it floating.
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Tensor operator+(const Tensor& a, Number b) {
    if constexpr (std::is_integral_v<Number>)
      return detail::run(WEFT_OP(add_scalar), a, static_cast<std::int64_t>(b));
    else
      return detail::run(WEFT_OP(add_scalar), a, static_cast<double>(b));
  }
  template <class...>
  Tensor operator-(const Tensor& a, const Tensor& b) {
    return detail::run(WEFT_OP(sub), a, b);
  }
  template <class...>
  Tensor operator-(const Tensor& a, double b) {
    return detail::run(WEFT_OP(add_scalar), a, -b);
  }
  template <class...>
  Tensor operator-(double a, const Tensor& b) {
    return detail::run(WEFT_OP(rsub_scalar), b, a);
  }
  template <class...>
  Tensor operator*(const Tensor& a, const Tensor& b) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->mul(a.handle(), b.handle(), &out));
    return Tensor::own(out);
  }
  template <class...>
  Tensor operator*(const Tensor& a, double b) {
    return detail::run(WEFT_OP(mul_scalar), a, b);
  }
  template <class...>
  Tensor operator*(double a, const Tensor& b) {
    return b * a;
  }
  template <class...>
  Tensor operator/(const Tensor& a, const Tensor& b) {
    return detail::run(WEFT_OP(div), a, b);
  }
  template <class...>
  Tensor operator/(const Tensor& a, double b) {
    return a * (1.0 / b);
  }
  /// Matrix product over the last two axes, batched over the others.
  template <class...>
  Tensor matmul(const Tensor& a, const Tensor& b) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->matmul(a.handle(), b.handle(), &out));
    return Tensor::own(out);
  }
  /// x Wᵀ + b; `bias` may be absent. x [..., in], weight [out, in], bias [out].
  template <class...>
  Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->linear(x.handle(), weight.handle(), bias.handle(), &out));
    return Tensor::own(out);
  }

  // ---- element-wise functions ----

  /// σ(x) = 1 / (1 + e⁻ˣ)
  template <class...>
  Tensor sigmoid(const Tensor& x) {
    return detail::run(WEFT_OP(sigmoid), x);
  }
  /// Hyperbolic tangent.
  template <class...>
  Tensor tanh(const Tensor& x) {
    return detail::run(WEFT_OP(tanh), x);
  }
  /// max(x, 0)
  template <class...>
  Tensor relu(const Tensor& x) {
    return detail::run(WEFT_OP(relu), x);
  }
  /// x σ(x), also called swish.
  template <class...>
  Tensor silu(const Tensor& x) {
    return detail::run(WEFT_OP(silu), x);
  }
  /// eˣ
  template <class...>
  Tensor exp(const Tensor& x) {
    return detail::run(WEFT_OP(exp), x);
  }
  /// Natural logarithm.
  template <class...>
  Tensor log(const Tensor& x) {
    return detail::run(WEFT_OP(log), x);
  }
  template <class...>
  Tensor sqrt(const Tensor& x) {
    return detail::run(WEFT_OP(sqrt), x);
  }
  template <class...>
  Tensor abs(const Tensor& x) {
    return detail::run(WEFT_OP(abs), x);
  }
  /// Sine of an angle in radians.
  template <class...>
  Tensor sin(const Tensor& x) {
    return detail::run(WEFT_OP(sin), x);
  }
  /// Cosine of an angle in radians.
  template <class...>
  Tensor cos(const Tensor& x) {
    return detail::run(WEFT_OP(cos), x);
  }
  /// True where x is false.
  template <class...>
  Tensor logical_not(const Tensor& x) {
    return detail::run(WEFT_OP(logical_not), x);
  }
  /// The same values, cut from the graph: no gradient flows through.
  template <class...>
  Tensor detach(const Tensor& x) {
    return detail::run(WEFT_OP(detach), x);
  }
  /// x Φ(x) with the exact normal distribution, or its tanh approximation.
  template <class...>
  Tensor gelu(const Tensor& x, bool approximate = false) {
    return detail::run_named(WEFT_OP(gelu), "approximate", approximate ? "tanh" : "none", x);
  }
  /// Gated linear unit: a σ(b), where a and b are the halves of x along `axis`.
  template <class...>
  Tensor glu(const Tensor& x, std::int64_t axis) {
    return detail::run(WEFT_OP(glu), x, axis);
  }
  template <class...>
  Tensor clamp_min(const Tensor& x, double low) {
    return detail::run(WEFT_OP(clamp_min), x, low);
  }
  template <class...>
  Tensor clamp_max(const Tensor& x, double high) {
    return detail::run(WEFT_OP(clamp_max), x, high);
  }
  /// A tensor like x with every element `value`.
  template <class...>
  Tensor full_like(const Tensor& x, double value) {
    return detail::run(WEFT_OP(full), x, value);
  }

  // ---- comparisons and choice: results are bool ----

  template <class...>
  Tensor equal(const Tensor& a, const Tensor& b) {
    return detail::run(WEFT_OP(eq), a, b);
  }
  template <class...>
  Tensor equal(const Tensor& a, std::int64_t b) {
    return detail::run(WEFT_OP(eq_scalar), a, b);
  }
  template <class...>
  Tensor not_equal(const Tensor& a, std::int64_t b) {
    return detail::run(WEFT_OP(ne_scalar), a, b);
  }
  template <class...>
  Tensor at_least(const Tensor& a, std::int64_t b) {
    return detail::run(WEFT_OP(ge_scalar), a, b);
  }
  template <class...>
  Tensor less(const Tensor& a, const Tensor& b) {
    return detail::run(WEFT_OP(lt), a, b);
  }
  template <class...>
  Tensor logical_and(const Tensor& a, const Tensor& b) {
    return detail::run(WEFT_OP(logical_and), a, b);
  }
  template <class...>
  Tensor logical_or(const Tensor& a, const Tensor& b) {
    return detail::run(WEFT_OP(logical_or), a, b);
  }
  /// a where the condition is true, b elsewhere.
  template <class...>
  Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
    return detail::run(WEFT_OP(where), condition, a, b);
  }
  /// x with `value` where the mask is true.
  template <class...>
  Tensor masked_fill(const Tensor& x, const Tensor& mask, double value) {
    return detail::run(WEFT_OP(masked_fill), x, mask, value);
  }

  // ---- reductions ----

  /// Sum over `axes`; all axes if the list is empty.
  template <class...>
  Tensor sum(const Tensor& x, const Sizes& axes = {}, bool keep = false) {
    weft_tensor out = nullptr;
    detail::check(
        detail::host->op->sum(x.handle(), axes.data(), detail::length(axes), keep ? 1u : 0u, &out));
    return Tensor::own(out);
  }
  template <class...>
  Tensor mean(const Tensor& x, const Sizes& axes, bool keep = false) {
    return detail::run(WEFT_OP(mean), x, axes, keep);
  }
  template <class...>
  Tensor softmax(const Tensor& x, std::int64_t axis) {
    return detail::run(WEFT_OP(softmax), x, axis);
  }
  template <class...>
  Tensor log_softmax(const Tensor& x, std::int64_t axis) {
    return detail::run(WEFT_OP(log_softmax), x, axis);
  }
  /// Index of the largest element along an axis; the first of equals.
  template <class...>
  Tensor argmax(const Tensor& x, std::int64_t axis, bool keep = false) {
    return detail::run(WEFT_OP(argmax), x, axis, keep);
  }
  template <class...>
  Tensor cumulative_sum(const Tensor& x, std::int64_t axis) {
    return detail::run(WEFT_OP(cumsum), x, axis);
  }

  // ---- shape ----

  template <class Parts = std::initializer_list<Tensor>>  // tensors in braces, or a vector of them
  Tensor concat(const Parts& parts, std::int64_t axis) {
    std::vector<weft_tensor> handles;
    for (const Tensor& part : parts) handles.push_back(part.handle());
    weft_tensor out = nullptr;
    detail::check(detail::host->op->cat(handles.data(), static_cast<std::uint32_t>(handles.size()),
                                        axis, &out));
    return Tensor::own(out);
  }
  template <class...>
  Tensor permute(const Tensor& x, const Sizes& axes) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->permute(x.handle(), axes.data(), detail::length(axes), &out));
    return Tensor::own(out);
  }
  /// Repeats axes of size 1 without copying; -1 keeps an axis.
  template <class...>
  Tensor expand(const Tensor& x, const Sizes& sizes) {
    return detail::run(WEFT_OP(expand), x, sizes);
  }
  /// Keeps what lies on or below the diagonal of the last two axes; zero, or false, above it.
  template <class...>
  Tensor lower_triangle(const Tensor& x) {
    return detail::run(WEFT_OP(tril), x);
  }
  template <class...>
  Tensor Tensor::reshape(const Sizes& sizes) const {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->reshape(handle_, sizes.data(), detail::length(sizes), &out));
    return own(out);
  }
  template <class...>
  Tensor Tensor::transpose(std::int64_t axis_a, std::int64_t axis_b) const {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->transpose(handle_, axis_a, axis_b, &out));
    return own(out);
  }
  template <class...>
  Tensor Tensor::select(std::int64_t axis, std::int64_t index) const {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->select(handle_, axis, index, &out));
    return own(out);
  }
  template <class...>
  Tensor Tensor::slice(std::int64_t axis, std::int64_t start, std::int64_t end, std::int64_t step)
      const {
    return detail::run(WEFT_OP(slice), *this, axis, start, end, step);
  }
  template <class...>
  Tensor Tensor::unsqueeze(std::int64_t axis) const {
    return detail::run(WEFT_OP(unsqueeze), *this, axis);
  }
  template <class...>
  Tensor Tensor::to(std::uint32_t dtype) const {
    return detail::run(WEFT_OP(to_dtype), *this, detail::DTypeValue{dtype});
  }

  // ---- look-up ----

  /// Elements of x at `index` along an axis; index has x's number of axes.
  template <class...>
  Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index) {
    return detail::run(WEFT_OP(gather), x, axis, index);
  }
  /// x + the rows of `source` added at `index` along an axis.
  template <class...>
  Tensor index_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
    return detail::run(WEFT_OP(index_add), x, axis, index, source);
  }
  /// Indices [n, axes] of the elements that are true; n depends on the values, so a device must be
  /// waited for.
  template <class...>
  Tensor nonzero(const Tensor& x) {
    return detail::run(WEFT_OP(nonzero), x);
  }
  /// The entries of an axis at `index` [n].
  template <class...>
  Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index) {
    return detail::run(WEFT_OP(index_select), x, axis, index);
  }
  /// Rows of weight [V, D] at ids [...] → [..., D].
  template <class...>
  Tensor embedding(const Tensor& weight, const Tensor& ids) {
    return detail::run(WEFT_OP(embedding), weight, ids);
  }

  // ---- layers ----

  /// Normalises over the last axes, whose sizes are `shape`.
  template <class...>
  Tensor layer_norm(const Tensor& x, const Sizes& shape, const Tensor& weight, const Tensor& bias,
                    double eps) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->layer_norm(x.handle(), shape.data(), detail::length(shape),
                                               weight.handle(), bias.handle(), eps, &out));
    return Tensor::own(out);
  }
  /// x [B, C, ...]; weight and bias [C].
  template <class...>
  Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias,
                    double eps) {
    return detail::run(WEFT_OP(group_norm), x, groups, weight, bias, eps);
  }
  /// x [B, C, ...]. In training it normalises with the batch's statistics and updates the running
  /// ones in place.
  template <class...>
  Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                    const Tensor& running_mean, const Tensor& running_var, bool training,
                    double momentum, double eps) {
    return detail::run(WEFT_OP(batch_norm), x, weight, bias, running_mean, running_var, training,
                       momentum, eps, false);
  }
  /// x [B, C, T], weight [K, C / groups, width], bias [K] or absent → [B, K, T'].
  template <class...>
  Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t stride,
                std::int64_t padding, std::int64_t groups = 1) {
    return detail::run(WEFT_OP(conv1d), x, weight, bias, Sizes{stride}, Sizes{padding}, Sizes{1},
                       groups);
  }
  /// x [B, C, H, W], weight [K, C / groups, h, w], bias [K] or absent → [B, K, H', W'].
  template <class...>
  Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Sizes& stride,
                const Sizes& padding, std::int64_t groups = 1) {
    return detail::run(WEFT_OP(conv2d), x, weight, bias, stride, padding, Sizes{1, 1}, groups);
  }
  /// softmax(q kᵀ / √d) v. q [B, h, N, d], k and v [B, h, M, d]; `mask` may be absent, or bool
  /// broadcast to [B, h, N, M] where true means "attend". A query whose keys are all masked yields
  /// 0.
  template <class...>
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                   bool causal = false) {
    return detail::run(WEFT_OP(attention), q, k, v, mask, 0.0, causal);
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
    const Tensor keep = detail::run_named(WEFT_OP(bernoulli), "generator",
                                          detail::current_call->generator, detach(x), 1.0 - p);
    return x * (keep * (1.0 / (1.0 - p)));
  }

#undef WEFT_OP

}  // namespace weft
