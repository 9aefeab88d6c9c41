// SPDX-License-Identifier: Apache-2.0
/// What the host wires by itself in each data section: masks and presence; and what it leaves out.

#include "host/graph/section_wires.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/error.hpp"
#include "host/data/fields/field.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::InputSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char* const k_optional_label =
    R"(data.av.fields.label={"kind": "class", "member": "cls", "optional": true,
       "classes": ["0","1","2","3","4","5","6","7","8","9"]})";
const char* const k_optional_picture =
    R"(data.av.fields.picture={"kind": "image", "member": "png", "size": [28, 28], "optional": true})";
const char* const k_optional_clue =
    R"(data.av.fields.clue={"kind": "image", "member": "jpg", "size": [28, 28], "optional": true})";
const char* const k_clue_encoder =
    R"(graph.other={"use": "encoder.vit", "in": {"image": "batch.clue"}, "config": {"height": 28,
       "width": 28, "channels": 1, "patch": 7, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}})";

host::Wiring wired(const std::vector<std::string>& overrides) {
  auto folders = host::default_search_path();
  folders.insert(folders.begin(), WEFT_DOUBLES);
  const host::Registry parts = parts_in(folders);  // its own: other tests unload what they loaded
  const host::Recipe recipe = read_text(small_recipe(), overrides);
  std::map<std::string, std::vector<host::FieldSpec>> fields;
  for (const host::DataPlan& data : recipe.data) fields[data.name] = host::field_specs(data.config);
  return host::Wiring(recipe, parts, fields);
}

std::vector<std::string> problems(const std::vector<std::string>& overrides) {
  std::vector<std::string> texts;
  try {
    wired(overrides);
  } catch (const host::RecipeError& error) {
    for (const host::Problem& problem : error.problems())
      texts.push_back(problem.pointer + ": " + problem.text);
  }
  return texts;
}

std::vector<std::string> notes(const std::vector<std::string>& overrides) {
  const host::Wiring wiring = wired(overrides);
  std::vector<std::string> texts;
  for (const host::Problem& note : wiring.notes()) texts.push_back(note.pointer + ": " + note.text);
  return texts;
}

/// The wires of a port in words: "batch.label_present", "any(a, b) and any(c)", "nothing".
std::vector<std::string> wires(const host::Wiring& wiring, const std::string& node,
                               const std::string& port, const std::string& data = "av") {
  const std::size_t index = wiring.index(node);
  const auto& ports = wiring.nodes()[index].instance.inputs();
  std::size_t at = 0;
  while (ports.at(at).name != port) ++at;
  std::vector<std::string> words;
  for (const InputSource& source : wiring.inputs(index, data)[at]) {
    std::string text = source.from == InputSource::From::nothing ? "nothing" : "";
    if (source.from == InputSource::From::batch) text = "batch." + source.field;
    if (source.from == InputSource::From::node)
      text = wiring.nodes()[source.node].name + "." +
             wiring.nodes()[source.node].instance.outputs()[source.port].name;
    for (const auto& any_of : source.present) {
      text += text.empty() ? "any(" : " and any(";
      for (const std::string& field : any_of) text += (text.back() == '(' ? "" : ", ") + field;
      text += ")";
    }
    words.push_back(text);
  }
  return words;
}

TEST(SectionWires, WithoutOptionalFieldsNothingIsAdded) {
  const host::Wiring wiring = wired({});
  EXPECT_THAT(wires(wiring, "ce", "present"), ElementsAre());
  EXPECT_THAT(wires(wiring, "ce", "mask"), ElementsAre());
  EXPECT_THAT(wiring.notes(), ElementsAre());
}

TEST(SectionWires, ALossIsToldWhichSamplesHaveNoTarget) {
  for (const char* part : {"loss.cross_entropy", "loss.focal"}) {
    const host::Wiring wiring = wired({k_optional_label, std::string("losses.ce.use=") + part,
                                       R"(metrics.f1={"use": "metric.f1", "config": {"classes": 10},
                  "in": {"logits": "digit.logits", "target": "batch.label"}})"});
    for (const char* node : {"ce", "accuracy", "f1"})
      EXPECT_THAT(wires(wiring, node, "present"), ElementsAre("batch.label_present")) << part;
    EXPECT_THAT(wires(wiring, "vision", "masked"), ElementsAre());
  }
}

TEST(SectionWires, WhatTheRecipeWiresStays) {
  const host::Wiring wiring =
      wired({k_optional_label, k_optional_picture,
             R"(losses.ce.in={"logits": "digit.logits", "target": "batch.label",
                "mask": "batch.picture_present", "present": "batch.label_present"})"});
  EXPECT_THAT(wires(wiring, "ce", "mask"), ElementsAre("batch.picture_present"));
  EXPECT_THAT(wires(wiring, "ce", "present"), ElementsAre("batch.label_present"));
}

TEST(SectionWires, PresenceGoesThroughNodes) {
  const host::Wiring wiring =
      wired({k_optional_picture,
             R"(losses.ce={"use": "loss.contrastive", "config": {"left_dim": 16, "right_dim": 16},
                "in": {"left": "vision.pooled", "right": "vision.pooled"}})"});
  EXPECT_THAT(wires(wiring, "ce", "left_present"), ElementsAre("batch.picture_present"));
  EXPECT_THAT(wires(wiring, "ce", "right_present"), ElementsAre("batch.picture_present"));
  EXPECT_THAT(wires(wiring, "accuracy", "present"), ElementsAre("batch.picture_present"));
}

TEST(SectionWires, ASampleHasWhatIsMadeOfAnyThatItHas) {
  const std::string fused =
      R"(graph.fused={"use": "fusion.mean", "config": {"dim": 16}, "in": {"streams": ["vision.tokens", "other.tokens"]}})";
  const std::vector<std::string> base = {k_optional_picture, k_optional_clue, k_clue_encoder, fused,
                                         "graph.digit.in.state=fused.tokens"};
  EXPECT_THAT(wires(wired(base), "ce", "present"),
              ElementsAre("any(clue_present, picture_present)"));
  std::vector<std::string> with_label = base;
  with_label.push_back(k_optional_label);
  EXPECT_THAT(wires(wired(with_label), "ce", "present"),
              ElementsAre("any(clue_present, picture_present) and any(label_present)"));
  std::vector<std::string> one = base;
  one.erase(one.begin());  // every sample has a picture
  EXPECT_THAT(wires(wired(one), "ce", "present"), ElementsAre());
}

TEST(SectionWires, AMaskOfOneAxisSaysWhichSamplesAreThere) {
  EXPECT_THAT(wires(wired({k_optional_label, "losses.ce.use=test/loss.masked"}), "ce", "real"),
              ElementsAre("batch.label_present"));
}

TEST(SectionWires, AnEncoderOfAbsentThingsIsTold) {
  const host::Wiring wiring = wired(
      {k_optional_picture,
       R"(graph.clue={"use": "encoder.absent", "in": {"tokens": "vision.tokens"}, "config": {"dim": 16}})",
       "graph.digit.in.state=clue.tokens"});
  EXPECT_THAT(wires(wiring, "clue", "present"), ElementsAre("batch.picture_present"));
}

TEST(SectionWires, APartThatCannotBeToldIsSaid) {
  EXPECT_THAT(
      notes({k_optional_label, "losses.ce.use=test/loss.plain"}),
      ElementsAre("/losses/ce/in/target: the field \"label\" is optional in data \"av\", and "
                  "test/loss.plain counts samples that lack it. The part has no port "
                  "\"present\" or \"target_present\" for it: use one that has, wire "
                  "batch.label_present to a port that stands for it, or leave such samples "
                  "out with \"filter\"."));
  EXPECT_THAT(notes({"losses.ce.use=test/loss.plain"}), ElementsAre());
  EXPECT_THAT(notes({k_optional_label, "losses.ce.use=test/loss.plain",
                     "losses.ce.in.extra=batch.label_present"}),
              ElementsAre())
      << "the recipe says what tells it";
}

TEST(SectionWires, WhatIsMadeOfAbsentThingsAndCountsIsSaid) {
  EXPECT_THAT(notes({k_optional_picture, "losses.ce.use=test/loss.plain"}),
              ElementsAre(HasSubstr("/losses/ce/in/logits: in data \"av\" a sample may lack all of "
                                    "which this is made, and test/loss.plain counts it")));
}

/// A second section that is evaluated; `more` are its fields beside picture and label.
std::string second(const std::string& more, const std::string& label = "") {
  return R"(data.b={"shards": {"train": ["b.tar"], "test": ["b.tar"]}, "fields": {
    "picture": {"kind": "image", "member": "png", "size": [28, 28]})" +
         more + R"(, "label": {"kind": "class", "member": "cls", )" + label +
         R"("classes": ["0","1","2","3","4","5","6","7","8","9"]}}})";
}

TEST(SectionWires, EachSectionHasItsOwnWires) {
  const host::Wiring wiring = wired({second("", "\"optional\": true, "), "evaluate.data=b"});
  EXPECT_THAT(wires(wiring, "accuracy", "present", "av"), ElementsAre());
  EXPECT_THAT(wires(wiring, "accuracy", "present", "b"), ElementsAre("batch.label_present"));
}

TEST(SectionWires, AnOptionalPortWhoseFieldASectionLacksIsNotWiredThere) {
  const std::vector<std::string> overrides = {
      second(""), "evaluate.data=b",
      R"(data.av.fields.picture={"kind": "image", "member": "png", "size": [28, 28],
         "mask": {"patch": 7, "mask_ratio": 0.5}})",
      "graph.vision.in.masked=batch.picture_masked"};
  const host::Wiring wiring = wired(overrides);
  EXPECT_THAT(wires(wiring, "vision", "masked", "av"), ElementsAre("batch.picture_masked"));
  EXPECT_THAT(wires(wiring, "vision", "masked", "b"), ElementsAre());
  EXPECT_THAT(notes(overrides),
              ElementsAre("/graph/vision/in/masked: data \"b\" has no field \"picture_masked\", so "
                          "the optional port \"masked\" is not wired there."));
}

TEST(SectionWires, OfAListOnlyWhatTheSectionLacksIsLeftOut) {
  const std::string text = R"({"kind": "text", "member": "txt", "max_length": 6})";
  const std::string tokenizer = R"(.tokenizer={"type": "char", "vocab_size": 32, "from": ["txt"]})";
  const host::Wiring wiring = wired(
      {second(R"(, "a": )" + text + R"(, "c": {"kind": "text", "member": "c.txt", "max_length": 6,
              "optional": true})"),
       "evaluate={\"data\": \"b\", \"split\": \"test\", \"metrics\": [\"match\"]}",
       "data.av" + tokenizer, "data.b" + tokenizer, "data.av.fields.a=" + text,
       "data.av.fields.b=" + text, "data.av.fields.c=" + text,
       R"(metrics.match={"use": "metric.exact_match",
          "in": {"predicted": "batch.a", "target": "batch.a", "others": ["batch.b", "batch.c"]}})"});
  EXPECT_THAT(wires(wiring, "match", "others", "b"), ElementsAre("batch.c"));
  EXPECT_THAT(wires(wiring, "match", "others_masks", "b"), ElementsAre("batch.c_mask"));
  EXPECT_THAT(wires(wiring, "match", "others_present", "b"), ElementsAre("batch.c_present"));
  EXPECT_THAT(wires(wiring, "match", "others", "av"), ElementsAre("batch.b", "batch.c"));
  EXPECT_THAT(wires(wiring, "match", "others_present", "av"), ElementsAre());
}

TEST(SectionWires, ARequiredPortNeedsItsFieldInEverySection) {
  EXPECT_THAT(problems({second(""), "evaluate.data=b", k_optional_clue, k_clue_encoder,
                        "graph.digit.in.state=other.tokens"}),
              ElementsAre("/graph/other/in/image: data \"b\" has no field \"clue\". Known: "
                          "label and picture."));
}

}  // namespace
}  // namespace weft::test
