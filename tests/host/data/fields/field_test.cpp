// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/field.hpp"

#include <gmock/gmock.h>

#include "host/data/section/section.hpp"
#include "host/data/text/tokenizer.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::ElementsAre;

std::string section(const std::string& field) {
  return R"({"tokenizer": {"type": "bpe", "vocab_size": 100, "from": ["txt"]}, "fields": {"f": )" +
         field + "}}";
}

TEST(FieldSpecs, GiveShapesMasksAndClassesInTheOrderOfTheNames) {
  const std::vector<FieldSpec> specs = field_specs(R"({
    "tokenizer": {"type": "unigram", "vocab_size": 320, "from": ["/question"]},
    "fields": {
      "voice": {"kind": "log_mel", "rate": 8000, "fft": 256, "hop": 80, "mels": 40, "frames": 64},
      "picture": {"kind": "image", "size": [28, 30], "channels": 3},
      "question": {"kind": "text", "pointer": "/question", "max_length": 24},
      "answer": {"kind": "class", "pointer": "/answer", "classes": ["yes", "no", 3]}}})");
  ASSERT_EQ(specs.size(), 8U);
  EXPECT_EQ(specs[0].name, "answer");
  EXPECT_EQ(specs[0].dtype, DType::int64);
  EXPECT_THAT(specs[0].sizes, ElementsAre());
  EXPECT_EQ(specs[0].classes, 3);
  EXPECT_EQ(specs[1].name, "picture");
  EXPECT_EQ(specs[1].dtype, DType::float32);
  EXPECT_THAT(specs[1].sizes, ElementsAre(3, 28, 30));
  EXPECT_EQ(specs[2].name, "question");
  EXPECT_EQ(specs[2].mask, "question_mask");
  EXPECT_EQ(specs[2].classes, 320);
  EXPECT_EQ(specs[3].name, "question_mask");
  EXPECT_EQ(specs[3].dtype, DType::boolean);
  EXPECT_THAT(specs[3].sizes, ElementsAre(24));
  EXPECT_EQ(specs[4].name, "question_text");
  EXPECT_EQ(specs[4].dtype, DType::uint8);
  EXPECT_EQ(specs[4].mask, "question_text_mask");
  EXPECT_TRUE(specs[4].is_text() && specs[5].is_text());
  EXPECT_EQ(specs[5].dtype, DType::boolean);
  EXPECT_EQ(specs[6].name, "voice");
  EXPECT_THAT(specs[6].sizes, ElementsAre(64, 40));
  EXPECT_EQ(specs[6].mask, "voice_mask");
  EXPECT_FALSE(specs[6].is_text());
  EXPECT_EQ(specs[7].name, "voice_mask");
  EXPECT_THAT(specs[7].sizes, ElementsAre(64));
}

TEST(FieldSpecs, AFieldOfTheNameGoesBeforeTheText) {
  const std::vector<FieldSpec> specs = field_specs(R"({
    "tokenizer": {"type": "unigram", "vocab_size": 320, "from": ["/q"]},
    "fields": {"q": {"kind": "text", "pointer": "/q", "max_length": 4},
               "q_text": {"kind": "number", "pointer": "/n"}}})");
  ASSERT_EQ(specs.size(), 3U);
  EXPECT_EQ(specs[2].name, "q_text");
  EXPECT_FALSE(specs[2].is_text());
}

TEST(FieldSpecs, NameTheFieldAndTheKeyThatIsOdd) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"kind": "film"})",
       "data field f/kind: expected image, log_mel, video, text, class, document, group, number, "
       "array, boxes or texts, found \"film\"."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "frames": 9, "channels": "both"})",
       "data field f/channels: expected mean, left or right, found \"both\"."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "frames": 9, "trim_db": 0})",
       "data field f/trim_db: expected a number from 1 to 200, found 0."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "frames": 9, "crop": "start"})",
       "data field f/crop: expected end, middle or random, found \"start\"."},
      {R"({"kind": "log_mel", "preset": "whisper", "frames": 9, "crop": "middle"})",
       "data field f/crop: expected end with normalize per_mel and with the preset whisper, found "
       "\"middle\"."},
      {R"({"kind": "image", "size": [0, 4]})",
       "data field f/size: expected [height, width], each from 1 to 8192, found [0,4]."},
      {R"({"kind": "image", "size": [4, 4], "channels": 3, "mean": [1, 2]})",
       "data field f/mean: expected 3 numbers, one per channel, found [1,2]."},
      {R"({"kind": "image", "size": [4, 4], "std": 0})",
       "data field f/std: expected numbers above 0, found 0."},
      {R"({"kind": "log_mel", "rate": 8000, "fft": 256, "hop": 1e99, "mels": 4, "frames": 9})",
       "data field f/hop: expected a whole number from 1 to 65536, found 1e+99."},
      {R"({"kind": "log_mel", "preset": "wisper", "frames": 9})",
       "data field f/preset: expected torchaudio or whisper, found \"wisper\"."},
      {R"({"kind": "log_mel", "preset": "whisper", "mels": 40, "frames": 9})",
       "data field f/mels: expected 80 or 128 with the preset whisper, found 40."},
      {R"({"kind": "log_mel", "preset": "whisper", "rate": 16000, "frames": 9})",
       "data field f/rate: expected it left out, because the preset whisper fixes it, found "
       "16000."},
      {R"({"kind": "log_mel", "preset": "whisper", "low_hz": 20, "frames": 9})",
       "data field f/low_hz: expected it left out, because the preset whisper fixes it, found "
       "20."},
      {R"({"kind": "log_mel", "preset": "whisper", "std": 4, "frames": 9})",
       "data field f/std: expected it left out, because the preset whisper fixes it, found 4."},
      {R"({"kind": "log_mel", "preset": "whisper", "frames": 60001})",
       "data field f/frames: expected a whole number from 1 to 60000, found 60001."},
      {R"({"kind": "log_mel", "preset": "whisper", "normalize": "per_mel", "frames": 9})",
       "data field f/normalize: expected it left out, because the preset whisper fixes it, found "
       "\"per_mel\"."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "normalize": "mel", "frames": 9})",
       "data field f/normalize: expected none or per_mel, found \"mel\"."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "normalize": "per_mel", "mean": -4, "frames": 9})",
       "data field f/mean: expected 0 with normalize per_mel, found -4."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "normalize": "per_mel", "std": 4, "frames": 9})",
       "data field f/std: expected 1 with normalize per_mel, found 4."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "time_masks": -1, "frames": 9})",
       "data field f/time_masks: expected a whole number from 0 to 1000, found -1."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "mel_masks": 1.5, "frames": 9})",
       "data field f/mel_masks: expected a whole number from 0 to 1000, found 1.5."},
      {R"({"kind": "log_mel", "preset": "torchaudio", "time_mask_part": 2, "frames": 9})",
       "data field f/time_mask_part: expected a number from 0 to 1, found 2."},
      {R"({"kind": "log_mel", "fft": 256, "hop": 80, "mels": 4, "frames": 9})",
       "data field f/rate: expected a whole number from 1000 to 384000, found null."},
      {R"({"kind": "text", "max_length": 1, "bos": true})",
       "data field f/max_length: expected a whole number from 2 to 1000000, found 1."},
      {R"({"kind": "text", "pointer": "question", "max_length": 4})",
       "data field f/pointer: expected a JSON pointer such as /question, found \"question\"."},
      {R"({"kind": "class", "pointer": "/a", "classes": []})",
       "data field f/classes: expected a list of at least one class, found []."},
      {R"({"kind": "class", "pointer": "/a~2", "classes": [1]})",
       "data field f/pointer: expected a JSON pointer such as /question, found \"/a~2\"."},
      {"7", "data field f: expected an object, found 7."},
  };
  for (const auto& [field, sentence] : cases) {
    const auto [exit, found] = error_of([&, &field = field] { field_specs(section(field)); });
    EXPECT_EQ(exit, Exit::bad_recipe) << field;
    EXPECT_EQ(found, sentence);
  }
}

TEST(FieldSpecs, PresetsOfLogMelNeedNothingButFramesAndTakeTheSchemasDefaults) {
  const auto sizes = [](const std::string& field) {
    return field_specs(R"({"fields": {"f": {"kind": "log_mel", )" + field + "}}}").at(0).sizes;
  };
  EXPECT_THAT(sizes(R"("preset": "torchaudio", "frames": 9)"), ElementsAre(9, 128));
  EXPECT_THAT(sizes(R"("preset": "torchaudio", "mels": 64, "frames": 9)"), ElementsAre(9, 64));
  EXPECT_THAT(sizes(R"("preset": "whisper", "frames": 3000, "low_hz": 0, "high_hz": 0, "mean": 0, )"
                    R"("std": 1, "mels": 128)"),
              ElementsAre(3000, 128));
  EXPECT_THAT(sizes(R"("preset": "whisper", "frames": 3000)"), ElementsAre(3000, 80));
}

TEST(FieldSpecs, ATokenizersFileSaysHowManyIdsThereAre) {
  const test::Folder folder;
  const std::string file = folder.path("tokenizer.json");
  const auto specs = [&](const std::string& more) {
    return field_specs(R"({"tokenizer": {"file": ")" + file + '"' + more +
                       R"(}, "fields": {"f": {"kind": "text", "max_length": 4}}})");
  };
  EXPECT_EQ(error_of([&] { specs(""); }),
            std::pair(Exit::no_input,
                      "The tokenizer " + file + " cannot be opened (No such file or directory)."));
  test::write_file(
      file, R"({"model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 7}, "merges": []}})");
  EXPECT_EQ(specs("").at(0).classes, 8);
  EXPECT_EQ(
      error_of([&] { specs(R"(, "vocab_size": 9)"); }),
      std::pair(Exit::bad_recipe,
                std::string("data/tokenizer/vocab_size: expected file alone: the tokenizer is "
                            "made already, found 9.")));
  Tokenizer::train(file, {"char", 20, {"[MASK]"}}, {"abc"});
  EXPECT_EQ(specs("").at(0).classes, Tokenizer::load(file).vocabulary());
}

TEST(FieldSpecs, RefuseOddTokenizers) {
  const auto sentence = [](const std::string& tokenizer) {
    return error_of([&] { field_specs(R"({"tokenizer": )" + tokenizer + R"(, "fields": {}})"); })
        .second;
  };
  EXPECT_EQ(sentence(R"({"type": "words", "vocab_size": 9, "from": ["txt"]})"),
            "data/tokenizer/type: expected unigram, bpe, word and char, found \"words\".");
  EXPECT_EQ(sentence(R"({"vocab_size": 9, "special": ["[MASK]", "[MASK]"], "from": ["txt"]})"),
            "data/tokenizer/special: expected at most 64 tokens, each once, of 1 to 64 bytes "
            "without comma, quote and white space, and not <pad>, <unk>, <s> or </s>, found "
            "[\"[MASK]\",\"[MASK]\"].");
  EXPECT_EQ(sentence(R"({"vocab_size": 9, "special": ["a,b"], "from": ["txt"]})").substr(0, 24),
            "data/tokenizer/special: ");
}

TEST(FieldSpecs, TellEveryMistakeWithItsPlace) {
  std::vector<std::string> pointers;
  try {
    field_specs(R"({"order": "random", "fields": {
      "voice": {"kind": "log_mel", "preset": "torchaudio", "frames": 9, "fft": 402, "crop": "start",
                "normalize": "per_mel", "mean": 2},
      "seen": {"kind": "image", "size": [4, 4], "channels": 2, "fit": "crop", "std": [1, 0]},
      "words": {"kind": "text", "pointer": "q", "max_length": 4}}})");
  } catch (const SectionError& error) {
    for (const SectionProblem& one : error.problems()) pointers.push_back(one.pointer);
    EXPECT_EQ(error.problems().front().text, "expected 1 (grey) or 3 (colour), found 2.");
  }
  EXPECT_THAT(pointers,
              ElementsAre("/fields/seen/channels", "/fields/seen/std", "/fields/seen/resize",
                          "/fields/voice/fft", "/fields/voice/mean", "/fields/voice/crop",
                          "/fields/words/pointer", "/order"));
}

TEST(FieldSpecs, RefuseTextWithoutTokenizerAndNamesThatMeet) {
  EXPECT_EQ(error_of([] {
              field_specs(R"({"fields": {"q": {"kind": "text", "max_length": 4}}})");
            }).second,
            "data field q: a text needs a tokenizer. Add \"tokenizer\" to the data section.");
  EXPECT_EQ(error_of([] {
              field_specs(section(R"({"kind": "text", "max_length": 4}, )"
                                  R"("f_mask": {"kind": "text", "max_length": 4})"));
            }).second,
            "data field f_mask: the name is given twice; texts and recordings also make NAME_mask. "
            "Rename one of the two fields.");
}

TEST(FieldSpecs, NeverCrashOnWhatIsNotASection) {
  for (const std::string text : {"", "[]", "7", "{", "null", R"({"fields": 3})", "\xff",
                                 R"({"fields": {}, "shards": {"train": [[]]}})"}) {
    EXPECT_EQ(error_of([&] { field_specs(text); }).first, Exit::bad_recipe) << text;
  }
}

}  // namespace
}  // namespace weft::host
