// SPDX-License-Identifier: Apache-2.0
/// Expected calibration error: how far a classifier's confidence lies from how often it is right.
///
///   ECE = Σ_bins n_bin / N · |accuracy_bin − mean confidence_bin|
///
/// The confidence is the largest softmax of the logits; bin i of M holds those in (i / M, (i + 1) /
/// M]. Rows that are not present do not count.
///
/// Shapes  logits [B, V], target [B] int64, present [B] bool; ece []. No row: NaN.
/// Source  Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599.

#include <weft/plugin.hpp>

#include <cmath>

#include "text/rows.hpp"

namespace weft {
namespace {

class Calibration final : public Metric {
 public:
  static constexpr Identity identity{"metric.calibration", "1.0.0",
                                     "Distance of confidence from accuracy."};

  struct Config {
    std::int64_t bins = 15;

    void describe(Fields& fields) {
      fields.add("bins", bins, "Number M of bins of equal width.").at_least(1).at_most(1'000'000);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, V]", "Scores before softmax.");
    ports.input("target", "[B]", "The class that came.", WEFT_DTYPES_INDEX);
    ports.present_input();
    ports.output("ece", "[]", "Between 0 and 1; 0 is best.");
  }
  static void states(States& states, const Config& config) {
    states.sum("confidence", {config.bins});
    states.sum("right", {config.bins});
    states.sum("total", {config.bins});
  }

  Calibration(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Tensor logits = in["logits"].to(WEFT_DTYPE_FLOAT64), best = argmax(logits, -1);
    const std::vector<double> confidence =
        text::values_of(gather(softmax(logits, -1), -1, best.unsqueeze(-1)));
    const std::vector<double> right =
        text::values_of(equal(best, in["target"]).to(WEFT_DTYPE_FLOAT64));
    const std::vector<double> present = in["present"]
                                            ? text::values_of(in["present"].to(WEFT_DTYPE_FLOAT64))
                                            : std::vector<double>(right.size(), 1.0);
    const auto bins = static_cast<std::size_t>(config_.bins);
    std::vector<double> sums(bins), hits(bins), counts(bins);
    for (std::size_t row = 0; row < right.size(); ++row) {
      if (present[row] == 0) continue;
      const double place = std::ceil(confidence[row] * static_cast<double>(bins)) - 1;
      const auto bin =
          static_cast<std::size_t>(std::min(std::max(place, 0.0), static_cast<double>(bins - 1)));
      sums[bin] += confidence[row];
      hits[bin] += right[row];
      ++counts[bin];
    }
    text::add_to(state, "confidence", sums);
    text::add_to(state, "right", hits);
    text::add_to(state, "total", counts);
  }

  Outputs compute(const State& state) const override {
    return {{"ece", sum(abs(state["right"] - state["confidence"])) / sum(state["total"])}};
  }

 private:
  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Calibration)
