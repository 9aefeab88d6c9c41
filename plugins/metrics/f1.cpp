// SPDX-License-Identifier: Apache-2.0
/// F1: the harmonic mean of precision and recall.
///
///   precision_c = TP_c / (TP_c + FP_c),  recall_c = TP_c / (TP_c + FN_c)
///   F1_c = 2 TP_c / (2 TP_c + FP_c + FN_c) = 2 precision_c recall_c / (precision_c + recall_c)
///   average "macro":  means over the classes that were seen or predicted
///           "micro":  TP, FP and FN summed over the classes; all three equal the accuracy
///           "binary": those of the class `positive`
///           "weighted": means over the classes, each as often as it came
///           "per_class": f1_0, f1_1, …, precision_0, …, recall_0, …: those of each class
///
/// Rows that are not present do not count. A quotient 0 / 0 counts as 0.
///
/// Shapes  logits [B, V], target [B] int64, present [B] bool; f1, precision, recall [], or of
///         "per_class" 3 V outputs [].
/// Errors  `positive` is none of the classes.
/// Source  scikit-learn's f1_score with zero_division 0.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class F1 final : public Metric {
 public:
  static constexpr Identity identity{"metric.f1", "1.2.0",
                                     "Harmonic mean of precision and recall."};

  struct Config {
    std::int64_t classes = 2;
    std::string average = "macro";
    std::int64_t positive = 1;

    void describe(Fields& fields) {
      fields.add("classes", classes, "Number V of classes.").at_least(1).from_classes("target");
      fields.add("average", average, "How the classes become one number.")
          .one_of({"macro", "micro", "binary", "weighted", "per_class"});
      fields.add("positive", positive, "The class that \"binary\" looks at.").at_least(0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("V", config.classes);
    ports.input("logits", "[B, V]", "Scores of the classes.");
    ports.input("target", "[B]", "The class that came.", WEFT_DTYPES_INDEX);
    ports.present_input();
    for (const auto& [name, doc] : k_outputs)
      for (const std::string& whole : names_of(name, config))
        ports.output(whole.c_str(), "[]", doc);
  }
  static void states(States& states, const Config& config) {
    states.sum("hits", {config.classes});
    states.sum("predicted", {config.classes});
    states.sum("seen", {config.classes});
  }

  F1(const Config& config, const Parameters&) : config_(config) {
    for (const auto& [name, doc] : k_outputs) names_.push_back(names_of(name, config));
    if (config.average == "binary" && config.positive >= config.classes)
      reject("positive", std::to_string(config.positive) + " is none of the " +
                             std::to_string(config.classes) + " classes, which start at 0");
  }

  void update(const Inputs& in, State& state) const override {
    Tensor target = in["target"], predicted = argmax(in["logits"], -1);
    if (const Tensor present = in["present"]) {
      const Tensor rows = nonzero(present).reshape({-1});
      target = index_select(target, 0, rows);
      predicted = index_select(predicted, 0, rows);
    }
    const Tensor one = full_like(target, 1.0).to(WEFT_DTYPE_FLOAT64);  // [rows]
    const Tensor hit = equal(predicted, target).to(WEFT_DTYPE_FLOAT64);
    state.set("hits", index_add(state["hits"], 0, target, hit));
    state.set("predicted", index_add(state["predicted"], 0, predicted, one));
    state.set("seen", index_add(state["seen"], 0, target, one));
  }

  Outputs compute(const State& state) const override {
    Tensor hits = state["hits"], predicted = state["predicted"], seen = state["seen"];  // [V]
    if (config_.average == "micro") {
      hits = sum(hits, {0}, /*keep=*/true);
      predicted = sum(predicted, {0}, /*keep=*/true);
      seen = sum(seen, {0}, /*keep=*/true);
    } else if (config_.average == "binary") {
      hits = hits.slice(0, config_.positive, config_.positive + 1);
      predicted = predicted.slice(0, config_.positive, config_.positive + 1);
      seen = seen.slice(0, config_.positive, config_.positive + 1);
    }
    // From here on [1] or [V].
    const Tensor of_each[] = {quotient(2.0 * hits, predicted + seen), quotient(hits, predicted),
                              quotient(hits, seen)};
    Outputs outputs;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (config_.average != "per_class") {
        outputs.emplace_back(names_[i].front(), mean(of_each[i], predicted, seen));
        continue;
      }
      for (std::size_t c = 0; c < names_[i].size(); ++c)
        outputs.emplace_back(names_[i][c], of_each[i].select(0, static_cast<std::int64_t>(c)));
    }
    return outputs;
  }

 private:
  static constexpr std::pair<const char*, const char*> k_outputs[] = {
      {"f1", "Between 0 and 1."},
      {"precision", "How much of what was predicted is true."},
      {"recall", "How much of what is true was predicted."}};

  static std::vector<std::string> names_of(const std::string& name, const Config& config) {
    if (config.average != "per_class") return {name};
    std::vector<std::string> names;
    for (std::int64_t c = 0; c < config.classes; ++c)
      names.push_back(name + "_" + std::to_string(c));
    return names;
  }

  Tensor mean(const Tensor& of_each, const Tensor& predicted, const Tensor& seen) const {
    if (config_.average == "weighted") return quotient(sum(of_each * seen), sum(seen));
    // A class that never came up has no part in the mean.
    const Tensor present = clamp_max(predicted + seen, 1.0);
    return sum(of_each) / clamp_min(sum(present), 1.0);
  }

  /// Of whole numbers, with 0 / 0 = 0.
  static Tensor quotient(const Tensor& part, const Tensor& whole) {
    return part / clamp_min(whole, 1.0);
  }

  Config config_;
  std::vector<std::vector<std::string>> names_;  // of the outputs
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::F1)
