// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "host/data/fields/field.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::ElementsAre;

/// @param fields  the fields picture, voice, words and digit, of which each gets an option
std::string section(const std::string& picture, const std::string& voice, const std::string& words,
                    const std::string& digit = "", const std::string& more = "") {
  const auto with = [](const std::string& option) { return option.empty() ? "" : ", " + option; };
  return R"({"tokenizer": {"type": "bpe", "vocab_size": 100, "from": ["txt"]}, "fields": {
    "picture": {"kind": "image", "size": [8, 12])" +
         with(picture) + R"(}, "voice": {"kind": "log_mel", "preset": "torchaudio", "frames": 20)" +
         with(voice) + R"(}, "words": {"kind": "text", "max_length": 9)" + with(words) +
         R"(}, "digit": {"kind": "class", "classes": [0, 1])" + with(digit) + "}}" + more + "}";
}

TEST(MaskOptions, MakeFieldsBesideTheirs) {
  const std::string all = section(
      R"("mask": {"patch": 4}, "visual_tokens": {"vocab_size": 64, "patch": 4}, "optional": true)",
      R"("mask": {"band_probability": 0.1})", R"("mask": {})", R"("optional": true)");
  std::map<std::string, FieldSpec> specs;
  for (const FieldSpec& spec : field_specs(all)) specs[spec.name] = spec;
  EXPECT_EQ(specs.size(), 16U);
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> flags = {
      {"picture_masked", {6}}, {"picture_present", {}},       {"voice_mask", {20}},
      {"voice_masked", {20}},  {"voice_masked_bands", {128}}, {"words_mask", {9}},
      {"words_masked", {9}},   {"digit_present", {}}};
  for (const auto& [name, sizes] : flags) {
    EXPECT_EQ(specs.at(name).dtype, DType::boolean) << name;
    EXPECT_EQ(specs.at(name).sizes, sizes) << name;
  }
  EXPECT_EQ(specs.at("picture_tokens").dtype, DType::int64);
  EXPECT_THAT(specs.at("picture_tokens").sizes, ElementsAre(6));
  EXPECT_EQ(specs.at("picture_tokens").classes, 64);
  EXPECT_EQ(specs.at("picture_tokens").mask, "picture_masked") << "what a loss counts";
  EXPECT_EQ(specs.at("words_target").mask, "words_masked");
  EXPECT_EQ(specs.at("words_target").classes, 100);
  EXPECT_EQ(specs.at("words").classes, 101) << "one more for the mask";
  EXPECT_EQ(specs.at("words").mask, "words_mask");
  EXPECT_EQ(specs.at("digit").mask, "digit_present");
}

TEST(MaskOptions, WithoutThemNothingIsAdded) {
  std::vector<std::string> names;
  for (const FieldSpec& spec : field_specs(section("", "", ""))) names.push_back(spec.name);
  EXPECT_THAT(names, ElementsAre("digit", "picture", "voice", "voice_mask", "words", "words_mask",
                                 "words_text", "words_text_mask"));
  const auto specs = field_specs(
      section(R"("visual_tokens": {"vocab_size": 9, "patch": 2})", R"("mask": {})", ""));
  EXPECT_EQ(specs.size(), 10U) << "no bands without band_probability";
  EXPECT_EQ(specs[2].name, "picture_tokens");
  EXPECT_EQ(specs[2].mask, "");
}

TEST(MaskOptions, NameTheFieldAndTheKeyThatIsOdd) {
  const auto joint = [](const std::string& json) {
    return section("", "", R"("mask": {})", "", R"(, "joint_mask": )" + json);
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {section(R"("mask": {"patch": 5})", "", ""),
       "data field picture/mask/patch: expected a number that divides the picture's 8 x 12, "
       "found 5."},
      {section(R"("mask": {"mask_ratio": 0.5})", "", ""),
       "data field picture/mask/patch: expected a whole number from 1 to 8192, found null."},
      {section(R"("mask": {"patch": 4, "mask_ratio": 1.5})", "", ""),
       "data field picture/mask/mask_ratio: expected a number from 0 to 1, found 1.5."},
      {section(R"("mask": {"patch": 4, "shape": "round"})", "", ""),
       "data field picture/mask/shape: expected block or random, found \"round\"."},
      {section(R"("mask": {"patch": 4}, "visual_tokens": {"vocab_size": 64, "patch": 2})", "", ""),
       "data field picture/visual_tokens/patch: expected the patch of the field's mask, found 2."},
      {section(R"("visual_tokens": {"vocab_size": 1, "patch": 2})", "", ""),
       "data field picture/visual_tokens/vocab_size: expected a whole number from 2 to 4096, found "
       "1."},
      {section("", R"("visual_tokens": {"vocab_size": 64, "patch": 4})", ""),
       "data field voice/visual_tokens: expected it on image fields only, found "
       "{\"patch\":4,\"vocab_size\":64}."},
      {section("", R"("mask": {"length": 0})", ""),
       "data field voice/mask/length: expected a whole number from 1 to 1000000, found 0."},
      {section("", "", R"("mask": {"probability": 2})"),
       "data field words/mask/probability: expected a number from 0 to 1, found 2."},
      {section("", "", R"("mask": {"replace_prob": 0.8, "random_prob": 0.3})"),
       "data field words/mask/random_prob: expected replace_prob and random_prob to be at most 1 "
       "together, found 0.3."},
      {section("", "", R"("mask": 0.15)"),
       "data field words/mask: expected an object, found 0.15."},
      {section("", "", "", R"("mask": {})"),
       "data field digit/mask: expected it on image, log_mel, text and document fields only, found "
       "{}."},
      {section(R"("optional": true, "swap_within": "/a")", "", ""),
       "data field picture/optional: expected false, because the field has swap_within, found "
       "true."},
      {section("", "", "", R"("optional": 1)"),
       "data field digit/optional: expected true or false, found 1."},
      {joint(R"({"visible": 9})"),
       "data/joint_mask/fields: expected a list of at least one field, found null."},
      {joint(R"({"fields": ["words", "voice"], "visible": 9})"),
       "data/joint_mask/fields: expected fields that have a mask, which voice is not or has not, "
       "found [\"words\",\"voice\"]."},
      {joint(R"({"fields": ["words", "words"], "visible": 9})"),
       "data/joint_mask/fields: expected each field once, found [\"words\",\"words\"]."},
      {joint(R"({"fields": ["words"]})"),
       "data/joint_mask/visible: expected a whole number from 0 to 2147483647, found null."},
      {joint(R"({"fields": ["words"], "visible": 9, "alpha": 0})"),
       "data/joint_mask/alpha: expected a number from 0.01 to 1000, found 0."},
  };
  for (const auto& [text, sentence] : cases) {
    const auto [exit, found] = error_of([&, &text = text] { field_specs(text); });
    EXPECT_EQ(exit, Exit::bad_recipe) << text;
    EXPECT_EQ(found, sentence);
  }
}

TEST(MaskOptions, VisualTokensCannotBeLearnedFromAStream) {
  EXPECT_EQ(error_of([] {
              field_specs(R"({"shards": {"train": ["a.tar"]}, "stream": true, "order": "sequence",
                "fields": {"a": {"kind": "image", "size": [4, 4],
                                 "visual_tokens": {"vocab_size": 4, "patch": 2}}}})");
            }).second,
            "data field a/visual_tokens: it needs all samples, and shards/train is a stream. Leave "
            "one of "
            "the two out.");
}

TEST(MaskOptions, NamesThatMeetAreRefused) {
  EXPECT_EQ(error_of([] {
              field_specs(R"({"fields": {
                "a": {"kind": "image", "size": [4, 4], "mask": {"patch": 2}},
                "a_masked": {"kind": "class", "classes": [0, 1]}}})");
            }).second,
            "data field a_masked: the name is given twice; texts and recordings also make "
            "NAME_mask. Rename one of the two fields.");
}

}  // namespace
}  // namespace weft::host
