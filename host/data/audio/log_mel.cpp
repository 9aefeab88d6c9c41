// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/log_mel.hpp"

extern "C" {
#include <libavutil/tx.h>
}

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <memory>
#include <new>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

#include "host/data/audio/log_mel_lanes.hpp"

namespace weft::host {
namespace {

/// FFmpeg's transform of a power of two of real samples, in single precision.
class PowerOfTwo {
 public:
  explicit PowerOfTwo(std::size_t size)
      : row_(size + k_alignment),
        samples_(Array::empty(DType::float32, {static_cast<std::int64_t>(size)})),
        values_(Array::empty(DType::float32, {static_cast<std::int64_t>(row_ * k_most_lanes)})) {
    AVTXContext* context = nullptr;
    const float scale = 1;
    if (av_tx_init(&context, &transform_, AV_TX_FLOAT_RDFT, 0, static_cast<int>(size), &scale, 0) <
        0) {
      throw std::bad_alloc();
    }
    context_.reset(context);
    for (std::size_t lane = 0; lane < k_most_lanes; ++lane) {
      rows_[lane] = values_.data<float>() + lane * row_;
      std::fill_n(rows_[lane], row_, 0.0F);
    }
  }

  /// The transform of window · samples, size / 2 + 1 complex values, to rows()[lane].
  void run(std::span<const float> window, const float* samples, std::size_t lane) {
    window_frame(window, samples, samples_.data<float>());
    transform_(context_.get(), rows_[lane], samples_.data<float>(), sizeof(float));
    rows_[lane][window.size() + 1] = 0;  // FFmpeg 5.1 does not write the last imaginary part.
  }

  const float* const* rows() const { return rows_.data(); }

 private:
  struct Free {
    void operator()(AVTXContext* context) const { av_tx_uninit(&context); }
  };
  static constexpr std::size_t k_alignment = 16;  // numbers

  std::size_t row_;
  Array samples_, values_;
  std::array<float*, k_most_lanes> rows_{};
  std::unique_ptr<AVTXContext, Free> context_;
  av_tx_fn transform_ = nullptr;
};

/// Hann window, periodic, in the middle of `fft` samples.
std::vector<double> hann(const LogMelOptions& options) {
  std::vector<double> window(static_cast<std::size_t>(options.fft), 0);
  const int first = (options.fft - options.window) / 2;
  for (int n = 0; n < options.window; ++n) {
    const double angle = 2 * std::numbers::pi * n / options.window;
    window[static_cast<std::size_t>(first + n)] = 0.5 - 0.5 * std::cos(angle);
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

void plan_bands(LanePlan& plan, const LogMelOptions& options) {
  const bool is_slaney = options.form == LogMelForm::whisper;
  const auto mel_of = is_slaney ? slaney_mel_of : htk_mel_of;
  const auto hz_of = is_slaney ? hz_of_slaney : hz_of_htk;
  const double low = mel_of(options.low_hz), high = mel_of(options.high_hz);
  const auto corner = [&](int i) { return hz_of(low + (high - low) * i / (options.mels + 1)); };
  for (int m = 0; m < options.mels; ++m) {
    const double left = corner(m), peak = corner(m + 1), right = corner(m + 2);
    const double height = is_slaney ? 2 / (right - left) : 1;
    LanePlan::Band band{0, plan.weights.size(), 0};
    for (int k = 0; k <= options.fft / 2; ++k) {
      const double hz = static_cast<double>(k) * options.rate / options.fft;
      const double weight = std::min((hz - left) / (peak - left), (right - hz) / (right - peak));
      if (weight <= 0) continue;
      if (plan.weights.size() == band.begin) band.first = static_cast<std::size_t>(k);
      plan.weights.push_back(height * weight);
    }
    band.end = plan.weights.size();
    plan.bands.push_back(band);
  }
  plan.narrow_weights.assign(plan.weights.begin(), plan.weights.end());
}

/// What the spectra of one form need. Not to be used by two threads at once.
struct Plan {
  explicit Plan(const LogMelOptions& form) : options(form) {
    lanes.fft = static_cast<std::size_t>(form.fft);
    lanes.window = hann(form);
    plan_bands(lanes, form);
    if (form.form == LogMelForm::whisper) {
      lanes.floor = 1e-10;
      lanes.factor = 1 / std::numbers::ln10;
    } else {
      lanes.offset = k_power_floor;
    }
    if (form.form == LogMelForm::torchaudio && !form.is_precise && std::has_single_bit(lanes.fft)) {
      single.emplace(lanes.fft);
      single_window.assign(lanes.window.begin(), lanes.window.end());
      return;
    }
    for (double& weight : lanes.window) weight /= 2;  // The transform gives 4 |X[k]|².
    plan_transform(lanes);
  }

  LogMelOptions options;
  LanePlan lanes;
  std::optional<PowerOfTwo> single;  ///< without a preset, for powers of two
  std::vector<float> single_window;
};

/// The plans that this thread used last; most recipes have one or two.
Plan& plan_of(const LogMelOptions& options) {
  constexpr std::size_t k_most_plans = 8;
  thread_local std::vector<std::unique_ptr<Plan>> plans;
  const auto known =
      std::ranges::find(plans, options, [](const auto& plan) { return plan->options; });
  if (known != plans.end()) return **known;
  if (plans.size() == k_most_plans) plans.erase(plans.begin());
  return *plans.emplace_back(std::make_unique<Plan>(options));
}

/// The largest of values that are numbers; REQUIRES: one at least
float largest_of(std::span<const float> values) {
  std::array<float, 32> most;  // loops of known length, which compilers turn into vectors
  most.fill(values.front());
  while (values.size() >= most.size()) {
    for (std::size_t i = 0; i < most.size(); ++i)
      most[i] = most[i] < values[i] ? values[i] : most[i];
    values = values.subspan(most.size());
  }
  const float largest = *std::ranges::max_element(most);
  return values.empty() ? largest : std::max(largest, *std::ranges::max_element(values));
}

/// From base-10 logarithms to Whisper's values: at most 8 below the largest, about -1 to 1.
void finish_whisper(Array& values) {
  constexpr std::size_t k_at_once = 32;  // a loop of known length, as above
  std::span rest(values.data<float>(), static_cast<std::size_t>(values.count()));
  if (rest.empty()) return;
  const float least = largest_of(rest) - 8;
  const auto finished = [least](float value) { return ((value < least ? least : value) + 4) / 4; };
  for (; rest.size() >= k_at_once; rest = rest.subspan(k_at_once)) {
    for (std::size_t i = 0; i < k_at_once; ++i) rest[i] = finished(rest[i]);
  }
  for (float& value : rest) value = finished(value);
}

/// The samples with fft / 2 more at each end, which mirror them; an end sample is not repeated.
/// REQUIRES: more than fft / 2 samples.
std::vector<float> reflected(std::span<const float> samples, std::size_t half) {
  std::vector<float> result;
  result.reserve(samples.size() + 2 * half);
  const auto begin = samples.begin(), end = samples.end();
  const auto reach = static_cast<std::ptrdiff_t>(half);
  result.insert(result.end(), std::make_reverse_iterator(begin + reach + 1),
                std::make_reverse_iterator(begin + 1));
  result.insert(result.end(), begin, end);
  result.insert(result.end(), std::make_reverse_iterator(end - 1),
                std::make_reverse_iterator(end - 1 - reach));
  return result;
}

/// Where the samples of each frame begin: in the recording, or in a copy of its ends with what
/// mirrors them.
class Frames {
 public:
  /// REQUIRES: more than fft / 2 samples, which outlive this.
  Frames(std::span<const float> samples, std::size_t fft, std::size_t hop)
      : samples_(samples), fft_(fft), hop_(hop) {
    const std::size_t half = fft / 2;
    if (samples.size() < 2 * fft) {
      head_ = reflected(samples, half);
      return;
    }
    head_ = reflected(samples.first(fft + half), half);
    tail_ = reflected(samples.last(fft + half), half);
  }

  const float* at(std::size_t t) const {
    const std::size_t half = fft_ / 2, first = t * hop_;  // of the mirrored recording
    if (first < half || tail_.empty()) return head_.data() + first;
    if (first + fft_ <= half + samples_.size()) return samples_.data() + (first - half);
    return tail_.data() + (first + tail_.size() - (samples_.size() + fft_));
  }

 private:
  std::span<const float> samples_;
  std::size_t fft_, hop_;
  std::vector<float> head_, tail_;
};

/// As log_mel_frames(), in single precision.
void single_frames(Plan& plan, std::span<const float* const> frames, float* out) {
  const std::size_t step = lane_count();
  for (std::size_t t = 0; t < frames.size(); t += step) {
    const std::size_t count = std::min(step, frames.size() - t);
    for (std::size_t lane = 0; lane < count; ++lane)
      plan.single->run(plan.single_window, frames[t + lane], lane);
    log_mel_of_values(plan.lanes, plan.single->rows(), count, out + t * plan.lanes.bands.size());
  }
}

}  // namespace

Array log_mel(std::span<const float> samples, const LogMelOptions& options) {
  std::vector<float> filled;
  const auto half = static_cast<std::size_t>(options.fft / 2);
  const auto hop = static_cast<std::size_t>(options.hop);
  if (samples.size() <= half) {
    filled.assign(samples.begin(), samples.end());
    filled.resize(half + 1, 0.0F);
    samples = filled;
  }
  const bool is_whisper = options.form == LogMelForm::whisper;
  const std::size_t frames = samples.size() / hop + (is_whisper ? 0 : 1);
  Array result = Array::empty(DType::float32, {static_cast<std::int64_t>(frames), options.mels});
  Plan& plan = plan_of(options);
  const Frames places(samples, plan.lanes.fft, hop);
  // Frames that begin behind the last sound are silence, and known.
  const auto last = std::find_if(samples.rbegin(), samples.rend(), [](float s) { return s != 0; });
  const auto sounding = static_cast<std::size_t>(samples.rend() - last);
  const bool is_mirrored = samples.size() - sounding <= half;
  const std::size_t heard =
      is_mirrored ? frames : std::min(frames, (sounding + half + hop - 1) / hop);
  std::vector<const float*> begins(heard);
  for (std::size_t t = 0; t < heard; ++t) begins[t] = places.at(t);
  float* const out = result.data<float>();
  if (plan.single) {
    single_frames(plan, begins, out);
  } else {
    log_mel_frames(plan.lanes, begins, out);
  }
  const double silence = std::max(plan.lanes.offset, plan.lanes.floor);
  std::fill(out + heard * plan.lanes.bands.size(), out + result.count(),
            static_cast<float>(std::log(silence) * plan.lanes.factor));
  if (is_whisper) finish_whisper(result);
  return result;
}

std::span<const float> trimmed_silence(std::span<const float> samples, double decibels) {
  constexpr std::size_t k_frame = 2048, k_step = 512;
  std::vector<double> sums = {0};  // of the squares of all samples before
  sums.reserve(samples.size() + 1);
  for (const float sample : samples)
    sums.push_back(sums.back() + static_cast<double>(sample) * static_cast<double>(sample));
  std::vector<double> powers;
  for (std::size_t middle = 0; middle <= samples.size(); middle += k_step) {
    const std::size_t begin = middle - std::min(middle, k_frame / 2);
    const std::size_t end = std::min(middle + k_frame / 2, samples.size());
    powers.push_back(std::max((sums[end] - sums[begin]) / k_frame, 1e-10));
  }
  const double least = *std::ranges::max_element(powers) * std::pow(10, -decibels / 10);
  const auto is_heard = [least](double power) { return power > least; };
  const auto first = std::find_if(powers.begin(), powers.end(), is_heard);
  const auto last = std::find_if(powers.rbegin(), powers.rend(), is_heard);  // one behind it
  const auto begin = static_cast<std::size_t>(first - powers.begin()) * k_step;
  const auto end = static_cast<std::size_t>(powers.rend() - last) * k_step;
  return samples.subspan(begin, std::min(end, samples.size()) - begin);
}

}  // namespace weft::host
