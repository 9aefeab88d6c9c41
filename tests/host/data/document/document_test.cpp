// SPDX-License-Identifier: Apache-2.0
/// Documents of texts, pictures and recordings: where what stands, what is hidden, how rows are
/// packed.

#include "host/data/document/document.hpp"
#include "host/data/loading/stream.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <set>

#include "host/base/text.hpp"
#include "host/data/inspect/packing.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::flags;
using test::Folder;
using test::integers;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Pictures of four patches; recordings of at most three groups of four frames.
const char* const k_image = R"("image": {"size": [4, 4], "patch": 2, "max_images": 3)";
const char* const k_audio =
    R"("audio": {"rate": 8000, "fft": 256, "hop": 80, "mels": 4, "frames": 12, "frames_per_token": 4, "max_clips": 2)";

std::string tone(int samples) {
  std::vector<std::int16_t> values;
  for (int i = 0; i < samples; ++i)
    values.push_back(static_cast<std::int16_t>(3000 * (i % 16 < 8 ? 1 : -1)));
  return test::wav(8000, 1, values);
}

std::string grey(std::uint8_t level) {
  return test::png(4, 4, 1, std::vector<std::uint8_t>(16, level));
}

class DocumentTest : public testing::Test {
 protected:
  /// @param parts  of the sample, as its JSON lists them
  void add(const std::string& key, const std::string& parts, const std::string& more = "") {
    members.emplace_back(key + ".json",
                         R"({"parts": )" + parts + R"(, "all": "abcdefgh")" + more + "}");
    members.emplace_back(key + ".a.png", grey(51));
    members.emplace_back(key + ".b.png", grey(102));
    members.emplace_back(key + ".wav", tone(640));  // nine frames: three groups, the last of one
  }

  Dataset open(const std::string& field, const std::string& more = R"(, "order": "sequence")") {
    return open_with(R"({"type": "char", "vocab_size": 16, "from": ["/all"]})", field, more);
  }

  Dataset open_with(const std::string& tokenizer, const std::string& field,
                    const std::string& more) {
    const std::string tar = folder.path("train.tar");
    if (!members.empty()) test::write_tar(tar, std::exchange(members, {}));
    return Dataset::open(
        "d",
        concat(R"({"shards": {"train": [")", tar, R"("], "val": [")", tar, R"("]}, "tokenizer": )",
               tokenizer, R"(, "fields": {"page": {"kind": "document", )", field, "}}", more, "}"),
        folder.path("c"));
  }

  static Batch only_row(const Dataset& dataset) {
    EvaluationStream stream(dataset, Split::val, 1);
    Batch batch;
    EXPECT_TRUE(stream.next(batch));
    return batch;
  }

  Folder folder;
  test::Members members;
};

std::string fields(const std::string& more = "") {
  return concat(R"("pointer": "/parts", "max_length": 16, )", k_image, "}, ", k_audio, "}", more);
}

TEST_F(DocumentTest, EveryPartStandsWhereTheListHasIt) {
  add("a",
      R"([{"text": "ab"}, {"image": "b.png"}, {"text": "c"}, {"audio": "wav"}, {"image": "a.png"}])");
  const Dataset dataset = open(fields(R"(, "eos": true, "next": true)"));
  const Batch batch = only_row(dataset);
  const auto ids = integers(batch, "page"), source = integers(batch, "page_source");
  const auto next = integers(batch, "page_next");
  const auto next_mask = flags(batch, "page_next_mask");
  // "▁ab", four patches, "▁c", three groups, four patches would be the 15th to 18th: left out.
  EXPECT_EQ(dataset.decode_text("page", ids), "ab c");
  EXPECT_THAT(source, ElementsAre(0, 0, 0, 1, 2, 3, 4, 0, 0, -1, -2, -3, 0, 0, 0, 0));
  EXPECT_THAT(integers(batch, "page_position"),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0));
  EXPECT_THAT(integers(batch, "page_document"),
              ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0));
  EXPECT_THAT(flags(batch, "page_mask"),
              ElementsAre(true, true, true, true, true, true, true, true, true, true, true, true,
                          true, false, false, false));
  EXPECT_EQ(ids[12], k_end);
  EXPECT_THAT(integers(batch, "page_pictures_at"), ElementsAre(3, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(integers(batch, "page_sounds_at"), ElementsAre(9, 10, 11, 0, 0, 0));
  const std::vector<bool> real = flags(batch, "page_sounds_mask");
  EXPECT_EQ(std::count(real.begin(), real.begin() + 9, true), 9);
  EXPECT_EQ(std::count(real.begin() + 9, real.end(), true), 0);
  const float* pixels = batch.fields.at("page_pictures").data<float>();
  EXPECT_THAT(std::vector<float>(pixels, pixels + 16), Each(testing::FloatEq(102.0F / 255)));
  EXPECT_THAT(std::vector<float>(pixels + 16, pixels + 48), Each(0.0F));
  for (std::size_t l = 0; l < 16; ++l) {  // the last patch predicts the text behind it
    const bool has_next = l + 1 < 13 && source[l + 1] == 0;
    EXPECT_EQ(next_mask[l], has_next) << l;
    if (has_next) {
      EXPECT_EQ(next[l], ids[l + 1]) << l;
    }
  }
  const Truncation cut = dataset.truncated().at("page");
  EXPECT_EQ(cut.cut, 1);
  EXPECT_EQ(cut.longest, 17);
}

TEST_F(DocumentTest, ColourPicturesStandOneBelowTheOtherInEachChannel) {
  add("a", R"([{"image": "a.png"}, {"image": "b.png"}])");
  const Batch batch = only_row(open(
      R"("pointer": "/parts", "max_length": 8, "image": {"size": [2, 2], "channels": 3, "patch": 2, "max_images": 2})"));
  const Array& pictures = batch.fields.at("page_pictures");
  EXPECT_THAT(pictures.sizes, ElementsAre(1, 3, 4, 2));
  for (int i = 0; i < 24; ++i)
    EXPECT_FLOAT_EQ(pictures.data<float>()[i], (i / 4 % 2 == 0 ? 51.0F : 102.0F) / 255) << i;
}

TEST_F(DocumentTest, ATextLosesItsEndAndAPictureTooManyIsLeftOut) {
  add("a", R"([{"text": "abcdefgh"}])");
  add("b", R"([{"image": "a.png"}, {"image": "b.png"}, {"text": "a"}])");
  const Dataset dataset = open(
      R"("pointer": "/parts", "max_length": 7, "bos": true, "image": {"size": [4, 4], "patch": 4, "max_images": 1})");
  EvaluationStream stream(dataset, Split::val, 2);
  Batch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_EQ(dataset.decode_text("page", integers(batch, "page", 0)), "abcde");
  EXPECT_THAT(integers(batch, "page_source", 1), ElementsAre(0, 1, 0, 0, 0, 0, 0));
  EXPECT_THAT(flags(batch, "page_mask", 1),
              ElementsAre(true, true, false, false, false, false, false));
  EXPECT_EQ(dataset.truncated().at("page").cut, 2);
}

TEST_F(DocumentTest, TheRecipesPartsAreTheSameForAllAndOptionalOnesMayLack) {
  add("a", "[]", R"(, "x": "ab")");
  add("b", "[]");
  const Dataset dataset = open(concat(
      R"("max_length": 16, "parts": [{"text": "/x", "optional": true}, {"image": "a.png"}, {"audio": "none.wav", "optional": true}], )",
      k_image, "}, ", k_audio, "}"));
  EvaluationStream stream(dataset, Split::val, 2);
  Batch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_THAT(integers(batch, "page_pictures_at", 0),
              ElementsAre(3, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(integers(batch, "page_pictures_at", 1),
              ElementsAre(0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0));
}

TEST_F(DocumentTest, WhatIsHiddenStandsInTheSequence) {
  for (const char* key : {"a", "b", "c", "d"})
    add(key, R"([{"text": "abcd"}, {"image": "a.png"}, {"audio": "wav"}])");
  const Dataset dataset = open(concat(
      R"("pointer": "/parts", "max_length": 16, "mask": {"probability": 0.5, "replace_prob": 1, "random_prob": 0}, )",
      k_image, R"(, "mask": {"mask_ratio": 0.5, "shape": "random"}}, )", k_audio,
      R"(, "mask": {"probability": 0.5, "length": 1}})"));
  EvaluationStream stream(dataset, Split::val, 4);
  Batch batch;
  ASSERT_TRUE(stream.next(batch));
  std::int64_t words = 0, groups = 0;
  for (std::int64_t row = 0; row < 4; ++row) {
    const auto ids = integers(batch, "page", row), target = integers(batch, "page_target", row);
    const auto source = integers(batch, "page_source", row);
    const std::vector<bool> masked = flags(batch, "page_masked", row);
    EXPECT_EQ(dataset.decode_text("page", target), "abcd");
    for (std::size_t l = 0; l < 16; ++l) {
      EXPECT_TRUE(!masked[l] || (source[l] == 0 && l < 5)) << l;
      EXPECT_EQ(ids[l], masked[l] ? 13 : target[l]);  // four special ids, eight letters, ▁
      words += masked[l];
    }
    const std::vector<bool> patches = flags(batch, "page_pictures_masked", row);
    EXPECT_EQ(std::count(patches.begin(), patches.begin() + 4, true), 2);
    EXPECT_EQ(std::count(patches.begin() + 4, patches.end(), true), 0);
    const std::vector<bool> hidden = flags(batch, "page_sounds_masked", row);
    const std::vector<bool> frames = flags(batch, "page_sounds_masked_frames", row);
    EXPECT_EQ(std::count(hidden.begin() + 3, hidden.end(), true), 0);
    for (std::size_t t = 0; t < 24; ++t) EXPECT_EQ(frames[t], hidden[t / 4] && t < 9) << t;
    groups += std::count(hidden.begin(), hidden.end(), true);
  }
  EXPECT_TRUE(words > 0 && words < 20) << words;
  EXPECT_TRUE(groups > 0 && groups < 12) << groups;
}

/// Twelve documents of two to seven places, one of them with a picture.
class PackedTest : public DocumentTest {
 protected:
  PackedTest() {
    for (int i = 0; i < 12; ++i) {
      const std::string text(static_cast<std::size_t>(1 + i % 6), static_cast<char>('a' + i % 8));
      add(concat("k", i),
          concat(R"([{"text": ")", text, R"("})", i == 4 ? R"(, {"image": "a.png"})" : "", "]"));
    }
  }
  static constexpr const char* k_field =
      R"("pointer": "/parts", "max_length": 12, "pack": true, )"
      R"("image": {"size": [4, 4], "patch": 2, "max_images": 1})";

  /// The keys of a row.
  static std::vector<std::string> keys(const std::string& row) {
    std::vector<std::string> keys;
    for (std::size_t begin = 0, end = 0; begin <= row.size(); begin = end + 3) {
      end = std::min(row.find(" + ", begin), row.size());
      keys.push_back(row.substr(begin, end - begin));
    }
    return keys;
  }
};

TEST_F(PackedTest, ARowHoldsAsManyConsecutiveDocumentsAsFit) {
  const Dataset dataset = open(k_field);
  TrainingStream stream(dataset, 1, 7);
  EXPECT_THAT(stream.next().keys, ElementsAre("k0 + k1 + k2"));  // 2 + 3 + 4; k3 takes 5
  const Batch batch = stream.next();                             // 5; k4 takes 6 + 4
  EXPECT_THAT(batch.keys, ElementsAre("k3"));
  EXPECT_THAT(stream.next().keys, ElementsAre("k4"));
  EXPECT_THAT(stream.next().keys, ElementsAre("k5 + k6 + k7"));  // 7 + 2 + 3, all twelve
  const Batch row = TrainingStream(dataset, 1, 7).next();
  EXPECT_THAT(integers(row, "page_document"), ElementsAre(1, 1, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0));
  EXPECT_THAT(integers(row, "page_position"), ElementsAre(0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 0, 0));
}

TEST_F(PackedTest, HowFullItsRowsAre) {
  const Packing packing = packing_of(open(k_field), 7);
  // Of 9, 5, 10, 12, 9 and 6 places, and the last document with the next epoch's first two: 12.
  EXPECT_EQ(packing.rows, 7);
  EXPECT_EQ(packing.documents, 2);
  EXPECT_EQ(packing.filled, 63.0 / 84);
}

TEST_F(PackedTest, EveryEpochHoldsEveryDocumentOnceAndResumingGoesOn) {
  const Dataset dataset = open(k_field, "");
  TrainingStream stream(dataset, 2, 7);
  std::vector<Batch> batches;
  std::vector<Position> positions;
  std::vector<std::string> all;
  while (all.size() < 48) {
    positions.push_back(stream.position());
    batches.push_back(stream.next());
    for (const std::string& row : batches.back().keys)
      for (std::string& key : keys(row)) all.push_back(std::move(key));
    EXPECT_EQ(stream.position().taken, std::ssize(all));
  }
  for (std::size_t epoch = 0; epoch < 4; ++epoch) {
    EXPECT_EQ(std::set<std::string>(all.begin() + static_cast<std::ptrdiff_t>(epoch * 12),
                                    all.begin() + static_cast<std::ptrdiff_t>(epoch * 12 + 12))
                  .size(),
              12U);
  }
  TrainingStream again(dataset, 2, 7, {}, positions[3]);
  for (std::size_t i = 3; i < batches.size(); ++i) EXPECT_EQ(again.next().keys, batches[i].keys);
  stream.seek(positions[1]);
  EXPECT_EQ(stream.next().keys, batches[1].keys);
}

TEST_F(PackedTest, TwoRanksShareTheRowsOfOne) {
  const Dataset dataset = open(k_field, "");
  TrainingStream one(dataset, 4, 7), first(dataset, 2, 7, {0, 2}), second(dataset, 2, 7, {1, 2});
  for (int i = 0; i < 6; ++i) {
    std::vector<std::string> both = first.next().keys;
    for (const std::string& key : second.next().keys) both.push_back(key);
    EXPECT_EQ(one.next().keys, both);
    EXPECT_EQ(first.position(), second.position());
  }
}

TEST_F(PackedTest, AStreamedPartIsPackedAndResumedAlike) {
  const std::string model = open(k_field).tokenizer_path();
  const Dataset dataset = open_with(R"({"file": ")" + model + "\"}", k_field,
                                    R"(, "order": {"buffer": 5}, "stream": true)");
  TrainingStream stream(dataset, 1, 7);
  std::vector<std::vector<std::string>> rows;
  std::vector<Position> positions;
  for (int i = 0; i < 9; ++i) {
    positions.push_back(stream.position());
    rows.push_back(stream.next().keys);
    EXPECT_FALSE(rows.back()[0].empty());
  }
  std::multiset<std::string> met;  // of an epoch, whose last row may reach into the next
  TrainingStream whole(dataset, 1, 7);
  for (std::int64_t taken = 0; taken < 12; taken = whole.position().taken) {
    for (const std::string& key : keys(whole.next().keys[0])) met.insert(key);
  }
  for (int i = 0; i < 12; ++i) EXPECT_GE(met.count(concat("k", i)), 1U) << i;
  EXPECT_LE(met.size(), 17U);
  for (std::size_t from = 0; from < rows.size(); ++from) {
    TrainingStream again(dataset, 1, 7, {}, positions[from]);
    for (std::size_t i = from; i < rows.size(); ++i) EXPECT_EQ(again.next().keys, rows[i]);
  }
}

TEST_F(PackedTest, ABrokenDocumentIsLeftOutOfItsRowAndTheOthersStay) {
  for (auto& [name, bytes] : members)
    if (name == "k4.a.png") bytes = "no picture";
  const Dataset dataset = open(k_field, R"(, "on_bad_sample": {"skip": 0.5})");
  TrainingStream stream(dataset, 2, 7);
  std::multiset<std::string> met;
  while (stream.position().taken < 36) {
    for (const std::string& row : stream.next().keys)
      for (const std::string& key : keys(row)) met.insert(key);
  }
  for (int i = 0; i < 12; ++i) {
    if (i != 4) {
      EXPECT_GE(met.count(concat("k", i)), 3U) << i;
    }
  }
  EXPECT_EQ(met.count("k4"), 0U);
  ASSERT_EQ(dataset.set_aside().size(), 1U);
  EXPECT_EQ(dataset.set_aside()[0].key, "k4");
}

TEST_F(PackedTest, WhereAWholeRowIsBrokenEachOfItsDocumentsIsListed) {
  for (auto& [name, bytes] : members)
    if (name == "k0.json" || name == "k1.json" || name == "k2.json")
      bytes = R"({"parts": [{"image": "none"}], "all": "abcdefgh"})";
  const Dataset dataset = open(k_field, R"(, "order": "sequence", "on_bad_sample": {"skip": 0.5})");
  TrainingStream stream(dataset, 2, 7);
  while (stream.position().taken < 24) stream.next();
  std::set<std::string> listed;
  for (const BadSample& bad : dataset.set_aside()) listed.insert(bad.key);
  EXPECT_THAT(listed, testing::UnorderedElementsAre("k0", "k1", "k2"));
}

TEST_F(DocumentTest, ASampleCannotAskForMoreThanTheRowHolds) {
  std::string parts = R"({"text": "a"})";
  for (int i = 0; i < 9'000; ++i) parts += R"(, {"image": "a.png"})";
  add("a", "[" + parts + "]");
  const Dataset dataset = open(fields());
  const Batch batch = only_row(dataset);
  const auto source = integers(batch, "page_source");
  EXPECT_EQ(std::count_if(source.begin(), source.end(), [](std::int64_t s) { return s > 0; }), 12);
  for (int i = 0; i < 1'001; ++i) parts += R"(, {"image": "a.png"})";
  add("a", "[" + parts + "]");
  EXPECT_THAT(error_of([&] { only_row(open(fields())); }).second,
              HasSubstr("train.tar, sample a: /parts: a document has at most 10000 parts, found "
                        "10002. Divide the sample. "));
}

TEST_F(DocumentTest, DeepListsAreNoLists) {
  add("a", "\"" + std::string(100'000, '[') + std::string(100'000, ']') + "\"");
  EXPECT_THAT(error_of([&] { only_row(open(fields())); }).second,
              HasSubstr("/parts: expected a list of parts for field page."));
}

TEST_F(DocumentTest, WhatIsNoListOfPartsIsRefused) {
  const auto sentence = [&](const std::string& parts, const std::string& field) {
    add("a", parts);
    const Dataset dataset = open(field);
    return error_of([&] { only_row(dataset); });
  };
  const std::string text_only = R"("pointer": "/parts", "max_length": 9)";
  const auto [exit, no_list] = sentence(R"("x")", text_only);
  EXPECT_EQ(exit, Exit::bad_data);
  EXPECT_THAT(no_list, HasSubstr("train.tar, sample a: /parts: expected a list of parts for field "
                                 "page. Correct the data, or the pointer. "));
  EXPECT_THAT(
      sentence(R"([{"text": "a"}, {"sound": "wav"}])", text_only).second,
      HasSubstr("train.tar, sample a: /parts/1: expected {\"text\": …}, {\"image\": member} or "
                "{\"audio\": member}, found {\"sound\":\"wav\"}. Correct the data. "));
  const std::string many = sentence(R"([1, {"text": "a"}, 2, 3, 4, 5])", text_only).second;
  EXPECT_THAT(many, AllOf(HasSubstr("/parts/0: expected"), HasSubstr("/parts/2: expected"),
                          HasSubstr("/parts/3: expected"), Not(HasSubstr("/parts/4: expected")),
                          HasSubstr("Correct the data. 2 more parts are like them.")));
  EXPECT_THAT(sentence(R"([{"image": "a.png"}, {"audio": "a.wav"}])", text_only).second,
              AllOf(HasSubstr("asks for the image a.png"), HasSubstr("asks for the audio a.wav")));
  EXPECT_THAT(
      sentence(R"([{"image": "a.png"}])", text_only).second,
      HasSubstr("train.tar, sample a: /parts asks for the image a.png, and field page does not say "
                "how it is read. Add \"image\" to the field, or leave the sample out. "));
  EXPECT_THAT(sentence(R"([{"image": "c.png"}])", fields()).second,
              HasSubstr("train.tar, sample a: there is no member c.png"));
}

}  // namespace
}  // namespace weft::host
