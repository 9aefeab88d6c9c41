// SPDX-License-Identifier: Apache-2.0
/// Normalisation layers. B batch, C channels, D width.

#pragma once

#include <weft/ops.hpp>
#include <weft/parameters.hpp>

#include <algorithm>

namespace weft __attribute__((visibility("hidden"))) {

  /// Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450); weight 1 and bias 0
  /// at the start.
  class LayerNorm {
   public:
    LayerNorm() = default;
    LayerNorm(const Parameters& parameters, const std::string& name, std::int64_t dim,
              double eps = 1e-5)
        : dim_(dim),
          eps_(eps),
          weight_(parameters.in(name).add_without_decay("weight", {dim}, Init::constant(1.0))),
          bias_(parameters.in(name).add_without_decay("bias", {dim}, Init::zeros())) {}
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return layer_norm(x, {dim_}, weight_, bias_, eps_);
    }

   private:
    std::int64_t dim_ = 0;
    double eps_ = 1e-5;
    Parameter weight_, bias_;
  };

  /// x / √(mean x² + eps) · weight over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467);
  /// weight 1 at the start.
  class RmsNorm {
   public:
    RmsNorm() = default;
    RmsNorm(const Parameters& parameters, const std::string& name, std::int64_t dim,
            double eps = 1e-6)
        : dim_(dim),
          eps_(eps),
          weight_(parameters.in(name).add_without_decay("weight", {dim}, Init::constant(1.0))) {}
    /// x [..., dim] → [..., dim]
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return rms_norm(x, {dim_}, weight_, eps_);
    }

   private:
    std::int64_t dim_ = 0;
    double eps_ = 1e-6;
    Parameter weight_;
  };

  /// Normalises each sample over groups of channels / groups channels and all places (Wu and He
  /// 2018, arXiv:1803.08494); weight 1 and bias 0 at the start. What a small batch wants in place
  /// of BatchNorm: no sample sees another.
  class GroupNorm {
   public:
    GroupNorm() = default;
    GroupNorm(const Parameters& parameters, const std::string& name, std::int64_t groups,
              std::int64_t channels, double eps = 1e-5)
        : groups_(groups),
          eps_(eps),
          weight_(parameters.in(name).add_without_decay("weight", {channels}, Init::constant(1.0))),
          bias_(parameters.in(name).add_without_decay("bias", {channels}, Init::zeros())) {
      if (groups < 1 || channels % groups != 0)
        reject("groups",
               std::to_string(groups) + " must divide channels " + std::to_string(channels));
    }
    /// x [B, channels, ...] → the same shape
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return group_norm(x, groups_, weight_, bias_, eps_);
    }

   private:
    std::int64_t groups_ = 1;
    double eps_ = 1e-5;
    Parameter weight_, bias_;
  };

  /// Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167):
  ///   y = (x − μ) / √(σ² + eps) · weight + bias
  /// In training μ and σ² are each channel's mean and variance over the batch and all places; else
  /// they are the buffers running_mean and running_var, which move by `momentum` after every step
  /// of the optimiser, towards the mean and the unbiased variance over all rows of the step,
  /// however many micro-batches these came in. It declares that samples depend on one another. In a
  /// host of ABI 0.9 the buffers move in every call instead.
  class BatchNorm {
   public:
    BatchNorm() = default;
    template <class...>
    BatchNorm(const Parameters& parameters, const std::string& name, std::int64_t channels,
              double momentum = 0.1, double eps = 1e-5)
        : momentum_(momentum),
          eps_(eps),
          weight_(parameters.in(name).add_without_decay("weight", {channels}, Init::constant(1.0))),
          bias_(parameters.in(name).add_without_decay("bias", {channels}, Init::zeros())),
          running_mean_(parameters.in(name).buffer("running_mean", {channels}, Init::zeros())),
          running_var_(parameters.in(name).buffer("running_var", {channels}, Init::constant(1.0))) {
      parameters.couples_samples();
      if (!Parameters::has_steps()) return;
      const Parameters own = parameters.in(name);
      count_ = own.accumulator("count", {});
      sum_ = own.accumulator("sum", {channels});
      squares_ = own.accumulator("squares", {channels});
      parameters.after_step([block = *this] { block.move_statistics(); });
    }
    /// x [B, channels, ...] → the same shape. In training it needs two values a channel or more.
    template <class...>
    Tensor operator()(const Tensor& x) const {
      const std::int64_t values = x.count() / std::max<std::int64_t>(1, x.size(1));
      if (training() && values < 2)
        throw Error(
            WEFT_INVALID,
            "batch normalisation: training needs two values of each channel or more, found " +
                std::to_string(values) + ". Take a larger batch, or GroupNorm.");
      if (!training() || !Parameters::has_steps())
        return batch_norm(x, weight_, bias_, running_mean_, running_var_, training(), momentum_,
                          eps_);
      accumulate(detach(x), static_cast<double>(values));
      return batch_norm(x, weight_, bias_, Tensor(), Tensor(), true, momentum_, eps_);
    }

   private:
    template <class...>
    void accumulate(const Tensor& x, double values) const {
      Sizes axes{0};
      for (std::int64_t axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
      const Tensor mean_of_x = mean(x, axes).to(WEFT_DTYPE_FLOAT64);
      const Tensor variance = var(x, axes).to(WEFT_DTYPE_FLOAT64);
      count_.add(full({}, values, mean_of_x));
      sum_.add(mean_of_x * values);
      squares_.add((variance + mean_of_x * mean_of_x) * values);
    }
    template <class...>
    void move_statistics() const {
      const Tensor n = count_.tensor();
      const Tensor mean_of_all = sum_.tensor() / n;
      const Tensor variance = (squares_.tensor() / n - mean_of_all * mean_of_all) * n / (n - 1.0);
      move(running_mean_, mean_of_all);
      move(running_var_, variance);
    }
    template <class...>
    void move(const Buffer& buffer, const Tensor& towards) const {
      const Tensor before = buffer.tensor().to(WEFT_DTYPE_FLOAT64);
      buffer.set(before + momentum_ * (towards - before));
    }

    double momentum_ = 0.1, eps_ = 1e-5;
    Parameter weight_, bias_;
    Buffer running_mean_, running_var_;
    Accumulator count_, sum_, squares_;
  };

}  // namespace weft
