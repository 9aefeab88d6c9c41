// SPDX-License-Identifier: Apache-2.0
/// Final answer: the share of written solutions that end with the right number or formula.
///
///   accuracy = #{b : answer(predicted_b) is answer(reference) for a reference} / #{b}
///
/// answer() is by `grader`
///   "gsm8k"        the number behind "#### ", commas left out; a text without one is wrong
///   "last_number"  the last number; of a reference the one behind "#### ", if there is one
///   "math"         what the last \boxed{…} holds, or all of the text; LaTeX of the same meaning is
///                  made equal as MATH's script does: fractions, roots, units, degrees, blanks
///
/// Numbers are compared as texts: 18 and 18.00 differ, as in the graders that are followed.
///
/// Shapes  as metric.bleu; accuracy []. No row: NaN.
/// Source  the graders of GSM8K (Cobbe et al. 2021), of lm-evaluation-harness (its
/// flexible-extract)
///         and of MATH (Hendrycks et al. 2021).

#include <weft/plugin.hpp>

#include "text/math_answer.hpp"
#include "text/rows.hpp"

namespace weft {
namespace {

class FinalAnswer final : public Metric {
 public:
  static constexpr Identity identity{"metric.final_answer", "1.0.0",
                                     "Share of solutions that end with the right answer."};

  struct Config {
    std::string grader = "gsm8k";

    void describe(Fields& fields) {
      fields.add("grader", grader, "How the answer is found.")
          .one_of({"gsm8k", "last_number", "math"});
    }
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("accuracy", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("right");
    states.sum("total");
  }

  FinalAnswer(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    double right = 0, total = 0;
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& references) {
      bool is_right = false;
      for (const std::string_view one : references) is_right = is_right || is_same(predicted, one);
      right += is_right ? 1 : 0;
      ++total;
    });
    state.add("right", text::number_of(right, state["right"]));
    state.add("total", text::number_of(total, state["total"]));
  }

  Outputs compute(const State& state) const override {
    return {{"accuracy", state["right"] / state["total"]}};
  }

 private:
  bool is_same(std::string_view predicted, std::string_view reference) const {
    if (config_.grader == "math") return text::is_same_math(formula(predicted), formula(reference));
    const bool is_gsm8k = config_.grader == "gsm8k";
    const auto written = is_gsm8k ? text::gsm8k_answer(predicted) : text::last_number(predicted);
    auto wanted = text::gsm8k_answer(reference);
    if (!is_gsm8k && !wanted) wanted = text::last_number(reference);
    return written && wanted && *written == *wanted;
  }

  static std::string formula(std::string_view solution) {
    const auto boxed = text::last_boxed(solution);
    return boxed ? *boxed : std::string(solution);
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::FinalAnswer)
