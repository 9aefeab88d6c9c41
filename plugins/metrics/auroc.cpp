// SPDX-License-Identifier: Apache-2.0
/// Area under the ROC curve and average precision of scores, mean over the classes.
///
///   auroc_c = P(score_c of a row of class c > that of another row), ties count half
///   average_precision_c = Σ_k (R_k − R_{k−1}) P_k, over the rows in order of score_c, ties at once
///
/// Each class is one side, all others the other; classes that never or always come are left out.
/// `scores` "softmax" compares softmax(logits), "raw" the logits as they are. One class is allowed:
/// then the target is 1 for what should score high and 0 for the rest, such as data of another
/// kind. All rows are kept until the end. Rows that are not present do not count.
///
/// Shapes  logits [B, V], target [B] int64, present [B] bool; outputs []. No class left: NaN.
/// Source  Fawcett 2006; scikit-learn's roc_auc_score (ovr, macro) and average_precision_score.

#include <weft/plugin.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include "text/rows.hpp"

namespace weft {
namespace {

class Auroc final : public Metric {
 public:
  static constexpr Identity identity{"metric.auroc", "1.0.0",
                                     "Areas under the ROC and precision-recall curves."};

  struct Config {
    std::int64_t classes = 2;
    std::string scores = "softmax";

    void describe(Fields& fields) {
      fields.add("classes", classes, "Number V of classes.").at_least(1).from_classes("target");
      fields.add("scores", scores, "What is compared.").one_of({"softmax", "raw"});
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("V", config.classes);
    ports.input("logits", "[B, V]", "Scores of the classes.");
    ports.input("target", "[B]", "The class that came.", WEFT_DTYPES_INDEX);
    ports.present_input();
    ports.output("auroc", "[]", "Between 0 and 1; 0.5 is a guess.");
    ports.output("average_precision", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config& config) {
    states.rows("scores", {config.classes});
    states.rows("target", {1});
  }

  Auroc(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    Tensor logits = in["logits"].to(WEFT_DTYPE_FLOAT64);
    Tensor target = in["target"].to(WEFT_DTYPE_FLOAT64).unsqueeze(1);
    if (const Tensor present = in["present"]) {
      const Tensor rows = nonzero(present).reshape({-1});
      logits = index_select(logits, 0, rows);
      target = index_select(target, 0, rows);
    }
    // The softmax of one class is 1 whatever it is.
    const bool is_raw = config_.scores == "raw" || config_.classes == 1;
    state.set("scores", concat({state["scores"], is_raw ? logits : softmax(logits, -1)}, 0));
    state.set("target", concat({state["target"], target}, 0));
  }

  Outputs compute(const State& state) const override {
    const Tensor like = state["scores"];
    const std::vector<double> scores = text::values_of(like);
    const std::vector<double> target = text::values_of(state["target"]);
    const auto classes = static_cast<std::size_t>(config_.classes);
    double area = 0, precision = 0, counted = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      std::vector<std::pair<double, bool>> rows;
      for (std::size_t row = 0; row < target.size(); ++row)
        rows.emplace_back(scores[row * classes + c],
                          target[row] == (classes == 1 ? 1.0 : static_cast<double>(c)));
      const auto positives =
          std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.second; });
      if (positives == 0 || positives == static_cast<std::ptrdiff_t>(rows.size())) continue;
      const auto [one_area, one_precision] = areas(rows, static_cast<double>(positives));
      area += one_area;
      precision += one_precision;
      ++counted;
    }
    const double none = std::numeric_limits<double>::quiet_NaN();
    return {{"auroc", text::number_of(counted > 0 ? area / counted : none, like)},
            {"average_precision", text::number_of(counted > 0 ? precision / counted : none, like)}};
  }

 private:
  static std::pair<double, double> areas(std::vector<std::pair<double, bool>>& rows,
                                         double positives) {
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.first > b.first; });
    const double negatives = static_cast<double>(rows.size()) - positives;
    double area = 0, precision = 0, right = 0, wrong = 0;
    for (std::size_t at = 0; at < rows.size();) {
      double more_right = 0, more_wrong = 0;
      const double score = rows[at].first;
      for (; at < rows.size() && rows[at].first == score; ++at)
        ++(rows[at].second ? more_right : more_wrong);
      area += more_wrong * (right + more_right / 2);
      right += more_right;
      wrong += more_wrong;
      precision += more_right / positives * right / (right + wrong);
    }
    return {area / (positives * negatives), precision};
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Auroc)
