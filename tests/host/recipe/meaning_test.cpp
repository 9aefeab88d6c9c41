// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/meaning.hpp"

#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using MeaningTest = RecipeFiles;

TEST_F(MeaningTest, AWireLeadsToANodeOrTheBatch) {
  EXPECT_THAT(
      refusals(edited("\"vision.tokens\"", "\"visoin.tokens\"")),
      ElementsAre("r.json:15:58: /graph/core/in/tokens/0: no graph node is called \"visoin\". "
                  "Did you mean \"vision\"?"));
  EXPECT_THAT(
      refusals(edited("\"logits\": \"core.logits\"", "\"logits\": \"ce.logits\"")),
      ElementsAre("r.json:18:48: /losses/ce/in/logits: \"ce\" is a loss. Wires come from graph "
                  "nodes and the batch only."));
  EXPECT_THAT(
      refusals(k_recipe, {"metrics.accuracy.in.logits=accuracy.x"}),
      ElementsAre("--set: /metrics/accuracy/in/logits: \"accuracy\" is a metric. Wires come "
                  "from graph nodes and the batch only."));
}

TEST_F(MeaningTest, AWireNamesANodeAndAPort) {
  for (const std::string wire : {"vision.", ".tokens", "a.b.c"})
    EXPECT_THAT(refusals(edited("\"vision.tokens\"", "\"" + wire + "\"")),
                ElementsAre("r.json:15:58: /graph/core/in/tokens/0: expected a wire such as "
                            "\"batch.image\" or \"vision.tokens\", found \"" +
                            wire + "\"."));
}

TEST_F(MeaningTest, TheGraphHasNoCycle) {
  EXPECT_THAT(
      refusals(edited("\"batch.image\"", "\"core.logits\"")),
      ElementsAre("r.json:14:5: /graph/vision: the graph has a cycle: vision -> core -> vision. "
                  "Remove one of these wires."));
  EXPECT_THAT(
      refusals(edited("\"batch.image\"", "\"vision.tokens\"")),
      ElementsAre("r.json:14:5: /graph/vision: the graph has a cycle: vision -> vision. Remove "
                  "one of these wires."));
}

TEST_F(MeaningTest, ACycleDownstreamOfGoodNodesIsFound) {
  const std::string graph = R"("graph": {
    "tail": {"use": "fusion.a", "in": {"x": "three.y"}},
    "one": {"use": "fusion.a", "in": {"x": ["batch.image", "three.y"]}},
    "two": {"use": "fusion.a", "in": {"x": "one.y"}},
    "three": {"use": "fusion.a", "in": {"x": "two.y"}},
    "after": {"use": "fusion.a", "in": {"x": "tail.y"}},)";
  const auto sentences = refusals(edited("\"graph\": {", graph));
  ASSERT_EQ(sentences.size(), 1u);
  EXPECT_THAT(sentences[0], HasSubstr("the graph has a cycle: "));
  EXPECT_THAT(sentences[0], HasSubstr("one -> two"));
  EXPECT_THAT(sentences[0], HasSubstr("two -> three"));
  EXPECT_THAT(sentences[0], testing::Not(HasSubstr("tail")));
}

TEST_F(MeaningTest, NamesAreLowerCase) {
  EXPECT_THAT(
      refusals(edited("\"vision\": {", "\"Vision\": {")).at(0),
      "r.json:14:5: /graph/Vision: \"Vision\" is no name. Use lower-case letters, digits and "
      "\"_\", a letter first, at most 100.");
  EXPECT_THAT(refusals(edited("\"first\"", "\"1st\"")).at(0),
              HasSubstr("/stages/0/name: \"1st\" is no name."));
  EXPECT_THAT(
      refusals(edited("\"core\": {", "\"batch\": {")).at(0),
      "r.json:15:5: /graph/batch: the name \"batch\" stands for the data. Choose another one.");
}

TEST_F(MeaningTest, TheNameIsThatOfAFolderInRuns) {
  const auto named = [](const std::string& name) {
    return edited("\"name\": \"small\"", "\"name\": \"" + name + "\"");
  };
  for (const char* name : {"a", "7", "digits-av_2.final", "_x", "v1.0"})
    EXPECT_EQ(read(named(name)).name, name);
  for (const std::string& name :
       {std::string(".."), std::string("."), std::string("../other"), std::string("a/b"),
        std::string("/etc"), std::string(".hidden"), std::string("-rf"), std::string("a b"),
        std::string("a\\nb"), std::string("\u00e9"), std::string(101, 'a')})
    EXPECT_THAT(refusals(named(name)).at(0), HasSubstr("cannot name a run folder. Use letters, "))
        << name;
  EXPECT_THAT(refusals(edited("\"first\"", "\"" + std::string(101, 'a') + "\"")).at(0),
              HasSubstr(" is no name."));
}

TEST_F(MeaningTest, APartIdHasAKindANameAndPerhapsAVendorAndARange) {
  for (const std::string id :
       {"encoder.vit", "acme/encoder.vit", "acme/encoder.vit@^2.1", "fusion.a@*"})
    EXPECT_TRUE(refusals(edited("encoder.vit", id)).empty()) << id;
  EXPECT_THAT(
      refusals(edited("encoder.vit", "vit")),
      ElementsAre("r.json:14:16: /graph/vision/use: expected a part such as \"fusion.concat\" or "
                  "\"acme/encoder.birdsong@^2\", found \"vit\"."));
  EXPECT_THAT(
      refusals(edited("encoder.vit", "encodr.vit")),
      ElementsAre("r.json:14:16: /graph/vision/use: no kind of part is called \"encodr\". Did you "
                  "mean \"encoder\"?"));
  EXPECT_THAT(
      refusals(edited("encoder.vit", "encoder.vit@two")),
      ElementsAre(
          "r.json:14:16: /graph/vision/use: expected a version range such as \"^1.2\" after "
          "\"@\", found \"two\"."));
}

TEST_F(MeaningTest, AStageNamesDataLossesAndMetricsThatExist) {
  EXPECT_THAT(
      refusals(edited("\"data\": \"qa\"", "\"data\": \"qq\"")),
      ElementsAre(
          "r.json:26:7: /stages/0/data: no data section is called \"qq\". Did you mean \"qa\"?"));
  EXPECT_THAT(
      refusals(edited("{\"ce\": 1}", "{\"cee\": 1}")),
      ElementsAre(
          "r.json:29:18: /stages/0/losses/cee: no loss is called \"cee\". Did you mean \"ce\"?"));
  EXPECT_THAT(
      refusals(k_recipe, {"stages.0.metrics=[\"acuracy\"]"}),
      ElementsAre("--set: /stages/0/metrics/0: no metric is called \"acuracy\". Did you mean "
                  "\"accuracy\"?"));
  EXPECT_THAT(
      refusals(edited("{\"ce\": 1}", "{\"ce\": 0}")),
      ElementsAre("r.json:29:18: /stages/0/losses/ce: expected a number above 0, found 0."));
}

TEST_F(MeaningTest, AStageStartsFromAnEarlierOne) {
  const std::string second = R"(}, {"name": "second", "from": "first", "data": "qa", "steps": 1,
    "batch_size": 1, "losses": {"ce": 1}, "optimizer": {"lr": 1}}
  ])";
  EXPECT_EQ(read(edited("}\n  ]", second)).stages.at(1).from, "first");
  EXPECT_THAT(
      refusals(edited("}\n  ]", second), {"stages.second.from=second"}),
      ElementsAre("--set: /stages/1/from: no earlier stage is called \"second\". Known: first."));
  EXPECT_THAT(refusals(edited("}\n  ]", second), {"stages.0.from=second"}),
              ElementsAre("--set: /stages/0/from: no earlier stage is called \"second\"."));
  EXPECT_THAT(refusals(edited("}\n  ]", second), {"stages.1.name=first"}),
              ElementsAre("--set: /stages/1/name: an earlier stage is called \"first\" too. Choose "
                          "another name."));
}

TEST_F(MeaningTest, MicroBatchesShareTheBatchEvenly) {
  EXPECT_EQ(read(k_recipe, {"stages.0.grad_accumulation=2"}).stages.at(0).grad_accumulation, 2);
  EXPECT_THAT(
      refusals(k_recipe, {"stages.0.grad_accumulation=3"}),
      ElementsAre(
          "--set: /stages/0/grad_accumulation: 3 micro-batches cannot share a batch of 4. Make "
          "batch_size a multiple of grad_accumulation."));
}

TEST_F(MeaningTest, EvaluationNamesWhatExists) {
  EXPECT_THAT(
      refusals(k_recipe, {R"(evaluate={"data": "q", "metrics": ["acc"], "split": "train",
                                     "generate": {"node": "cor", "max_length": 3}})"}),
      ElementsAre(
          "--set: /evaluate/data: no data section is called \"q\". Did you mean \"qa\"?",
          "--set: /evaluate/metrics/0: no metric is called \"acc\". Did you mean \"accuracy\"?",
          "--set: /evaluate/generate/node: no graph node is called \"cor\". Did you mean "
          "\"core\"?"));
}

TEST_F(MeaningTest, AConstraintIsOneAndSaysWhatIsKept) {
  const auto with = [](const std::string& more) {
    return std::vector<std::string>{
        R"(evaluate={"data": "qa", "metrics": ["accuracy"], "split": "train",
           "generate": {"node": "core", "max_length": 3, "constrain": )" +
        more + "}}"};
  };
  EXPECT_EQ(
      read(k_recipe, with(R"({"choices": ["a", "b"]})")).evaluate.generate[0].constrain.choices,
      (std::vector<std::string>{"a", "b"}));
  const host::ConstraintPlan schema =
      read(k_recipe, with(R"({"json_schema": {"enum": ["$$x", {"not": 1}]}})"))
          .evaluate.generate[0]
          .constrain;
  EXPECT_EQ(schema.text, R"({"enum":["$x",{"not":1}]})");
  EXPECT_THAT(refusals(k_recipe, with(R"({"regex": "a", "grammar": "b"})")),
              ElementsAre("--set: /evaluate/generate/constrain: expected one of \"regex\", "
                          "\"json_schema\", \"grammar\" and \"choices\", found 2 of them."));
  EXPECT_THAT(refusals(k_recipe, with(R"({"regex": "a"}, "stop": ["."])")),
              ElementsAre("--set: /evaluate/generate/constrain: it says itself where a text ends. "
                          "Remove \"stop\" beside it."));
  EXPECT_THAT(
      refusals(k_recipe, with(R"({"json_schema": {"properties": {"not": {"type": "array",
                                 "uniqueItems": true}}, "anyOf": [{"not": {}}],
                                 "items": {"format": "colour"}}})")),
      ElementsAre("--set: /evaluate/generate/constrain/json_schema/properties/not/uniqueItems: no "
                  "text is kept to \"uniqueItems\" while it is written. Leave it out, or say it in "
                  "other keywords.",
                  "--set: /evaluate/generate/constrain/json_schema/anyOf/0/not: no text is kept to "
                  "\"not\" while it is written. Leave it out, or say it in other keywords.",
                  "--set: /evaluate/generate/constrain/json_schema/items/format: expected one of "
                  "date, date-time, duration, email, hostname, ipv4, ipv6, json-pointer, "
                  "relative-json-pointer, time, uri, uri-reference, uri-template and uuid, found "
                  "\"colour\". Write a \"pattern\" instead."));
  EXPECT_THAT(refusals(k_recipe, with(R"({"regexp": "a"})")),
              ElementsAre("--set: /evaluate/generate/constrain/regexp: unknown key. Did you mean "
                          "\"regex\"?"));
  EXPECT_THAT(refusals(k_recipe, with(R"({"choices": []})")),
              ElementsAre("--set: /evaluate/generate/constrain/choices: expected an array of at "
                          "least 1 item, found []."));
}

TEST_F(MeaningTest, ATrainingPartIsEitherShardsOrABlend) {
  EXPECT_THAT(refusals(k_recipe, {"data.qa.shards.train=null"}),
              ElementsAre(testing::EndsWith(": /data/qa: there is no training part. Add "
                                            "shards/train, or a blend of sources.")));
  EXPECT_THAT(
      refusals(k_recipe, {R"(data.qa.blend=[{"shards":["a"]},{"shards":["b"],"weight":2}])"}),
      ElementsAre(testing::EndsWith(": /data/qa/blend: the training part has shards/train "
                                    "and a blend. Leave one of the two out.")));
}

TEST_F(MeaningTest, ASectionForEvaluationAloneNeedsNoTrainingPart) {
  const auto with = [](const std::string& more) {
    return std::vector<std::string>{
        R"(data.other={"shards": {"test": ["t.tar"]}, "fields": {"label": {"kind": "class",
           "member": "cls", "classes": ["a", "b"]}})" +
            more + "}",
        R"(evaluate={"data": "other", "metrics": ["accuracy"]})"};
  };
  EXPECT_THAT(refusals(k_recipe, with("")), ElementsAre());
  const auto missing = ElementsAre(testing::EndsWith(
      ": /data/other: there is no training part. Add shards/train, or a blend of sources."));
  EXPECT_THAT(refusals(k_recipe, with(R"(, "tokenizer": {"vocab_size": 32, "from": ["txt"]})")),
              missing)
      << "the tokenizer is learned from it";
  std::vector<std::string> trained = with("");
  trained.push_back("stages.0.data=other");
  EXPECT_THAT(refusals(k_recipe, trained), missing);
}

TEST_F(MeaningTest, TheSplitThatIsMeasuredExists) {
  EXPECT_THAT(
      refusals(k_recipe, {R"(evaluate={"data": "qa", "metrics": ["accuracy"]})"}),
      ElementsAre("--set: /evaluate/split: data \"qa\" has no shards for the split \"test\". Add "
                  "them, or leave this out."));
  EXPECT_THAT(
      refusals(k_recipe, {"stages.0.metrics=[\"accuracy\"]", "data.qa.shards.val=null"}),
      ElementsAre("--set: /stages/0/metrics: data \"qa\" has no shards for the split \"val\". Add "
                  "them, or leave this out."));
}

TEST_F(MeaningTest, AFieldSaysWhereItComesFrom) {
  EXPECT_THAT(
      refusals(edited("\"pointer\": \"/answer\", ", "")),
      ElementsAre("r.json:9:9: /data/qa/fields/answer: missing key \"pointer\" or \"member\": "
                  "where the sample holds it."));
  EXPECT_THAT(
      refusals(edited("\"pointer\": ", "\"member\": \"cls\", \"pointer\": ")),
      ElementsAre("r.json:9:9: /data/qa/fields/answer: \"pointer\" and \"member\" exclude each "
                  "other. Remove one."));
  EXPECT_THAT(
      refusals(k_recipe,
               {R"(data.qa.fields.q={"kind": "text", "pointer": "/q", "max_length": 4})"}),
      ElementsAre("--set: /data/qa/fields/q: a text needs a tokenizer. Add \"tokenizer\" to the "
                  "data section."));
}

TEST_F(MeaningTest, ATokenizerIsAFileOrIsLearned) {
  EXPECT_THAT(
      refusals(k_recipe, {R"(data.qa.tokenizer={"file": "a.json", "vocab_size": 9})"}),
      ElementsAre("--set: /data/qa/tokenizer: \"file\" and \"vocab_size\" exclude each other. "
                  "Remove one."));
  EXPECT_THAT(refusals(k_recipe, {R"(data.qa.tokenizer={"type": "bpe"})"}),
              ElementsAre("--set: /data/qa/tokenizer: missing key \"vocab_size\": how many tokens "
                          "it has; or \"file\", a tokenizer.",
                          "--set: /data/qa/tokenizer: missing key \"from\": where the text is; or "
                          "\"file\", a tokenizer."));
  EXPECT_THAT(refusals(k_recipe, {R"(data.qa.tokenizer={"file": "a.json"})"}), ElementsAre());
}

TEST_F(MeaningTest, EverySectionHasItsKinds) {
  EXPECT_THAT(refusals(k_recipe, {"losses.ce.use=metric.accuracy"}),
              ElementsAre("--set: /losses/ce/use: expected a loss, found a metric. Move it to "
                          "\"metrics\"."));
  EXPECT_THAT(refusals(k_recipe, {"losses.ce.use=acme/decoder.x@^1"}),
              ElementsAre("--set: /losses/ce/use: expected a loss, found a decoder. Move it to "
                          "\"graph\"."));
  EXPECT_THAT(refusals(k_recipe, {"metrics.accuracy.use=loss.focal"}),
              ElementsAre("--set: /metrics/accuracy/use: expected a metric, found a loss. Move it "
                          "to \"losses\"."));
  for (const char* kind : {"loss", "metric"})
    EXPECT_THAT(
        refusals(k_recipe, {"graph.vision.use=" + std::string(kind) + ".x"}).at(0),
        HasSubstr("expected an encoder, fusion, reasoning core, decoder or function, found a " +
                  std::string(kind)));
  for (const char* kind : {"encoder", "fusion", "reasoning", "decoder"})
    EXPECT_TRUE(refusals(k_recipe, {"graph.vision.use=" + std::string(kind) + ".x"}).empty());
}

}  // namespace
}  // namespace weft::test
