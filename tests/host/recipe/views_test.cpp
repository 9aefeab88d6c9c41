// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/meaning.hpp"

#include "host/base/text.hpp"
#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

class ViewsTest : public RecipeFiles {
 protected:
  static std::string with_views(const std::string& views) {
    return edited("\"stages\"", "\"views\": " + views + ", \"stages\"");
  }
};

TEST_F(ViewsTest, AreRead) {
  const host::Recipe recipe = read(with_views(
      R"({"slow": {"weights": {"ema": 0.9}}, "ref": {"of": "odd", "weights": {"frozen": "begin"}},
          "odd": {"repeat": 2, "bind": {"batch.image": {"shuffled": "batch.image"},
                                        "core.tokens": ["this:vision.tokens"],
                                        "batch.text_present": false}}})"));
  ASSERT_EQ(recipe.views.size(), 3u);
  EXPECT_EQ(recipe.views[0].ema, 0.9);
  EXPECT_TRUE(recipe.views[1].is_frozen);
  EXPECT_EQ(recipe.views[1].of, "odd");
  const host::ViewPlan& odd = recipe.views[2];
  EXPECT_EQ(odd.repeat, 2);
  EXPECT_TRUE(odd.bind[0].is_shuffled);
  EXPECT_EQ(odd.bind[1].wires[0].view, "this");
  EXPECT_EQ(odd.bind[1].wires[0].node, "vision");
  EXPECT_TRUE(odd.bind[2].is_absent);
  EXPECT_EQ(odd.bind[2].port, "text");
}

TEST_F(ViewsTest, NamesAreKnown) {
  EXPECT_THAT(refusals(with_views(R"({"This": {}, "this": {}, "b": {"of": "c"}})")),
              ElementsAre(HasSubstr("/views/This: \"This\" is no name."),
                          HasSubstr("/views/this: the name \"this\" stands for the view in which a "
                                    "wire is bound. Choose another one."),
                          HasSubstr("/views/b/of: no view is called \"c\". ")));
  EXPECT_THAT(refusals(with_views(R"({"a": {"of": "b"}, "b": {"of": "a"}})")),
              ElementsAre(HasSubstr("/views/a/of: views are of one another in a circle: a -> b -> "
                                    "a. Remove one \"of\"."),
                          HasSubstr("/views/b/of: views are of one another in a circle: ")));
}

/// Every layer is laid upon all below it, so a chain costs its length's square.
TEST_F(ViewsTest, LayersAreBounded) {
  const auto chain = [](int length, bool is_circle) {
    std::string views;
    for (int i = 0; i < length; ++i) {
      const bool is_last = i + 1 == length;
      views += host::concat(i == 0 ? "" : ", ", "\"v", i, "\": {",
                            is_last && !is_circle
                                ? std::string()
                                : host::concat("\"of\": \"v", is_last ? 0 : i + 1, "\""),
                            "}");
    }
    return with_views("{" + views + "}");
  };
  EXPECT_THAT(refusals(chain(16, false)), testing::IsEmpty());
  EXPECT_THAT(refusals(chain(18, false)),
              ElementsAre(HasSubstr("/views/v0/of: views are of one another more than 16 deep. "
                                    "Merge some of them."),
                          HasSubstr("/views/v1/of: ")));
  EXPECT_THAT(refusals(chain(30, true)),
              testing::Each(HasSubstr("views are of one another more than 16 deep. ")));
}

TEST_F(ViewsTest, WiresAndStagesNameThem) {
  EXPECT_THAT(refusals(edited("\"vision.tokens\"", "\"slwo:vision.tokens\"")),
              ElementsAre(HasSubstr("/graph/core/in/tokens/0: no view is called \"slwo\".")));
  EXPECT_THAT(refusals(edited("\"vision.tokens\"", "\"this:vision.tokens\"")),
              ElementsAre(HasSubstr("\"this:\" names the nodes of a view, in its bind. Leave it "
                                    "out.")));
  EXPECT_THAT(
      refusals(with_views(R"({"v": {}})"), {"stages.first.losses={\"v:c\": 1, \"w:ce\": 1}"}),
      ElementsAre(HasSubstr("/stages/0/losses/v:c: no loss is called \"c\". Did you mean "
                            "\"ce\"?"),
                  HasSubstr("/stages/0/losses/w:ce: no view is called \"w\". Known: v.")));
}

TEST_F(ViewsTest, WeightsAreOfOneKind) {
  EXPECT_THAT(
      refusals(with_views(
          R"({"v": {"weights": {"ema": 0.5, "frozen": "begin"}}, "w": {"weights": {}}})")),
      ElementsAre(
          HasSubstr("/views/v/weights: expected one of {\"frozen\": \"begin\"} and {\"ema\": "
                    "decay}."),
          HasSubstr("/views/w/weights: expected one of ")));
  EXPECT_THAT(refusals(with_views(R"({"v": {"weights": {"ema": 1}}})")), testing::SizeIs(1));
  EXPECT_THAT(
      refusals(with_views(R"({"v": {"run": "r"}, "w": {"of": "v", "weights": {"ema": 0.5}}})")),
      ElementsAre(HasSubstr("/views/w: another run's weights are as that run left them. "
                            "Remove \"weights\" or \"run\".")));
}

TEST_F(ViewsTest, BindsAreFieldsAndPorts) {
  EXPECT_THAT(
      refusals(with_views(R"({"v": {"bind": {"vision": "batch.image", "visoin.image": "batch.image",
          "batch.image": "visoin.tokens", "vision.image": "this:batch.image", "batch.x": false,
          "batch.x_present": true, "batch.y": "w:vision.tokens"}}})")),
      ElementsAre(
          HasSubstr("/views/v/bind/vision: expected a field of the batch or an input port, such as "
                    "\"batch.image\" or \"fusion.tokens\", found \"vision\"."),
          HasSubstr("/views/v/bind/visoin.image: no node is called \"visoin\". Did you mean "
                    "\"vision\"?"),
          HasSubstr("/views/v/bind/batch.image: no graph node is called \"visoin\". Did you mean "
                    "\"vision\"?"),
          HasSubstr(
              "/views/v/bind/vision.image: the batch that a view sees is what is being bound. "
              "Wire \"batch.image\"."),
          HasSubstr("/views/v/bind/batch.x: only a field's presence is bound to a flag: "),
          HasSubstr("/views/v/bind/batch.x_present: a sample that lacks a field cannot be made to "
                    "have it."),
          HasSubstr("/views/v/bind/batch.y: no view is called \"w\".")));
  EXPECT_THAT(refusals(with_views(R"({"v": {"repeat": 3}})")),
              ElementsAre(HasSubstr("/views/v/repeat: every pass would be the same: ")));
}

}  // namespace
}  // namespace weft::test
