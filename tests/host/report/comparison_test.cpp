// SPDX-License-Identifier: Apache-2.0
#include "host/report/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "host/base/error.hpp"

namespace weft::host {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

/// Run folders with evaluations of 200 rows.
class Comparison : public ::testing::Test {
 protected:
  Comparison() : folder_(fs::temp_directory_path() / "weft_comparison_test") {
    fs::remove_all(folder_);
  }
  ~Comparison() override { fs::remove_all(folder_); }

  static SavedEvaluation evaluation(double accuracy, double shift = 0) {
    SavedEvaluation saved{"test", "av", "fit", "00", 40};
    saved.rows = 200;
    saved.keys = "k", saved.content = "c";
    saved.task["accuracy"] = R"({"part": "metric.accuracy", "config": {"top": 1}})";
    std::mt19937_64 engine(2);
    std::normal_distribution<double> noise(0, 0.01);
    saved.values["accuracy.accuracy"] = accuracy + shift;
    for (int i = 0; i < 500; ++i)
      saved.drawings["accuracy.accuracy"].push_back(accuracy + shift + noise(engine));
    return saved;
  }

  std::string run(const std::string& name, const SavedEvaluation& saved, int seed = 1,
                  const std::string& fusion = "fusion.concat") {
    const fs::path run = folder_ / name;
    fs::create_directories(run / "evaluation");
    std::ofstream(run / "recipe.json") << nlohmann::json{{"seed", seed},
                                                         {"name", name},
                                                         {"graph", {{"fusion", fusion}}},
                                                         {"evaluate", {{"split", "test"}}}};
    std::ofstream(run / "evaluation/test.json") << text_of(saved);
    std::ofstream(run / "latest") << "fit-40\n";
    return run.string();
  }

  /// What is said against comparing them.
  static std::string refusal(const std::vector<std::string>& folders) {
    try {
      groups_of(folders, "");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(Comparison, ReadsWhatIsWritten) {
  const std::string folder = run("a", evaluation(0.8));
  const SavedEvaluation saved = read_evaluation(OpenFolder(folder), "test");
  EXPECT_EQ(text_of(saved), text_of(evaluation(0.8)));
}

TEST_F(Comparison, ASeedApartIsARepetition) {
  const auto groups = groups_of({run("concat_seed-1", evaluation(0.8), 1),
                                 run("gated_seed-1", evaluation(0.9), 1, "fusion.gated"),
                                 run("concat_seed-2", evaluation(0.81), 2),
                                 run("gated_seed-2", evaluation(0.91), 2, "fusion.gated")},
                                "");
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].label, "concat");
  EXPECT_EQ(groups[1].runs.size(), 2U);
  EXPECT_NEAR(groups[1].mean("accuracy.accuracy"), 0.905, 1e-12);
}

TEST_F(Comparison, Verdicts) {
  const auto verdict = [&](double other, const std::vector<std::string>& lower) {
    const auto groups =
        groups_of({run("a", evaluation(0.8)), run("b", evaluation(other), 1, "fusion.gated")}, "");
    return compare_groups(groups, lower).at(0).metrics.at(0);
  };
  EXPECT_EQ(verdict(0.9, {}).verdict, Verdict::better);
  EXPECT_EQ(verdict(0.7, {}).verdict, Verdict::worse);
  EXPECT_EQ(verdict(0.9, {"accuracy"}).verdict, Verdict::worse);
  EXPECT_EQ(verdict(0.8, {}).verdict, Verdict::not_distinguishable);
  EXPECT_TRUE(is_lower_better("perplexity.perplexity", {}));
  EXPECT_FALSE(is_lower_better("accuracy.accuracy", {}));
}

TEST_F(Comparison, RefusesUnlikeRows) {
  SavedEvaluation fewer = evaluation(0.8), others = evaluation(0.8), changed = evaluation(0.8);
  fewer.rows = 100, others.keys = "l", changed.content = "d";
  const std::string first = run("a", evaluation(0.8));
  EXPECT_THAT(refusal({first, run("b", fewer)}),
              HasSubstr("were evaluated on 200 and 100 samples."));
  EXPECT_THAT(refusal({first, run("b", others)}), HasSubstr("their keys or order differ."));
  EXPECT_THAT(refusal({first, run("b", changed)}),
              HasSubstr("the contents of the test shards differ."));
}

TEST_F(Comparison, RefusesAnotherMetricOfTheName) {
  SavedEvaluation other = evaluation(0.8);
  other.task["accuracy"] = R"({"part": "metric.accuracy", "config": {"top": 5}})";
  const std::string why = refusal({run("a", evaluation(0.8)), run("b", other)});
  EXPECT_THAT(why, HasSubstr("/config/top is 1 and 5."));
}

TEST_F(Comparison, RefusesWhatIsNotEvaluatedOrStale) {
  const std::string first = run("a", evaluation(0.8)), second = run("b", evaluation(0.8));
  std::ofstream(fs::path(second) / "latest") << "fit-80\n";
  EXPECT_THAT(refusal({first, second}),
              HasSubstr("was evaluated at fit-40 and has gone on to fit-80."));
  fs::remove_all(fs::path(second) / "evaluation");
  EXPECT_THAT(refusal({first, second}), HasSubstr("Make one with `weft eval "));
}

}  // namespace
}  // namespace weft::host
