// SPDX-License-Identifier: Apache-2.0
#include "host/data/log_mel.hpp"

extern "C" {
#include <libavutil/tx.h>
}

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <new>
#include <numbers>
#include <utility>
#include <vector>

namespace weft::host {
namespace {

/// The power spectrum of `size` real samples. FFmpeg is fast for powers of two alone, so a size
/// P·Q, with P odd and Q a power of two, is done as P transforms of every P-th sample and
///
///   X[k] = Σ_p e^(-2πipk/(PQ)) X_p[k mod Q]      (Cooley and Tukey, 1965)
class Fourier {
 public:
  explicit Fourier(int size)
      : size_(static_cast<std::size_t>(size)),
        q_(size_ & (~size_ + 1)),
        row_((q_ + 2 + k_alignment - 1) / k_alignment * k_alignment),
        samples_(size_),
        strided_(Array::empty(DType::float32, {static_cast<std::int64_t>(q_)})),
        parts_(Array::empty(DType::float32, {static_cast<std::int64_t>(row_ * size_ / q_)})) {
    AVTXContext* context = nullptr;
    const float scale = 1;
    const int length = static_cast<int>(q_);
    if (av_tx_init(&context, &transform_, AV_TX_FLOAT_RDFT, 0, length, &scale, 0) < 0) {
      throw std::bad_alloc();
    }
    context_.reset(context);
    for (std::size_t n = 0; n < size_; ++n) {
      const double angle = -2 * std::numbers::pi * static_cast<double>(n) / size;
      turns_.push_back({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
    }
  }

  /// To be filled before run().
  std::vector<float>& samples() { return samples_; }

  void run() {
    const std::size_t count = size_ / q_;
    for (std::size_t p = 0; p < count; ++p) {
      float* const strided = strided_.data<float>();
      for (std::size_t n = 0; n < q_; ++n) strided[n] = samples_[p + n * count];
      float* const part = parts_.data<float>() + p * row_;
      transform_(context_.get(), part, strided, sizeof(float));
      part[q_ + 1] = 0;  // FFmpeg 5.1 does not write the last imaginary part.
    }
  }

  /// |X[k]|² for k up to size / 2.
  float power(std::size_t k) const {
    const std::size_t bin = k % q_;
    const bool is_mirrored = bin > q_ / 2;  // X_p[q - i] is the conjugate of X_p[i].
    const float* part = parts_.data<float>() + 2 * (is_mirrored ? q_ - bin : bin);
    float real = 0, imaginary = 0;
    for (std::size_t turn = 0, p = 0; p < size_ / q_; ++p, part += row_) {
      const auto [cosine, sine] = turns_[turn];
      const float height = is_mirrored ? -part[1] : part[1];
      real += cosine * part[0] - sine * height;
      imaginary += cosine * height + sine * part[0];
      turn += k;
      if (turn >= size_) turn -= size_;
    }
    return real * real + imaginary * imaginary;
  }

 private:
  struct Free {
    void operator()(AVTXContext* context) const { av_tx_uninit(&context); }
  };
  static constexpr std::size_t k_alignment = 16;  // floats

  std::size_t size_, q_, row_;
  std::vector<float> samples_;
  Array strided_, parts_;  ///< [q] and [p, row]: q / 2 + 1 complex values in each row
  std::vector<std::pair<float, float>> turns_;  ///< e^(-2πin/size)
  std::unique_ptr<AVTXContext, Free> context_;
  av_tx_fn transform_ = nullptr;
};

/// Hann window, periodic, in the middle of `fft` samples.
std::vector<float> hann(const LogMelOptions& options) {
  std::vector<float> window(static_cast<std::size_t>(options.fft), 0.0F);
  const int first = (options.fft - options.window) / 2;
  for (int n = 0; n < options.window; ++n) {
    const double angle = 2 * std::numbers::pi * n / options.window;
    window[static_cast<std::size_t>(first + n)] = static_cast<float>(0.5 - 0.5 * std::cos(angle));
  }
  return window;
}

double mel_of(double hz) {
  return 2595 * std::log10(1 + hz / 700);
}
double hz_of(double mel) {
  return 700 * (std::pow(10, mel / 2595) - 1);
}

/// One triangle: weights of the bins `first`, `first + 1`, …
struct Band {
  std::size_t first = 0;
  std::vector<float> weights;
};

std::vector<Band> mel_bands(const LogMelOptions& options) {
  const double low = mel_of(options.low_hz), high = mel_of(options.high_hz);
  const auto corner = [&](int i) { return hz_of(low + (high - low) * i / (options.mels + 1)); };
  std::vector<Band> bands(static_cast<std::size_t>(options.mels));
  for (int m = 0; m < options.mels; ++m) {
    const double left = corner(m), peak = corner(m + 1), right = corner(m + 2);
    Band& band = bands[static_cast<std::size_t>(m)];
    for (int k = 0; k <= options.fft / 2; ++k) {
      const double hz = static_cast<double>(k) * options.rate / options.fft;
      const double weight = std::min((hz - left) / (peak - left), (right - hz) / (right - peak));
      if (weight <= 0) continue;
      if (band.weights.empty()) band.first = static_cast<std::size_t>(k);
      band.weights.push_back(static_cast<float>(weight));
    }
  }
  return bands;
}

/// The place in [0, count) that mirrors `i` at the ends; each end sample is not repeated.
std::size_t reflected(std::int64_t i, std::int64_t count) {
  i = std::abs(i);
  return static_cast<std::size_t>(i < count ? i : 2 * (count - 1) - i);
}

}  // namespace

Array log_mel(std::span<const float> samples, const LogMelOptions& options) {
  std::vector<float> filled;
  const auto shortest = static_cast<std::size_t>(options.fft / 2 + 1);
  if (samples.size() < shortest) {
    filled.assign(samples.begin(), samples.end());
    filled.resize(shortest, 0.0F);
    samples = filled;
  }
  const auto count = static_cast<std::int64_t>(samples.size());
  const std::int64_t frames = 1 + count / options.hop;
  const std::vector<float> window = hann(options);
  const std::vector<Band> bands = mel_bands(options);
  Fourier fourier(options.fft);
  std::vector<float> powers(window.size() / 2 + 1);
  Array result = Array::empty(DType::float32, {frames, options.mels});
  float* out = result.data<float>();
  for (std::int64_t t = 0; t < frames; ++t) {
    const std::int64_t first = t * options.hop - options.fft / 2;
    for (std::size_t n = 0; n < window.size(); ++n) {
      const std::int64_t place = first + static_cast<std::int64_t>(n);
      fourier.samples()[n] = window[n] * samples[reflected(place, count)];
    }
    fourier.run();
    for (std::size_t k = 0; k < powers.size(); ++k) powers[k] = fourier.power(k);
    for (const Band& band : bands) {
      double power = k_power_floor;
      for (std::size_t k = 0; k < band.weights.size(); ++k) {
        power += static_cast<double>(band.weights[k] * powers[band.first + k]);
      }
      *out++ = static_cast<float>(std::log(power));
    }
  }
  return result;
}

}  // namespace weft::host
