// SPDX-License-Identifier: Apache-2.0
/// VQA accuracy: an answer that three of ten people gave is right, mean over the questions.
///
///   accuracy = mean over each person i of min(1, #{j ≠ i : answer_j = predicted} / 3)
///
/// What is written is normalised, and where the people do not all agree so is the punctuation of
/// their answers (text/vqa_words.hpp).
///
/// Shapes  as metric.bleu, where the targets are the people's answers; accuracy []. No row: NaN.
/// Source  Antol et al. 2015, arXiv:1505.00468; Goyal et al. 2017, arXiv:1612.00837.

#include <weft/plugin.hpp>

#include "text/rows.hpp"
#include "text/vqa_words.hpp"

namespace weft {
namespace {

class VqaAccuracy final : public Metric {
 public:
  static constexpr Identity identity{"metric.vqa_accuracy", "1.0.0",
                                     "Answers that several people gave too."};

  struct Config {
    bool normalize = true;

    void describe(Fields& fields) {
      fields.add("normalize", normalize, "Punctuation, articles and number words are made equal.");
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

  VqaAccuracy(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    double right = 0, total = 0;
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& people) {
      right += accuracy_of(predicted, people);
      ++total;
    });
    state.add("right", text::number_of(right, state["right"]));
    state.add("total", text::number_of(total, state["total"]));
  }

  Outputs compute(const State& state) const override {
    return {{"accuracy", state["right"] / state["total"]}};
  }

 private:
  double accuracy_of(std::string_view predicted,
                     const std::vector<std::string_view>& people) const {
    std::string written(predicted);
    std::vector<std::string> answers(people.begin(), people.end());
    if (config_.normalize) {
      text::replace_all(written, "\n", " ");
      text::replace_all(written, "\t", " ");
      written = text::with_vqa_words(text::without_vqa_marks(written));
      if (std::any_of(answers.begin(), answers.end(),
                      [&](const std::string& one) { return one != answers.front(); }))
        for (std::string& one : answers) one = text::without_vqa_marks(one);
    }
    const auto same = static_cast<double>(std::count(answers.begin(), answers.end(), written));
    const auto all = static_cast<double>(answers.size());
    const double by_one_less = std::min(1.0, (same - 1) / 3), by_all = std::min(1.0, same / 3);
    return (same * std::max(by_one_less, 0.0) + (all - same) * by_all) / all;
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::VqaAccuracy)
