// SPDX-License-Identifier: Apache-2.0
/// A step whose numbers are not finite names what began it.

#include "host/training/diagnosis.hpp"
#include "host/data/loading/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "host/base/error.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using testing::HasSubstr;

std::vector<std::string> poisoned_by(const std::string& config,
                                     const std::vector<std::string>& more = {}) {
  std::vector<std::string> overrides = {
      R"(graph.poison={"use": "test/encoder.poison", "config": )" + config +
          R"(, "in": {"tokens": "vision.tokens", "label": "batch.label"}})",
      "graph.digit.in.state=poison.tokens"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

std::string failure(SmallRun& run) {
  try {
    host::Trainer(run.model, run.recipe.seed, {}).run(run.recipe.stages[0], run.data);
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::failed);
    return error.what();
  }
  return "nothing failed";
}

/// `"k1", "k2"`: the keys of the first batch's samples of a class.
std::string keys_of(const SmallRun& run, std::int64_t label) {
  host::TrainingStream stream(run.data, run.recipe.stages[0].batch_size, run.recipe.seed);
  const host::Batch batch = stream.next();
  std::string text;
  for (std::size_t row = 0; row < batch.keys.size(); ++row)
    if (batch.fields.at("label").data<std::int64_t>()[row] == label)
      text += (text.empty() ? "\"" : ", \"") + batch.keys[row] + "\"";
  return text;
}

/// A class that has between 2 and 8 samples in the first batch.
std::int64_t some_class(const SmallRun& run) {
  for (std::int64_t label = 0; label < 10; ++label) {
    const std::string keys = keys_of(run, label);
    if (keys.find(", ") != std::string::npos) return label;
  }
  return 0;
}

TEST(Diagnosis, NamesTheFirstNodeAndTheSamples) {
  const std::int64_t label = some_class(SmallRun());
  SmallRun run(poisoned_by("{\"label\": " + std::to_string(label) + "}"), host::DType::float32,
               small_recipe(), parts());
  EXPECT_THAT(failure(run),
              HasSubstr("stage \"fit\", step 1: loss \"ce\" is nan, not a finite number. It begins "
                        "with output \"tokens\" of \"poison\" (test/encoder.poison 1.0.0), for "
                        "samples " +
                        keys_of(run, label) + ". Lower the learning rate or set clip_norm."));
}

TEST(Diagnosis, NamesTheSamplesOfTheirMicroBatch) {
  const std::int64_t label = some_class(SmallRun());
  SmallRun run(poisoned_by("{\"label\": " + std::to_string(label) + "}",
                           {"stages.fit.grad_accumulation=12"}),
               host::DType::float32, small_recipe(), parts());
  const std::string keys = keys_of(run, label);
  EXPECT_THAT(failure(run), HasSubstr(", for sample " + keys.substr(0, keys.find(',')) + ". "));
}

TEST(Diagnosis, NamesTheGradientThatIsTheFirstOnTheWayBack) {
  SmallRun run(poisoned_by("{\"backward\": true}"), host::DType::float32, small_recipe(), parts());
  const std::string text = failure(run);
  EXPECT_THAT(text, HasSubstr("the gradient's norm is nan, not a finite number. It begins with the "
                              "gradient of \"vision."));
  EXPECT_THAT(text, HasSubstr(", for samples \""));
  EXPECT_THAT(text, HasSubstr(" and 4 more. ")) << "12 samples, of which 8 are shown";
}

TEST(Diagnosis, NamesAWeightThatWasNoNumberBefore) {
  SmallRun run;
  for (const host::NamedTensor& parameter : run.model.parameters()) {
    if (parameter.path != "digit.out.bias") continue;
    host::Array values = host::to_array(parameter.tensor);
    values.data<float>()[3] = std::numeric_limits<float>::quiet_NaN();
    host::copy_into(parameter.tensor, values);
  }
  EXPECT_THAT(failure(run),
              HasSubstr("It begins with the weight \"digit.out.bias\", since an earlier "
                        "step. "));
}

TEST(Diagnosis, ASoundStepIsLeftAlone) {
  SmallRun run;
  EXPECT_EQ(failure(run), "nothing failed");
}

}  // namespace
}  // namespace weft::test
