// SPDX-License-Identifier: Apache-2.0
/// The whole of a small digits_qa model in float32 against the same model written in PyTorch
/// (tests/reference/whole_graph.py): outputs to 1e-5, gradients to 1e-4.
///
/// The reference computes in float64, sample by sample without masks, so that the error is Weft's
/// alone and padding, here noise, is shown to change nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <set>

#include "host/engine/autograd.hpp"
#include "host/training/objective.hpp"
#include "host/training/selection.hpp"
#include "tests/plugins/weights.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

constexpr double k_forward = 1e-5, k_gradient = 1e-4;

/// recipes/digits_qa.json with small sizes and no dropout. Its stages are `align` and `answer`;
/// `whole` minimises at once what these minimise, weighted as they do.
const char* const k_recipe = R"({
  "recipe": 1, "name": "whole_graph", "seed": 17,
  "let": {"dim": 16, "heads": 4, "inner": 24, "vocab": 24},
  "data": {"qa": {
    "shards": {"train": ["no_test_opens_it.tar"]},
    "each": "/questions",
    "tokenizer": {"type": "unigram", "vocab": "$vocab", "from": ["/question", "/answer"]},
    "fields": {
      "picture": {"kind": "image", "member": "png", "size": [8, 12]},
      "voice": {"kind": "log_mel", "member": "wav", "rate": 8000, "fft": 256, "window": 200, "hop": 80, "mels": 10, "frames": 22},
      "text": {"kind": "text", "pointer": "/question", "length": 8},
      "answer": {"kind": "text", "pointer": "/answer", "length": 5, "begin": true, "end": true},
      "written": {"kind": "class", "pointer": "/written", "classes": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]},
      "spoken": {"kind": "class", "pointer": "/spoken", "classes": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]}}}},
  "graph": {
    "vision": {"use": "encoder.vit", "in": {"image": "batch.picture"},
      "config": {"height": 8, "width": 12, "channels": 1, "patch": 4, "dim": "$dim", "depth": 2, "heads": "$heads", "inner": "$inner"}},
    "text": {"use": "encoder.text_transformer", "in": {"tokens": "batch.text"},
      "config": {"vocab": "$vocab", "length": 8, "dim": "$dim", "depth": 2, "heads": "$heads", "inner": "$inner"}},
    "audio": {"use": "encoder.conformer", "in": {"features": "batch.voice"},
      "config": {"features": 10, "dim": "$dim", "depth": 2, "heads": "$heads", "inner": "$inner", "kernel": 7, "subsampling": 4, "positions": "sinusoidal", "norm": "layer"}},
    "fusion": {"use": "fusion.pairwise", "in": {"streams": ["text.tokens", "vision.tokens", "audio.tokens"]}, "config": {"dim": "$dim"}},
    "reasoning": {"use": "reasoning.decoder_stack", "in": {"tokens": "fusion.tokens"},
      "config": {"dim": "$dim", "depth": 2, "heads": "$heads", "inner": "$inner"}},
    "answer": {"use": "decoder.autoregressive", "in": {"state": "reasoning.state", "target": "batch.answer"},
      "config": {"vocab": "$vocab", "length": 5, "dim": "$dim", "depth": 1, "heads": "$heads", "inner": "$inner"}}},
  "losses": {
    "itc": {"use": "loss.contrastive", "in": {"left": "vision.pooled", "right": "text.pooled", "group": "batch.written"},
      "config": {"left_dim": "$dim", "right_dim": "$dim", "project": 8}},
    "atc": {"use": "loss.contrastive", "in": {"left": "audio.pooled", "right": "text.pooled", "group": "batch.spoken"},
      "config": {"left_dim": "$dim", "right_dim": "$dim", "project": 8}},
    "ce": {"use": "loss.cross_entropy", "in": {"logits": "answer.logits", "target": "batch.answer"}, "config": {"shift": 1}}},
  "stages": [
    {"name": "align", "data": "qa", "steps": 1, "batch": 5, "minimise": {"itc": 1.0, "atc": 1.0},
      "train": ["vision", "text", "audio", "itc", "atc"], "optimizer": {"lr": 1e-3}},
    {"name": "answer", "data": "qa", "steps": 1, "batch": 5, "minimise": {"ce": 1.0},
      "train": ["vision", "text", "audio", "fusion", "reasoning", "answer"], "optimizer": {"lr": 1e-3}},
    {"name": "whole", "data": "qa", "steps": 1, "batch": 5, "minimise": {"itc": 1.0, "atc": 1.0, "ce": 1.0},
      "optimizer": {"lr": 1e-3}}]
})";

struct Case {
  std::string name;  ///< of the fusion; heads its values in the reference
  std::vector<std::string> overrides;
};
void PrintTo(const Case& fusion, std::ostream* out) {
  *out << fusion.name;
}

const std::vector<Case> k_cases = {
    {"pairwise", {}},
    // Unequal weights show that each loss is given its own.
    {"gated_cross_attention",
     {"graph.fusion.use=fusion.gated_cross_attention", "stages.whole.minimise.itc=0.5",
      "stages.whole.minimise.atc=0.25", "stages.whole.minimise.ce=2.0"}}};

using State = std::map<std::string, Array>;

/// The entries below a prefix, under what follows it.
State below(const State& all, const std::string& prefix) {
  State found;
  for (const auto& [name, array] : all)
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = array;
  return found;
}

template <class Named>
std::set<std::string> names(const std::map<std::string, Named>& map) {
  std::set<std::string> keys;
  for (const auto& [name, value] : map) keys.insert(name);
  return keys;
}

double largest(const Array& array) {
  double most = 0.0;
  for (std::int64_t i = 0; i < array.count(); ++i)
    most = std::max(most, std::abs(element(array, i)));
  return most;
}

/// Largest difference; infinite for other sizes and for what is no number.
double difference(const Array& actual, const Array& expected) {
  if (actual.sizes != expected.sizes) return INFINITY;
  double worst = 0.0;
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const double error = std::abs(element(actual, i) - element(expected, i));
    if (std::isnan(error)) return INFINITY;
    worst = std::max(worst, error);
  }
  return worst;
}

/// The model with the reference's weights, and the reference's batch.
struct WholeModel {
  explicit WholeModel(const Case& which, const std::vector<std::string>& more = {})
      : expected(below(reference("whole_graph"), which.name + ".")),
        recipe(read_text(k_recipe, both(which.overrides, more))),
        model(wire(recipe), recipe.seed) {
    for (const auto& [field, array] : below(reference("whole_graph"), "in."))
      batch[field] = host::from_array(array);
    const State weights = below(expected, "w.");
    if (names(weights) == names(model.state())) model.load(weights);
  }

  static std::vector<std::string> both(std::vector<std::string> a,
                                       const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  const host::StagePlan& stage(const std::string& name) const {
    std::size_t i = 0;
    while (recipe.stages.at(i).name != name) ++i;
    return recipe.stages[i];
  }

  /// One step of a stage, forward and backward.
  std::map<std::string, double> step(const std::string& name) const {
    host::select_trainable(model, stage(name));
    return host::Objective(model, stage(name)).backward({batch}, {/*training=*/true, /*seed=*/1});
  }

  /// What step() reached, by path.
  State gradients() const {
    State found;
    for (const host::NamedTensor& parameter : model.parameters())
      if (const host::Tensor gradient = host::gradient(parameter.tensor))
        found[parameter.path] = host::to_array(gradient);
    return found;
  }

  /// "fusion.tokens": an output that forward() gave, or an absent array.
  Array output(const host::Values& values, const std::string& node, const std::string& port) const {
    const std::size_t index = model.wiring().index(node);
    const auto& ports = model.wiring().nodes()[index].instance.outputs();
    for (std::size_t p = 0; p < ports.size(); ++p)
      if (ports[p].name == port) return host::to_array(values.outputs.at(index).at(p));
    return {};
  }

  State expected;  // of this fusion
  host::Recipe recipe;
  mutable host::Model model;  // a stage sets what it trains
  host::TensorMap batch;
};

/// Paths of the parameters that belong to these nodes.
std::set<std::string> paths_of(const host::Model& model, const std::set<std::string>& nodes) {
  std::set<std::string> paths;
  for (const host::NamedTensor& parameter : model.parameters())
    if (nodes.contains(parameter.path.substr(0, parameter.path.find('.'))))
      paths.insert(parameter.path);
  return paths;
}

/// Each gradient against the reference's, relative to its largest element. A key's bias moves all
/// scores of a query alike, which softmax does not see: its gradient is 0 but for rounding, and its
/// error is taken relative to the gradient of the query's bias beside it.
void expect_equal_gradients(const State& actual, const State& expected) {
  for (const auto& [path, gradient] : actual) {
    const std::string key_bias = ".key.bias";
    double scale = largest(expected.at(path));
    if (path.ends_with(key_bias)) {
      EXPECT_LT(scale, 1e-12) << path;
      const std::string layer = path.substr(0, path.size() - key_bias.size());
      scale = largest(expected.at(layer + ".query.bias"));
    }
    EXPECT_GT(scale, 1e-4) << path << ": too small to show an error";
    EXPECT_LE(difference(gradient, expected.at(path)) / scale, k_gradient) << path;
  }
}

class WholeGraph : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(Fusions, WholeGraph, ::testing::ValuesIn(k_cases),
                         [](const auto& test) { return test.param.name; });

TEST_P(WholeGraph, HasTheParametersOfTheReference) {
  const WholeModel whole(GetParam());
  EXPECT_EQ(names(whole.model.state()), names(below(whole.expected, "w.")));
  EXPECT_EQ(names(whole.model.state()), names(below(whole.expected, "g.")));
  EXPECT_TRUE(whole.model.buffers().empty());
}

TEST_P(WholeGraph, OutputsEqualPyTorch) {
  const WholeModel whole(GetParam());
  const host::GradMode off(false);
  const std::vector<std::size_t> order =
      whole.model.wiring().needed({whole.model.wiring().index("answer")});
  const host::Values values =
      whole.model.forward(order, whole.batch, {/*training=*/true, 1, whole.recipe.stages[0].data});
  std::set<std::string> nodes;
  for (const auto& [name, expected] : below(whole.expected, "out.")) {
    const std::size_t dot = name.find('.');
    const std::string node = name.substr(0, dot), port = name.substr(dot + 1);
    nodes.insert(node);
    const Array actual = whole.output(values, node, port);
    Array real = whole.output(values, node, "mask");
    if (node == "answer") real = host::to_array(whole.batch.at("answer_mask"));
    const bool has_padding = real.bytes && port != "pooled";  // the reference has zeros there
    EXPECT_LE(difference(has_padding ? poisoned(actual, real, 0.0) : actual, expected),
              k_forward * largest(expected))
        << name;
  }
  EXPECT_EQ(nodes.size(), order.size()) << "the reference leaves out a node";
}

TEST_P(WholeGraph, LossesAndGradientsEqualPyTorch) {
  const WholeModel whole(GetParam());
  const std::map<std::string, double> losses = whole.step("whole");
  const State expected = below(whole.expected, "loss.");
  ASSERT_EQ(names(losses), names(expected));
  for (const auto& [name, value] : losses) {
    const double wanted = element(expected.at(name), 0);
    EXPECT_NEAR(value, wanted, k_forward * std::abs(wanted)) << name;
  }
  const State gradients = whole.gradients();
  ASSERT_EQ(names(gradients), names(whole.model.state())) << "each parameter takes part";
  expect_equal_gradients(gradients, below(whole.expected, "g."));
}

TEST_P(WholeGraph, AFrozenEncoderLeavesTheOtherGradientsAsTheyAre) {
  const WholeModel whole(GetParam(), {"stages.whole.freeze=[\"audio\"]"});
  whole.step("whole");
  const State gradients = whole.gradients();
  std::set<std::string> all = names(gradients);
  for (const std::string& frozen : paths_of(whole.model, {"audio"}))
    EXPECT_TRUE(all.insert(frozen).second) << frozen << " is frozen and has a gradient";
  ASSERT_EQ(all, names(whole.model.state()));
  expect_equal_gradients(gradients, below(whole.expected, "g."));
}

/// In the recipe's own stages each parameter either has a gradient or is one that the stage names
/// as frozen; together the stages' gradients are those of the whole.
TEST(WholeGraphStages, ReachWhatTheyTrainAndAddUpToTheWhole) {
  const WholeModel whole(k_cases[0]);
  whole.step("align");
  EXPECT_EQ(names(whole.gradients()),
            paths_of(whole.model, {"vision", "text", "audio", "itc", "atc"}));

  const WholeModel other(k_cases[0]);
  other.step("answer");
  EXPECT_EQ(names(other.gradients()),
            paths_of(other.model, {"vision", "text", "audio", "fusion", "reasoning", "answer"}));

  whole.step("answer");  // adds to the gradients that "align" left
  ASSERT_EQ(names(whole.gradients()), names(whole.model.state()));
  expect_equal_gradients(whole.gradients(), below(whole.expected, "g."));
}

}  // namespace
}  // namespace weft::test
