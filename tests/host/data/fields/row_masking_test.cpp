// SPDX-License-Identifier: Apache-2.0
/// Rows of a batch alone, then what streams make of a section with masks.

#include "host/data/fields/row_masking.hpp"
#include "host/data/loading/stream.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <numeric>
#include <set>

#include "host/base/text.hpp"
#include "host/data/fields/field.hpp"
#include "host/data/text/tokenizer.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::flags;
using test::Folder;

/// Of the streams' batches: eleven rows of sixteen tokens or patches.
constexpr std::int64_t k_places = 176;

/// A section with every sort of mask.
std::string masked_section(const std::string& shards, const std::string& more = "",
                           const std::string& voice = "") {
  return R"({"shards": )" + shards + R"(,
    "tokenizer": {"type": "char", "vocab_size": 64, "from": ["/questions/0/question"]},
    "fields": {
      "picture": {"kind": "image", "size": [4, 4], "mask": {"patch": 1, "mask_ratio": 0.5},
                  "visual_tokens": {"vocab_size": 8, "patch": 1}},
      "voice": {"kind": "log_mel", "rate": 8000, "fft": 256, "hop": 80, "mels": 8, "frames": 30,
                "mask": {"probability": 0.1, "length": 3, "band_probability": 0.1,
                         "band_length": 2})" +
         voice + R"(},
      "words": {"kind": "text", "pointer": "/questions/0/question", "max_length": 16, "bos": true,
                "mask": {"probability": 0.4}}})" +
         more + "}";
}

std::int64_t count(const std::vector<bool>& flags) {
  return std::count(flags.begin(), flags.end(), true);
}

/// A batch of empty rows as the section's fields ask for, all recordings 20 frames long and all
/// texts `begin`, eight letters and padding.
Batch empty_batch(const std::string& section, std::int64_t rows) {
  Batch batch;
  batch.size = rows;
  for (const FieldSpec& spec : field_specs(section)) {
    if (spec.is_text()) continue;  // no batch holds it unless it is asked for
    std::vector<std::int64_t> sizes = {rows};
    sizes.insert(sizes.end(), spec.sizes.begin(), spec.sizes.end());
    Array array = Array::empty(spec.dtype, sizes);
    std::memset(array.bytes.get(), 0, array.byte_count());
    batch.fields.emplace(spec.name, array);
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    for (int i = 0; i < 20; ++i) batch.fields.at("voice_mask").data<bool>()[row * 30 + i] = true;
    auto* ids = batch.fields.at("words").data<std::int64_t>() + row * 16;
    ids[0] = k_begin;
    for (int i = 1; i < 9; ++i) ids[i] = 3 + i;
    for (int i = 0; i < 9; ++i) batch.fields.at("words_mask").data<bool>()[row * 16 + i] = true;
  }
  return batch;
}

MaskingVocabulary letters() {
  MaskingVocabulary vocabulary{64, std::vector<std::int64_t>(60), std::vector<bool>(64)};
  std::iota(vocabulary.ordinary.begin(), vocabulary.ordinary.end(), 4);
  return vocabulary;
}

TEST(RowMasking, HidesRealThingsOnlyAndKeepsTheTarget) {
  const std::string section = masked_section("{}");
  const DataOptions options = parse_data_options(section);
  const std::int64_t rows = 200;
  Batch batch = empty_batch(section, rows);
  const Batch before = empty_batch(section, rows);
  std::int64_t frames = 0, tokens = 0, bands = 0, changed = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    mask_row(options, letters(), batch, static_cast<std::size_t>(row),
             {7, 1, static_cast<std::uint64_t>(row)});
    EXPECT_GE(count(flags(batch, "picture_masked", row)), 1);
    EXPECT_LE(count(flags(batch, "picture_masked", row)), 8);
    const std::vector<bool> voice = flags(batch, "voice_masked", row);
    for (std::size_t t = 20; t < 30; ++t) EXPECT_FALSE(voice[t]) << "padding";
    const std::vector<bool> words = flags(batch, "words_masked", row);
    for (std::size_t i = 0; i < 16; ++i) {
      const std::size_t at = static_cast<std::size_t>(row) * 16 + i;
      const std::int64_t id = batch.fields.at("words").data<std::int64_t>()[at];
      const std::int64_t target = batch.fields.at("words_target").data<std::int64_t>()[at];
      EXPECT_EQ(target, before.fields.at("words").data<std::int64_t>()[at]);
      EXPECT_TRUE(words[i] || id == target);
      EXPECT_FALSE(words[i] && target < 4) << "no special token and no padding";
      changed += id != target;
    }
    frames += count(voice);
    bands += count(flags(batch, "voice_masked_bands", row));
    tokens += count(words);
  }
  EXPECT_NEAR(static_cast<double>(tokens) / (rows * 8), 0.4, 0.06);
  EXPECT_NEAR(static_cast<double>(changed) / static_cast<double>(tokens), 0.9, 0.05);
  EXPECT_NEAR(static_cast<double>(frames) / (rows * 20), 1 - 0.9 * 0.9 * 0.9, 0.06);
  EXPECT_NEAR(static_cast<double>(bands) / (rows * 8), 1 - 0.9 * 0.9, 0.06);
}

TEST(RowMasking, FieldsUnderAJointMaskShareTheirBudget) {
  const std::string section = masked_section(
      "{}", R"(, "joint_mask": {"fields": ["picture", "voice", "words"], "visible": 11})");
  const DataOptions options = parse_data_options(section);
  Batch batch = empty_batch(section, 100);
  std::set<std::int64_t> shares;
  for (std::int64_t row = 0; row < 100; ++row) {
    mask_row(options, letters(), batch, static_cast<std::size_t>(row),
             {7, 1, static_cast<std::uint64_t>(row)});
    const std::int64_t picture = 16 - count(flags(batch, "picture_masked", row));
    const std::int64_t voice = 20 - count(flags(batch, "voice_masked", row));
    const std::int64_t words = 8 - count(flags(batch, "words_masked", row));
    EXPECT_EQ(picture + voice + words, 11);
    shares.insert(picture);
    const std::vector<bool> hidden = flags(batch, "words_masked", row);
    EXPECT_FALSE(hidden[0] || hidden[9]);
  }
  EXPECT_GT(shares.size(), 8U);
}

TEST(RowMasking, AModalityThatIsNotThereHidesNothingAndTakesNoBudget) {
  std::string section =
      masked_section("{}", R"(, "joint_mask": {"fields": ["picture", "words"], "visible": 5})");
  section.replace(section.find(R"("size": [4, 4])"), 14, R"("size": [4, 4], "optional": true)");
  Batch batch = empty_batch(section, 2);
  batch.fields.at("picture_present").data<bool>()[0] = true;
  for (const std::size_t row : {0, 1})
    mask_row(parse_data_options(section), letters(), batch, row, {1, 2, 3});
  EXPECT_EQ(count(flags(batch, "picture_masked", 0)) + count(flags(batch, "words_masked", 0)), 19);
  EXPECT_EQ(count(flags(batch, "picture_masked", 1)), 0);
  EXPECT_EQ(count(flags(batch, "words_masked", 1)), 3);
}

class MaskedStreams : public testing::Test {
 protected:
  MaskedStreams() { test::write_numbers(folder.path("train.tar"), 11); }

  Dataset open(const std::string& more = "") {
    const std::string path = folder.path("train.tar");
    return Dataset::open(
        "d",
        masked_section(R"({"train": [")" + path + R"("], "val": [")" + path + R"("]})", more,
                       R"(, "translate": 1)"),
        folder.path("c"));
  }
  static std::vector<std::vector<bool>> rows(const Batch& batch, const std::string& field) {
    std::vector<std::vector<bool>> all;
    for (std::int64_t row = 0; row < batch.size; ++row) all.push_back(flags(batch, field, row));
    return all;
  }

  Folder folder;
};

TEST_F(MaskedStreams, TrainingHidesAnewInEveryEpochAndFollowsTheSeed) {
  const Dataset dataset = open(R"(, "order": "sequence")");
  for (const std::string field : {"picture_masked", "voice_masked", "words_masked"}) {
    TrainingStream a(dataset, 11, 3), b(dataset, 11, 3), c(dataset, 11, 4);
    const auto first = rows(a.next(), field), second = rows(a.next(), field);
    EXPECT_EQ(rows(b.next(), field), first) << field;
    EXPECT_NE(second, first) << field;
    EXPECT_NE(rows(c.next(), field), first) << field;
  }
}

TEST_F(MaskedStreams, EvaluationHidesTheSameEveryTimeWhateverTheBatch) {
  const Dataset dataset = open();
  for (const std::string field : {"picture_masked", "voice_masked", "words_masked"}) {
    std::vector<std::vector<std::vector<bool>>> found;
    for (const std::int64_t size : {11, 3, 3}) {
      EvaluationStream stream(dataset, Split::val, size);
      found.emplace_back();
      Batch batch;
      while (stream.next(batch)) {
        for (auto& row : rows(batch, field)) found.back().push_back(std::move(row));
      }
    }
    EXPECT_EQ(found[0], found[1]) << field;
    EXPECT_EQ(found[1], found[2]) << field;
    EXPECT_GT(std::set(found[0].begin(), found[0].end()).size(), 2U) << "rows differ";
  }
}

TEST_F(MaskedStreams, TextsAreHiddenBehindTheIdPastTheVocabulary) {
  EvaluationStream stream(open(), Split::val, 11);
  Batch batch;
  stream.next(batch);
  const auto* ids = batch.fields.at("words").data<std::int64_t>();
  const auto* targets = batch.fields.at("words_target").data<std::int64_t>();
  const std::int64_t top = *std::max_element(ids, ids + k_places);
  EXPECT_GT(top, *std::max_element(targets, targets + k_places));
  EXPECT_LE(top, 64) << "an embedding of vocab + 1 rows has it";
  const std::vector<bool> hidden = flags(batch, "words_masked", 0);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(hidden[i] || ids[i] == targets[i]);
}

TEST_F(MaskedStreams, VisualTokensTellThePicturesApartAndAreKept) {
  Batch first, again;
  EvaluationStream(open(), Split::val, 11).next(first);
  EvaluationStream(open(), Split::val, 11).next(again);
  const auto* tokens = first.fields.at("picture_tokens").data<std::int64_t>();
  const std::set<std::int64_t> different(tokens, tokens + k_places);
  EXPECT_EQ(different.size(), 8U) << "eleven pictures, each of one grey, and eight tokens";
  for (std::int64_t i = 0; i < k_places; ++i) EXPECT_EQ(tokens[i], tokens[i / 16 * 16]);
  EXPECT_EQ(
      std::memcmp(tokens, again.fields.at("picture_tokens").bytes.get(), std::size_t{11} * 16 * 8),
      0);
}

/// The samples a1 and a3 lack the picture, the recording and the word.
TEST(OptionalFields, ASampleWithoutThemGivesZerosAndSaysSo) {
  const Folder folder;
  test::Members members;
  for (int i = 0; i < 4; ++i) {
    const std::string key = concat("a", i);
    if (i % 2 == 0) {
      members.emplace_back(key + ".png", test::png(4, 4, 1, std::vector<std::uint8_t>(16, 200)));
      members.emplace_back(key + ".wav", test::wav(8000, 1, std::vector<std::int16_t>(1600, 5000)));
    }
    members.emplace_back(key + ".json",
                         i % 2 == 0 ? R"({"word": "yes", "digit": 1})" : R"({"word": null})");
  }
  test::write_tar(folder.path("a.tar"), members);
  const auto open = [&](const std::string& option) {
    return Dataset::open("d",
                         R"({"shards": {"train": [")" + folder.path("a.tar") + R"("]},
      "tokenizer": {"type": "char", "vocab_size": 16, "from": ["/word"]}, "order": "sequence",
      "fields": {
        "picture": {"kind": "image", "size": [4, 4], "mean": 0.5)" +
                             option + R"(},
        "voice": {"kind": "log_mel", "rate": 8000, "fft": 256, "hop": 80, "mels": 8, "frames": 12)" +
                             option + R"(},
        "word": {"kind": "text", "pointer": "/word", "max_length": 8, "bos": true)" +
                             option + R"(},
        "digit": {"kind": "class", "pointer": "/digit", "classes": [0, 1])" +
                             option + "}}}",
                         folder.path("c"));
  };
  const Dataset dataset = open(R"(, "optional": true)");
  Batch batch;
  EvaluationStream(dataset, Split::train, 4).next(batch);
  const Batch trained = TrainingStream(dataset, 4, 1).next();
  for (const Batch* found : {static_cast<const Batch*>(&batch), &trained}) {
    for (const std::string field : {"picture", "voice", "word", "digit"}) {
      const auto* present = found->fields.at(field + "_present").data<bool>();
      EXPECT_EQ(std::vector<bool>(present, present + 4),
                (std::vector<bool>{true, false, true, false}))
          << field;
      const Array& values = found->fields.at(field);
      const std::size_t row = values.byte_count() / 4;
      const std::vector<std::byte> zeros(row);
      for (const std::size_t i : {0U, 1U, 2U, 3U}) {
        EXPECT_EQ(std::memcmp(values.bytes.get() + i * row, zeros.data(), row) == 0, i % 2 == 1)
            << field << i;
      }
    }
    for (const std::string mask : {"voice_mask", "word_mask"}) {
      EXPECT_EQ(count(flags(*found, mask, 1)), 0);
      EXPECT_GT(count(flags(*found, mask, 2)), 0);
    }
  }
  const auto [exit, sentence] =
      test::error_of([&] { EvaluationStream(open(""), Split::train, 4).next(batch); });
  EXPECT_EQ(exit, Exit::bad_data) << "an error without it";
  EXPECT_THAT(sentence, testing::HasSubstr("sample a1"));
}

}  // namespace
}  // namespace weft::host
