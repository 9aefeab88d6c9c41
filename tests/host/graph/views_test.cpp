// SPDX-License-Identifier: Apache-2.0
/// Which nodes views make, and what is wrong with views.

#include "host/graph/views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "host/base/error.hpp"
#include "host/data/fields/field.hpp"
#include "host/graph/expand.hpp"
#include "host/graph/model.hpp"
#include "tests/support/component.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::InputSource;
using host::Tensor;
using host::Wiring;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const host::Registry& parts() {
  static const host::Registry registry = [] {
    auto folders = host::default_search_path();
    folders.insert(folders.begin(), WEFT_DOUBLES);
    return parts_in(folders);
  }();
  return registry;
}

Wiring wired(const host::Recipe& recipe) {
  std::map<std::string, std::vector<host::FieldSpec>> fields;
  for (const host::DataPlan& data : recipe.data) fields[data.name] = host::field_specs(data.config);
  return Wiring(recipe, parts(), fields);
}

/// The small recipe with `views`, and `metrics` in its evaluation.
host::Recipe with(const std::string& views, const std::string& metrics,
                  const std::vector<std::string>& more = {}) {
  std::string text = small_recipe();
  const auto put = [&](const std::string& before, const std::string& what) {
    text.insert(text.find(before), what);
  };
  put("\"stages\"", "\"views\": " + views + ",\n  ");
  text.replace(text.find("[\"accuracy\"]"), 12, metrics);
  return read_text(text, more);
}

Wiring seen(const std::string& views, const std::string& metrics,
            const std::vector<std::string>& more = {}) {
  return wired(with(views, metrics, more));
}

std::vector<std::string> problems(const std::string& views, const std::string& metrics,
                                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> texts;
  try {
    seen(views, metrics, more);
  } catch (const host::RecipeError& error) {
    for (const host::Problem& problem : error.problems())
      texts.push_back(problem.pointer + ": " + problem.text);
  }
  return texts;
}

std::vector<std::string> names(const Wiring& wiring) {
  std::vector<std::string> names;
  for (const host::Node& node : wiring.nodes()) names.push_back(node.name);
  return names;
}

constexpr const char* k_shuffled =
    R"({"shuffled": {"bind": {"batch.picture": {"shuffled": "batch.picture"}}}})";
constexpr const char* k_context =
    R"(graph.mixed={"use": "test/encoder.context", "in": {"tokens": "vision.tokens"}})";

TEST(Views, OneWithoutDifferencesIsTheGraph) {
  const Wiring wiring = seen(R"({"same": {}})", R"(["accuracy", "same:accuracy"])");
  EXPECT_EQ(wiring.index("same:accuracy"), wiring.index("accuracy"));
  EXPECT_THAT(names(wiring), ElementsAre("vision", "digit", "ce", "accuracy"));
}

TEST(Views, UnusedOnesMakeNothing) {
  const Wiring wiring = seen(k_shuffled, R"(["accuracy"])");
  EXPECT_THAT(names(wiring), ElementsAre("vision", "digit", "ce", "accuracy"));
  ASSERT_EQ(wiring.notes().size(), 1u);
  EXPECT_EQ(wiring.notes()[0].text, "no stage, no evaluation and no wire uses view \"shuffled\".");
  EXPECT_EQ(wiring.notes()[0].pointer, "/views/shuffled");
}

TEST(Views, CostOnlyWhatDiffers) {
  const Wiring wiring = seen(R"({"other": {"bind": {"digit.state": {"shuffled": "vision.tokens"}}},
               "again": {"of": "other"}})",
                             R"(["accuracy", "other:accuracy", "again:accuracy"])");
  EXPECT_THAT(names(wiring),
              ElementsAre("vision", "digit", "ce", "accuracy", "other:digit", "other:accuracy"));
  EXPECT_EQ(wiring.index("again:accuracy"), wiring.index("other:accuracy"));
}

TEST(Views, PartsAreCalledOnceForEqualNodes) {
  const auto calls = [](const std::string& views) {
    const Wiring wiring =
        seen(views, R"(["accuracy", "v:accuracy"])",
             {R"(graph.count={"use": "test/encoder.counter", "in": {"tokens": "vision.tokens"}})",
              "graph.digit.in.state=count.tokens"});
    const std::size_t last =
        wiring.nodes()[wiring.index("v:accuracy")].inputs[0][0].node;  // v:digit
    const std::size_t count = wiring.nodes()[last].inputs[0][0].node;
    const host::Model model(wired(with(views, R"(["accuracy", "v:accuracy"])",
                                       {R"(graph.count={"use": "test/encoder.counter",
                                           "in": {"tokens": "vision.tokens"}})",
                                        "graph.digit.in.state=count.tokens"})),
                            1);
    const host::TensorMap batch{{"picture", host::from_array(random({4, 1, 28, 28}, 1))},
                                {"label", host::from_array(ints({0, 1, 2, 3}, {4}))}};
    const auto order = model.wiring().needed(
        {model.wiring().index("accuracy"), model.wiring().index("v:accuracy")});
    const host::Values values = model.forward(order, batch, {false, 0, "av"});
    return host::to_array(values.outputs.at(count)[0]).data<float>()[0];
  };
  EXPECT_EQ(calls(R"({"v": {}})"), 1.0F);
  EXPECT_EQ(calls(R"({"v": {"weights": {"frozen": "begin"}}})"), 2.0F) << "else it shows nothing";
}

TEST(Views, ShuffledFieldsAreFieldsOfTheirOwn) {
  const Wiring wiring = seen(k_shuffled, R"(["accuracy", "shuffled:accuracy"])");
  EXPECT_THAT(names(wiring), ElementsAre("vision", "digit", "ce", "accuracy", "shuffled:vision",
                                         "shuffled:digit", "shuffled:accuracy"));
  const std::size_t vision =
      wiring.nodes()[wiring.nodes()[wiring.index("shuffled:accuracy")].inputs[0][0].node]
          .inputs[0][0]
          .node;
  EXPECT_EQ(wiring.inputs(vision, "av")[0][0].field, "shuffled:picture");
  EXPECT_EQ(wiring.inputs(wiring.index("shuffled:accuracy"), "av")[1][0].field, "label");
}

// The change of the outer view is seen by what the inner one binds.
TEST(Views, AreLaidUponOneAnother) {
  const Wiring wiring = seen(R"({"inner": {"bind": {"digit.state": "mixed.tokens"}},
               "outer": {"of": "inner", "bind": {"batch.picture": {"shuffled": "batch.picture"}}}})",
                             R"(["accuracy", "outer:accuracy"])", {k_context});
  const auto producer = [&](std::size_t node) { return wiring.nodes()[node].inputs[0][0].node; };
  const std::size_t digit = producer(wiring.index("outer:accuracy"));
  const std::size_t mixed = producer(digit), vision = producer(mixed);
  EXPECT_EQ(wiring.nodes()[mixed].owner, "mixed");
  EXPECT_EQ(wiring.nodes()[vision].inputs[0][0].field, "shuffled:picture");
}

TEST(Views, ThisNamesTheirOwnNodes) {
  const auto state_of = [](const std::string& wire) {
    const Wiring wiring =
        seen(R"({"v": {"bind": {"batch.picture": {"shuffled": "batch.picture"}, "digit.state": ")" +
                 wire + R"("}}})",
             R"(["v:accuracy"])", {k_context});
    const host::Node& accuracy = wiring.nodes()[wiring.index("v:accuracy")];
    return wiring.nodes()[wiring.nodes()[accuracy.inputs[0][0].node].inputs[0][0].node].name;
  };
  EXPECT_EQ(state_of("this:mixed.tokens"), "v:mixed");
  EXPECT_EQ(state_of("mixed.tokens"), "mixed");
}

TEST(Views, RepeatFeedsEachPassFromTheOneBefore) {
  const Wiring wiring =
      seen(R"({"refine": {"repeat": 3, "bind": {"mixed.context": "mixed.tokens"}}})",
           R"(["refine:accuracy"])", {k_context, "graph.digit.in.state=mixed.tokens"});
  EXPECT_THAT(names(wiring),
              ElementsAre("vision", "mixed", "digit", "ce", "accuracy", "refine#2:mixed",
                          "refine:mixed", "refine:digit", "refine:accuracy"));
}

TEST(Views, ACycleIsNamed) {
  EXPECT_THAT(problems(R"({"v": {"bind": {"mixed.context": "this:digit.logits"}}})",
                       R"(["v:accuracy"])", {k_context, "graph.digit.in.state=mixed.tokens"}),
              ElementsAre("/views/v: the view has a cycle: v:digit -> v:mixed -> v:digit. Bind one "
                          "of these inputs to a wire of the graph, without \"this:\"."));
}

TEST(Views, ABindNamesAPort) {
  EXPECT_THAT(
      problems(R"({"v": {"bind": {"digit.stat": "vision.tokens", "vision.image": "batch.pictur",
                                  "digit.state": "vision.token"}}})",
               R"(["v:accuracy"])"),
      ElementsAre(
          "/views/v/bind/digit.stat: decoder.classifier has no input port \"stat\". Did you "
          "mean \"state\"?",
          "/views/v/bind/vision.image: no data has a field \"pictur\". Did you mean "
          "\"picture\"?",
          "/views/v/bind/digit.state: \"vision\" has no output port \"token\". Did you "
          "mean \"tokens\"?"));
}

TEST(Views, ABindIsReadByWhatIsComputed) {
  EXPECT_THAT(problems(R"({"v": {"bind": {"batch.label": "batch.label",
                                          "batch.picture": {"shuffled": "batch.picture"}}}})",
                       R"(["v:accuracy"])"),
              ElementsAre());
  EXPECT_THAT(problems(R"({"v": {"bind": {"ce.target": {"shuffled": "batch.label"}}}})",
                       R"(["v:accuracy"])"),
              ElementsAre("/views/v/bind/ce.target: nothing that is computed in view \"v\" reads "
                          "\"ce.target\". Remove it, or name a loss or metric that does."));
}

TEST(Views, ShapesFitThereToo) {
  EXPECT_THAT(problems(R"({"v": {"bind": {"digit.state": "digit.logits"}}})", R"(["v:accuracy"])"),
              ElementsAre(HasSubstr("/views/v: \"v:digit\": input \"state\" expects [B, N, 16], "
                                    "found [50, 10].")));
}

TEST(Views, ShuffledRowsDoNotAddUpOverMicroBatches) {
  const std::vector<std::string> losses = {R"(stages.fit.losses={"shuffled:ce": 1})"};
  EXPECT_THAT(problems(k_shuffled, R"(["accuracy"])", losses), ElementsAre());
  EXPECT_THAT(
      problems(k_shuffled, R"(["accuracy"])", {losses[0], "stages.fit.grad_accumulation=3"}),
      ElementsAre("/stages/0/grad_accumulation: \"shuffled:vision\" reads the rows of a "
                  "batch in another order, so 3 micro-batches would not equal one batch of "
                  "12. Set grad_accumulation to 1."));
}

TEST(Views, TargetsThatAreComputedAreNotWeighedBefore) {
  EXPECT_THAT(problems(R"({"slow": {"weights": {"ema": 0.9}}})", R"(["accuracy"])",
                       {R"(losses.near={"use": "loss.mse", "in": {"prediction": "digit",
                                        "target": "slow:digit.logits"}})",
                        R"(stages.fit.losses={"near": 1})", "stages.fit.grad_accumulation=3"}),
              ElementsAre("/stages/0/grad_accumulation: the target of \"near\" is what "
                          "\"slow:digit\" computes, so 3 micro-batches cannot be weighed before "
                          "they are computed. Set grad_accumulation to 1."));
}

// 120 averages in 100 passes each: every one is another node.
TEST(Views, AreBoundedInNumber) {
  std::string views, metrics = "\"accuracy\"";
  for (int i = 100; i < 220; ++i) {
    const std::string name = "v" + std::to_string(i);
    views += (views.empty() ? "\"" : ", \"") + name +
             R"(": {"repeat": 100, "weights": {"ema": 0.)" + std::to_string(i) +
             R"(}, "bind": {"mixed.context": "mixed.tokens"}})";
    metrics += ", \"" + name + ":accuracy\"";
  }
  EXPECT_THAT(problems("{" + views + "}", "[" + metrics + "]",
                       {k_context, "graph.digit.in.state=mixed.tokens"}),
              testing::Contains("/views: the graph with its views has more than 10000 nodes. Use "
                                "fewer views."));
}

TEST(Views, ExpandedRecipesKeepTheWiresOfViews) {
  const host::Recipe recipe = with(R"({"slow": {"weights": {"ema": 0.9}}})", R"(["accuracy"])",
                                   {R"(losses.near={"use": "loss.mse", "in": {"prediction": "digit",
                                                       "target": "slow:digit.logits"}})",
                                    R"(stages.fit.losses={"ce": 1, "near": 1})"});
  const host::Value whole = host::expanded(recipe, wired(recipe));
  const host::Value* in = whole.find("losses")->find("near")->find("in");
  EXPECT_EQ(*in->find("target")->text(), "slow:digit.logits");
  EXPECT_EQ(*in->find("prediction")->text(), "digit.logits");
  EXPECT_EQ(whole.find("views")->find("slow")->find("in"), nullptr);
}

TEST(Views, AbsentFieldsAreThoseOfASampleThatLacksThem) {
  const Wiring wiring =
      seen(R"({"blind": {"bind": {"batch.picture_present": false}}})", R"(["blind:accuracy"])");
  const std::size_t accuracy = wiring.index("blind:accuracy");
  const std::size_t vision =
      wiring.nodes()[wiring.nodes()[accuracy].inputs[0][0].node].inputs[0][0].node;
  EXPECT_EQ(wiring.inputs(vision, "av")[0][0].field, "absent:picture");
  const host::Model model(
      seen(R"({"blind": {"bind": {"batch.picture_present": false}}})", R"(["blind:accuracy"])"), 1);
  const host::TensorMap batch{{"picture", host::from_array(random({4, 1, 28, 28}, 1))},
                              {"label", host::from_array(ints({0, 1, 2, 3}, {4}))}};
  host::Values values;
  values.data = "av";
  const host::Array picture = host::to_array(model.gather(vision, values, batch)[0][0]);
  EXPECT_TRUE(std::all_of(picture.data<float>(), picture.data<float>() + picture.count(),
                          [](float x) { return x == 0.0F; }));
}

TEST(ShuffledRows, LeaveNoneWhereItIs) {
  std::set<std::vector<std::int64_t>> orders;
  for (std::int64_t count : {2, 3, 7, 64})
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      std::vector<std::int64_t> rows = host::shuffled_rows(count, seed);
      EXPECT_EQ(rows, host::shuffled_rows(count, seed));
      for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_NE(rows[i], static_cast<std::int64_t>(i));
      if (count == 7) orders.insert(rows);
      std::ranges::sort(rows);
      for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(rows[i], static_cast<std::int64_t>(i));
    }
  EXPECT_GT(orders.size(), 40u) << "another seed gives another order";
  EXPECT_THAT(host::shuffled_rows(1, 3), ElementsAre(0));
}

TEST(Views, ShuffledRowsAreTheBatchsOwn) {
  const host::Model model(seen(k_shuffled, R"(["accuracy", "shuffled:accuracy"])"), 1);
  const Wiring& wiring = model.wiring();
  const host::TensorMap batch{{"picture", host::from_array(random({5, 1, 28, 28}, 1))},
                              {"label", host::from_array(ints({0, 1, 2, 3, 4}, {5}))}};
  const std::size_t plain = wiring.index("accuracy"), other = wiring.index("shuffled:accuracy");
  const host::Values values = model.forward(wiring.needed({plain, other}), batch, {false, 7, "av"});
  const host::Array before = host::to_array(model.gather(plain, values, batch)[0][0]);
  const host::Array after = host::to_array(model.gather(other, values, batch)[0][0]);
  for (std::int64_t row = 0; row < 5; ++row) {
    int found = 0;
    for (std::int64_t from = 0; from < 5; ++from)
      if (std::abs(after.data<float>()[row * 10] - before.data<float>()[from * 10]) < 1e-6F) {
        ++found;
        EXPECT_NE(from, row);
      }
    EXPECT_EQ(found, 1) << row;
  }
}

constexpr const char* k_other =
    R"(graph.other={"use": "encoder.vit", "in": "batch.picture", "config": {"patch": 7, "dim": 16,
       "layers": 1, "heads": 2, "ffn_dim": 32, "dropout": 0.0}})";

host::Recipe tied(const std::string& tie) {
  std::string text = small_recipe();
  text.insert(text.find("\"stages\""), "\"tie\": " + tie + ", ");
  return read_text(text, {k_other});
}

std::vector<std::string> tie_problems(const std::string& tie) {
  std::vector<std::string> texts;
  try {
    wired(tied(tie));
  } catch (const host::RecipeError& error) {
    for (const host::Problem& problem : error.problems())
      texts.push_back(problem.pointer + ": " + problem.text);
  }
  return texts;
}

TEST(Tie, NamesTwoParametersOfOneShape) {
  EXPECT_THAT(tie_problems(R"({"other.project.weight": "vision.project.weight"})"), ElementsAre());
  EXPECT_THAT(
      tie_problems(R"({"other.project.weigth": "vision.project.weight"})"),
      ElementsAre(HasSubstr("/tie/other.project.weigth: no parameter is called "
                            "\"other.project.weigth\". Did you mean \"other.project.weight\"")));
  EXPECT_THAT(tie_problems(R"({"other.project.weight": "vision.project.bias"})"),
              ElementsAre("/tie/other.project.weight: two parameters that are one tensor have one "
                          "shape: \"other.project.weight\" is [16, 49], \"vision.project.bias\" is "
                          "[16]. Make them equal, or remove the tie."));
  EXPECT_THAT(tie_problems(R"({"othr.project.weight": "vision.project.weight"})"),
              ElementsAre("/tie/othr.project.weight: no node is called \"othr\". Did you mean "
                          "\"other\"?"));
  EXPECT_THAT(tie_problems(R"({"digit.x": "other.project.weight",
                               "other.project.weight": "vision.project.weight"})"),
              ::testing::Contains("/tie/digit.x: \"other.project.weight\" is tied to another "
                                  "parameter itself. Tie both to that one."));
}

TEST(Tie, MakesOneTensorOfTwo) {
  const host::Model apart(wired(tied("{}")), 1);
  const host::Model together(wired(tied(R"({"other.project.weight": "vision.project.weight"})")),
                             1);
  const auto paths = [](const host::Model& model) {
    std::set<std::string> all;
    for (const auto& [path, array] : model.state()) all.insert(path);
    return all;
  };
  EXPECT_TRUE(paths(apart).contains("other.project.weight"));
  EXPECT_FALSE(paths(together).contains("other.project.weight"));
  EXPECT_EQ(paths(apart).size(), paths(together).size() + 1);
  const auto handle = [](const host::Model& model, const std::string& node) {
    const std::size_t index = model.wiring().index(node);
    const auto& declared = model.wiring().nodes()[index].instance.parameters();
    std::size_t at = 0;
    while (declared[at].name != "project.weight") ++at;
    return model.weights().lease(index).parameters[at];
  };
  EXPECT_EQ(handle(together, "other"), handle(together, "vision"));
  EXPECT_NE(handle(apart, "other"), handle(apart, "vision"));
}

}  // namespace
}  // namespace weft::test
