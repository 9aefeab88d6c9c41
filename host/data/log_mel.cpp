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
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::host {
namespace {

/// The power spectrum of `size` real samples. FFmpeg is fast for powers of two alone, so a size
/// P·Q, with P odd and Q a power of two, is done as P transforms of every P-th sample and
///
///   X[k] = Σ_p e^(-2πipk/(PQ)) X_p[k mod Q]      (Cooley and Tukey, 1965)
template <class Real>
class Fourier {
 public:
  explicit Fourier(int size)
      : size_(static_cast<std::size_t>(size)),
        q_(size_ & (~size_ + 1)),
        row_((q_ + 2 + k_alignment - 1) / k_alignment * k_alignment),
        samples_(size_),
        strided_(Array::empty(k_type, {static_cast<std::int64_t>(q_)})),
        parts_(Array::empty(k_type, {static_cast<std::int64_t>(row_ * size_ / q_)})) {
    AVTXContext* context = nullptr;
    const Real scale = 1;
    const int length = static_cast<int>(q_);
    if (av_tx_init(&context, &transform_, is_double ? AV_TX_DOUBLE_RDFT : AV_TX_FLOAT_RDFT, 0,
                   length, &scale, 0) < 0) {
      throw std::bad_alloc();
    }
    context_.reset(context);
    for (std::size_t n = 0; n < size_; ++n) {
      const double angle = -2 * std::numbers::pi * static_cast<double>(n) / size;
      turns_.push_back({static_cast<Real>(std::cos(angle)), static_cast<Real>(std::sin(angle))});
    }
  }

  /// To be filled before run().
  std::vector<Real>& samples() { return samples_; }

  void run() {
    const std::size_t count = size_ / q_;
    for (std::size_t p = 0; p < count; ++p) {
      Real* const strided = strided_.data<Real>();
      for (std::size_t n = 0; n < q_; ++n) strided[n] = samples_[p + n * count];
      Real* const part = parts_.data<Real>() + p * row_;
      transform_(context_.get(), part, strided, sizeof(Real));
      part[q_ + 1] = 0;  // FFmpeg 5.1 does not write the last imaginary part.
    }
  }

  /// |X[k]|² for k up to size / 2.
  Real power(std::size_t k) const {
    const std::size_t bin = k % q_;
    const bool is_mirrored = bin > q_ / 2;  // X_p[q - i] is the conjugate of X_p[i].
    const Real* part = parts_.data<Real>() + 2 * (is_mirrored ? q_ - bin : bin);
    Real real = 0, imaginary = 0;
    for (std::size_t turn = 0, p = 0; p < size_ / q_; ++p, part += row_) {
      const auto [cosine, sine] = turns_[turn];
      const Real height = is_mirrored ? -part[1] : part[1];
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
  static constexpr bool is_double = std::is_same_v<Real, double>;
  static constexpr DType k_type = is_double ? DType::float64 : DType::float32;
  static constexpr std::size_t k_alignment = 16;  // numbers

  std::size_t size_, q_, row_;
  std::vector<Real> samples_;
  Array strided_, parts_;  ///< [q] and [p, row]: q / 2 + 1 complex values in each row
  std::vector<std::pair<Real, Real>> turns_;  ///< e^(-2πin/size)
  std::unique_ptr<AVTXContext, Free> context_;
  av_tx_fn transform_ = nullptr;
};

/// Hann window, periodic, in the middle of `fft` samples.
template <class Real>
std::vector<Real> hann(const LogMelOptions& options) {
  std::vector<Real> window(static_cast<std::size_t>(options.fft), 0);
  const int first = (options.fft - options.window) / 2;
  for (int n = 0; n < options.window; ++n) {
    const double angle = 2 * std::numbers::pi * n / options.window;
    window[static_cast<std::size_t>(first + n)] = static_cast<Real>(0.5 - 0.5 * std::cos(angle));
  }
  return window;
}

double htk_mel_of(double hz) {
  return 2595 * std::log10(1 + hz / 700);
}
double hz_of_htk(double mel) {
  return 700 * (std::pow(10, mel / 2595) - 1);
}

/// Slaney's scale (Auditory Toolbox, 1998): linear up to 1 kHz, which is mel 15.
const double k_slaney_step = std::log(6.4) / 27;
double slaney_mel_of(double hz) {
  return hz < 1000 ? 3 * hz / 200 : 15 + std::log(hz / 1000) / k_slaney_step;
}
double hz_of_slaney(double mel) {
  return mel < 15 ? 200 * mel / 3 : 1000 * std::exp((mel - 15) * k_slaney_step);
}

/// One triangle: weights of the bins `first`, `first + 1`, …
template <class Real>
struct Band {
  std::size_t first = 0;
  std::vector<Real> weights;
};

template <class Real>
std::vector<Band<Real>> mel_bands(const LogMelOptions& options) {
  const bool is_slaney = options.form == LogMelForm::whisper;
  const auto mel_of = is_slaney ? slaney_mel_of : htk_mel_of;
  const auto hz_of = is_slaney ? hz_of_slaney : hz_of_htk;
  const double low = mel_of(options.low_hz), high = mel_of(options.high_hz);
  const auto corner = [&](int i) { return hz_of(low + (high - low) * i / (options.mels + 1)); };
  std::vector<Band<Real>> bands(static_cast<std::size_t>(options.mels));
  for (int m = 0; m < options.mels; ++m) {
    const double left = corner(m), peak = corner(m + 1), right = corner(m + 2);
    const double height = is_slaney ? 2 / (right - left) : 1;
    Band<Real>& band = bands[static_cast<std::size_t>(m)];
    for (int k = 0; k <= options.fft / 2; ++k) {
      const double hz = static_cast<double>(k) * options.rate / options.fft;
      const double weight = std::min((hz - left) / (peak - left), (right - hz) / (right - peak));
      if (weight <= 0) continue;
      if (band.weights.empty()) band.first = static_cast<std::size_t>(k);
      band.weights.push_back(static_cast<Real>(height * weight));
    }
  }
  return bands;
}

/// From base-10 logarithms to Whisper's values: at most 8 below the largest, about -1 to 1.
void finish_whisper(Array& values) {
  float* const begin = values.data<float>();
  float* const end = begin + values.count();
  if (begin == end) return;
  const float least = *std::max_element(begin, end) - 8;
  for (float* value = begin; value != end; ++value) *value = (std::max(*value, least) + 4) / 4;
}

/// The place in [0, count) that mirrors `i` at the ends; each end sample is not repeated.
std::size_t reflected(std::int64_t i, std::int64_t count) {
  i = std::abs(i);
  return static_cast<std::size_t>(i < count ? i : 2 * (count - 1) - i);
}

template <class Real>
Array log_mel_in(std::span<const float> samples, const LogMelOptions& options) {
  const auto count = static_cast<std::int64_t>(samples.size());
  const bool is_whisper = options.form == LogMelForm::whisper;
  const std::int64_t frames = count / options.hop + (is_whisper ? 0 : 1);
  const std::vector<Real> window = hann<Real>(options);
  const std::vector<Band<Real>> bands = mel_bands<Real>(options);
  Fourier<Real> fourier(options.fft);
  std::vector<Real> powers(window.size() / 2 + 1);
  Array result = Array::empty(DType::float32, {frames, options.mels});
  float* out = result.data<float>();
  for (std::int64_t t = 0; t < frames; ++t) {
    const std::int64_t first = t * options.hop - options.fft / 2;
    for (std::size_t n = 0; n < window.size(); ++n) {
      const std::int64_t place = first + static_cast<std::int64_t>(n);
      fourier.samples()[n] = window[n] * static_cast<Real>(samples[reflected(place, count)]);
    }
    fourier.run();
    for (std::size_t k = 0; k < powers.size(); ++k) powers[k] = fourier.power(k);
    for (const Band<Real>& band : bands) {
      double power = is_whisper ? 0 : k_power_floor;
      for (std::size_t k = 0; k < band.weights.size(); ++k) {
        power += static_cast<double>(band.weights[k] * powers[band.first + k]);
      }
      *out++ =
          static_cast<float>(is_whisper ? std::log10(std::max(power, 1e-10)) : std::log(power));
    }
  }
  if (is_whisper) finish_whisper(result);
  return result;
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
  return options.is_precise ? log_mel_in<double>(samples, options)
                            : log_mel_in<float>(samples, options);
}

}  // namespace weft::host
