// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/format_1.hpp"

#include <memory>
#include <optional>

#include "host/recipe/findings.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/source_text.hpp"
#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

const std::string k_format_1 = R"({
  "recipe": 1, "name": "old",
  "data": {
    "qa": {
      "shards": {"train": ["a.tar"]}, "each": "/questions", "where": {"/level": [1]},
      "tokenizer": {"type": "char", "vocab": 64, "from": ["/text"]},
      "fields": {
        "image": {"kind": "image", "size": [8, 8], "shift": 2, "scale": 0.1,
                  "exchange": {"mine": "/a", "theirs": "/b"},
                  "mask": {"patch": 4, "share": 0.5, "shape": "single", "smallest": 2}},
        "speech": {"kind": "log_mel", "preset": "torchaudio", "frames": 8, "shift": 3,
                   "cut": "random", "normalise": "per_mel"},
        "text": {"kind": "text", "pointer": "/text", "length": 9, "begin": true,
                 "mask": {"mask": 0.7, "random": 0.2}}
      },
      "bad_samples": "fail"
    }
  },
  "graph": {"vision": {"use": "acme/encoder.vit", "config": {"inner": 8}},
            "text": {"use": "encoder.text_transformer", "config": {"inner": 8, "depth": 1}}},
  "losses": {"ce": {"use": "loss.cross_entropy", "config": {"shift": 1}}},
  "stages": [{"name": "first", "data": "qa", "steps": 10, "batch": 4, "accumulate": 2,
              "minimise": {"ce": 1}, "optimizer": {"lr": 0.001}, "schedule": {"final": 0.5},
              "clip": 1, "measure_every": 3}],
  "evaluate": {"data": "qa", "split": "train", "metrics": ["x"], "batch": 5, "by": "/level",
               "generate": {"node": "text", "length": 7}},
  "metrics": {"x": {"use": "metric.x"}}
}
)";

host::Value parsed(const std::string& text) {
  host::Findings findings;
  auto value = host::parse_json(text, std::make_shared<const std::string>("f.json"), findings,
                                host::Comments::passed_over);
  EXPECT_TRUE(value) << text;
  return value.value_or(host::Value{});
}

std::string migrated(const std::string& text, const host::Value* base = nullptr) {
  host::SourceValue source = host::read_source(text);
  host::migrate(source, parsed(text), base);
  return host::formatted(source);
}

using Format1 = RecipeFiles;

TEST_F(Format1, IsReadWithOneWarning) {
  const Recipe recipe = read(k_format_1);
  ASSERT_EQ(recipe.notes.size(), 1u);
  EXPECT_EQ(recipe.notes[0].sentence(),
            "r.json:2:3: /recipe: this recipe is of format 1, whose keys have other names by now. "
            "`weft migrate r.json` writes it anew.");
  const host::StagePlan& stage = recipe.stages.at(0);
  EXPECT_EQ(stage.batch_size, 4);
  EXPECT_EQ(stage.grad_accumulation, 2);
  EXPECT_EQ(stage.losses.at("ce"), 1.0);
  EXPECT_EQ(stage.schedule.min_ratio, 0.5);
  EXPECT_EQ(stage.clip_norm, 1.0);
  EXPECT_EQ(stage.eval_every, 3);
  EXPECT_EQ(recipe.evaluate.batch_size, 5);
  EXPECT_EQ(recipe.evaluate.group_by, "/level");
  EXPECT_EQ(recipe.evaluate.generate.at(0).max_length, 7);
  EXPECT_THAT(recipe.resolved, HasSubstr("\"format\": 2"));
  EXPECT_THAT(recipe.resolved, HasSubstr("\"explode\": \"/questions\""));
  EXPECT_THAT(recipe.resolved, HasSubstr("\"shape\": \"random\""));
}

TEST_F(Format1, SaysTheSameAsItsMigration) {
  const Recipe before = read(k_format_1), now = read(migrated(k_format_1));
  EXPECT_TRUE(now.notes.empty());
  EXPECT_EQ(before.data.at(0).config, now.data.at(0).config);
  EXPECT_EQ(before.stages.at(0).losses, now.stages.at(0).losses);
  EXPECT_EQ(before.evaluate.generate.at(0).max_length, now.evaluate.generate.at(0).max_length);
}

TEST_F(Format1, MigrationLeavesTheKeysOfOthersParts) {
  const std::string text = migrated(k_format_1);
  EXPECT_THAT(text, HasSubstr(R"({"use": "acme/encoder.vit", "config": {"inner": 8}})"));
  EXPECT_THAT(text, HasSubstr(R"("config": {"ffn_dim": 8, "layers": 1})"));
  EXPECT_THAT(text, HasSubstr(R"("config": {"next_token": true})"));
}

TEST_F(Format1, KindsOfFieldsStandInTheRecipeThatIsExtended) {
  write("base.json", k_format_1);
  const std::string child = R"({"extends": "base.json", "recipe": 1,
    "data": {"qa": {"fields": {"image": {"shift": 3}, "speech": {"shift": 4}}}}})";
  const Recipe recipe = read(child);
  EXPECT_THAT(recipe.resolved, HasSubstr("\"translate\": 3"));
  EXPECT_THAT(recipe.resolved, HasSubstr("\"time_shift\": 4"));
  EXPECT_EQ(recipe.notes.size(), 1u);
}

TEST_F(Format1, MeetsFormat2InBothDirections) {
  write("old.json", k_format_1);
  EXPECT_EQ(read(R"({"extends": "old.json", "format": 2, "stages": {"first": {"batch_size": 6}}})")
                .stages.at(0)
                .batch_size,
            6);
  write("new.json", migrated(k_format_1));
  const Recipe recipe =
      read(R"({"extends": "new.json", "recipe": 1, "evaluate": {"by": "/other"}})");
  EXPECT_EQ(recipe.evaluate.group_by, "/other");
  EXPECT_EQ(recipe.notes.size(), 1u);
}

TEST_F(Format1, TakesOverridesUnderBothNames) {
  EXPECT_EQ(read(k_format_1, {"stages.0.batch=8"}).stages.at(0).batch_size, 8);
  EXPECT_EQ(read(k_format_1, {"stages.0.batch_size=8"}).stages.at(0).batch_size, 8);
  EXPECT_EQ(read(k_format_1, {"stages.first.minimise.ce=2"}).stages.at(0).losses.at("ce"), 2.0);
  EXPECT_THAT(read(k_format_1, {"data.qa.fields.image.shift=5"}).resolved,
              HasSubstr("\"translate\": 5"));
}

TEST_F(Format1, ItsNamesAreUnknownInFormat2) {
  EXPECT_THAT(refusals(k_recipe, {"stages.0.batch=8"}),
              ElementsAre(HasSubstr("--set: /stages/0/batch: unknown key.")));
}

TEST_F(Format1, BothNamesTogetherAreRefused) {
  std::string text = k_format_1;
  text.replace(text.find("\"batch\": 4"), 10, "\"batch\": 4, \"batch_size\": 5");
  EXPECT_THAT(refusals(text),
              testing::Contains(HasSubstr("r.json:22:59: /stages/0/batch: unknown key.")));
}

}  // namespace
}  // namespace weft::test
