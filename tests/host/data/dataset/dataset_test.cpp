// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"

#include <gmock/gmock.h>

#include "host/base/text.hpp"
#include "host/data/audio/audio_feature.hpp"
#include "host/data/batch/feature.hpp"
#include "host/data/fields/feature_cache.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::Folder;
using test::numbers_section;
using test::write_numbers;
using testing::ElementsAre;

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() {
    write_numbers(folder.path("train.tar"), 6);
    write_numbers(folder.path("val.tar"), 4);
  }

  std::string shards() const {
    return R"({"train": [")" + folder.path("train.tar") + R"("], "val": [")" +
           folder.path("val.tar") + R"("]})";
  }

  Dataset open(const std::string& section) { return Dataset::open("d", section, folder.path("c")); }

  Batch first_of(const Dataset& dataset, const std::string& by = "") {
    EvaluationStream stream(dataset, Split::val, 100, by);
    Batch batch;
    EXPECT_TRUE(stream.next(batch));
    return batch;
  }

  /// Writes the files of NAME.tar into a folder NAME, with an index; the JSON stands in the index.
  void unpack(const std::string& name) {
    std::filesystem::create_directory(folder.path(name));
    std::string index;
    const Shard shard = read_shard(folder.path(name + ".tar"));
    for (std::size_t i = 0; i < shard.size(); ++i) {
      const std::string key(shard.key(i));
      index += R"({"key": ")" + key + '"';
      for (const std::string& member : shard.members(i)) {
        const Bytes bytes = shard.read(i, member);
        std::string text(text_of(bytes));
        if (member != "json") {
          test::write_file(folder.path(name + "/" + key + "." + member), text);
          text = '"' + key + "." + member + '"';
        }
        index += ", \"" + member + "\": " + text;
      }
      index += "}\n";
    }
    test::write_file(folder.path(name + "/index.jsonl"), index);
  }

  Folder folder;
};

template <class T>
std::vector<T> values(const Array& array) {
  return std::vector<T>(array.data<T>(), array.data<T>() + array.count());
}

TEST_F(DatasetTest, CountsAndNamesItsParts) {
  const Dataset dataset = open(numbers_section(shards()));
  EXPECT_EQ(dataset.name(), "d");
  EXPECT_EQ(dataset.size(Split::train), 6);
  EXPECT_EQ(dataset.size(Split::val), 4);
  EXPECT_EQ(dataset.size(Split::test), 0);
}

TEST_F(DatasetTest, ABatchHasEveryFieldOfItsSpecsInItsShape) {
  const Dataset dataset = open(numbers_section(shards()));
  const Batch batch = first_of(dataset);
  ASSERT_EQ(batch.size, 4);
  EXPECT_THAT(batch.keys, ElementsAre("a0", "a1", "a2", "a3"));
  EXPECT_THAT(batch.groups, ElementsAre());
  ASSERT_EQ(batch.fields.size(), dataset.fields().size());
  for (const FieldSpec& spec : dataset.fields()) {
    const Array& array = batch.fields.at(spec.name);
    EXPECT_EQ(array.dtype, spec.dtype);
    std::vector<std::int64_t> sizes = {4};
    sizes.insert(sizes.end(), spec.sizes.begin(), spec.sizes.end());
    EXPECT_EQ(array.sizes, sizes) << spec.name;
  }
}

TEST_F(DatasetTest, WhispersSilenceFillsItsFieldAndIsNotMarkedAsReal) {
  const std::string field = R"({"kind": "log_mel", "preset": "whisper", "frames": 40})";
  const Dataset dataset =
      open(R"({"shards": )" + shards() + R"(, "fields": {"voice": )" + field + "}}");
  const Batch batch = first_of(dataset);
  const std::vector<float> found = values<float>(batch.fields.at("voice"));
  const auto shard = read_shard(folder.path("val.tar"));
  const auto options = parse_data_options(R"({"fields": {"voice": )" + field + "}}");
  const Feature feature = recording_feature(
      shard.read(0, "wav"), std::get<RecordingOptions>(options.fields.at(0).kind), "v");
  ASSERT_LT(feature.frames, 40);
  EXPECT_EQ(std::vector(found.begin(), found.begin() + 40 * 80), values<float>(feature.values));
  EXPECT_LT(found[40 * 80 - 1], -0.2F) << "log10(silence), not 0";
  std::vector<bool> mask(40, false);
  std::fill_n(mask.begin(), feature.frames, true);
  const bool* const real = batch.fields.at("voice_mask").data<bool>();
  EXPECT_EQ(std::vector<bool>(real, real + 40), mask);
}

TEST_F(DatasetTest, PicturesAreNormalised) {
  std::string section = numbers_section(shards());
  section.replace(section.find(R"("size": [4, 4])"), 14,
                  R"("size": [4, 4], "mean": 0.5, "std": 0.25)");
  const Batch batch = first_of(open(section));
  const float* const pixels = batch.fields.at("picture").data<float>();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(pixels[16 * i], (static_cast<float>(5 * i) / 255 - 0.5F) / 0.25F);
  }
}

TEST_F(DatasetTest, RecordingsArePaddedWithZeroMaskedAndCut) {
  const Dataset dataset = open(numbers_section(shards()));
  const Batch batch = first_of(dataset);
  const Array& mask = batch.fields.at("voice_mask");
  const Array& voice = batch.fields.at("voice");
  EXPECT_FALSE(mask.data<bool>()[11]) << "a0 has 11 frames";
  EXPECT_TRUE(mask.data<bool>()[10]);
  EXPECT_TRUE(mask.data<bool>()[12 + 11]) << "a1 has 12";
  for (std::size_t m = 0; m < 8; ++m) EXPECT_EQ(voice.data<float>()[11 * 8 + m], 0);
  EXPECT_NE(voice.data<float>()[std::size_t{10} * 8], 0);
  const Truncation cut = dataset.truncated().at("voice");
  EXPECT_EQ(cut.cut, 2) << "a2 and a3";
  EXPECT_EQ(cut.of, 4) << "what batches were made of";
  EXPECT_EQ(cut.room, 12);
  EXPECT_EQ(cut.longest, 14);
}

TEST_F(DatasetTest, ClassesAreIndices) {
  const Batch batch = first_of(open(numbers_section(shards())));
  EXPECT_THAT(values<std::int64_t>(batch.fields.at("parity")), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(values<std::int64_t>(batch.fields.at("number")), ElementsAre(0, 1, 2, 3));
}

TEST_F(DatasetTest, EachMakesAnExampleOfEveryEntryAndWhereChooses) {
  const std::string each = R"(, "explode": "/questions")";
  EXPECT_EQ(open(numbers_section(shards(), each)).size(Split::train), 12);
  const Dataset sums = open(numbers_section(shards(), each + R"(, "filter": {"/op": ["sum"]})"));
  EXPECT_EQ(sums.size(Split::train), 6);
  const Batch batch = first_of(sums, "/op");
  EXPECT_THAT(batch.keys, ElementsAre("a0#1", "a1#1", "a2#1", "a3#1"));
  EXPECT_THAT(batch.groups, ElementsAre("sum", "sum", "sum", "sum"));
  EXPECT_EQ(sums.value(Split::val, 2, "/question"), "What is the sum of 2 and one?");
  EXPECT_EQ(sums.value(Split::val, 2, "/parity"), "even") << "the sample's own values stay";
}

TEST_F(DatasetTest, WhereComparesNumbersAndTakesSeveralValues) {
  const Dataset dataset = open(numbers_section(shards(), R"(, "filter": {"/number": [1, "3"]})"));
  EXPECT_THAT(first_of(dataset).keys, ElementsAre("a1", "a3"));
}

std::string text_section(const std::string& shards, const std::string& field) {
  return R"({"shards": )" + shards + R"(, "explode": "/questions",
    "tokenizer": {"type": "char", "vocab_size": 64, "from": ["/question"]},
    "fields": {"q": {"kind": "text", "pointer": "/question")" +
         field + "}}}";
}

TEST_F(DatasetTest, TextsHaveBeginEndPaddingAndMask) {
  const Dataset dataset =
      open(text_section(shards(), R"(, "max_length": 40, "bos": true, "eos": true)"));
  const Batch batch = first_of(dataset);
  const std::vector<std::int64_t> ids = values<std::int64_t>(batch.fields.at("q"));
  const std::vector<bool> mask = values<bool>(batch.fields.at("q_mask"));
  EXPECT_EQ(ids[0], 2);
  std::size_t length = 0;
  while (length < 40 && mask[length]) ++length;
  EXPECT_EQ(ids[length - 1], 3);
  for (std::size_t i = length; i < 40; ++i) {
    EXPECT_EQ(ids[i], 0);
    EXPECT_FALSE(mask[i]);
  }
  EXPECT_EQ(dataset.decode_text("q", std::span(ids).first(40)), "Is it 0?");
  EXPECT_EQ(dataset.truncated().at("q").cut, 0);
}

TEST_F(DatasetTest, LongTextsAreCutBeforeTheEndTokenAndCounted) {
  const Dataset dataset = open(text_section(shards(), R"(, "max_length": 6, "eos": true)"));
  const std::vector<std::int64_t> ids = values<std::int64_t>(first_of(dataset).fields.at("q"));
  EXPECT_EQ(ids[5], 3);
  EXPECT_EQ(dataset.decode_text("q", std::span(ids).first(6)), "Is i");
  const Truncation cut = dataset.truncated().at("q");
  EXPECT_EQ(cut.cut, 8) << "all of them";
  EXPECT_EQ(cut.of, 8);
  EXPECT_EQ(cut.room, 5) << "one place is the end token's";
  EXPECT_EQ(cut.longest, std::ssize(std::string("What is the sum of 0 and one?")) + 1)
      << "SentencePiece puts a word mark in front";
}

TEST_F(DatasetTest, DecodeTextNamesClassesAndRefusesOtherFields) {
  const Dataset dataset = open(numbers_section(shards()));
  const std::vector<std::int64_t> one = {1};
  EXPECT_EQ(dataset.decode_text("parity", one), "odd");
  EXPECT_THROW(dataset.decode_text("picture", one), std::out_of_range);
  EXPECT_THROW(dataset.decode_text("nothing", one), std::out_of_range);
}

TEST_F(DatasetTest, FingerprintFollowsContentsAndOptionsButNotPlaces) {
  const std::string before = open(numbers_section(shards())).fingerprint();
  EXPECT_EQ(open(numbers_section(shards())).fingerprint(), before);
  EXPECT_NE(open(numbers_section(shards(), R"(, "filter": {"/op": ["sum"], "/number": [1]},
                                              "explode": "/questions")"))
                .fingerprint(),
            before);
  Folder elsewhere;
  for (const char* name : {"train.tar", "val.tar"}) {
    std::filesystem::copy_file(folder.path(name), elsewhere.path(name));
  }
  const std::string moved = R"({"train": [")" + elsewhere.path("train.tar") + R"("], "val": [")" +
                            elsewhere.path("val.tar") + R"("]})";
  EXPECT_EQ(open(numbers_section(moved)).fingerprint(), before);
  write_numbers(folder.path("val.tar"), 5);
  EXPECT_NE(open(numbers_section(shards())).fingerprint(), before);
}

TEST_F(DatasetTest, SectionsThatDifferInTheirFilterShareOneTokenizer) {
  const std::string plain = text_section(shards(), R"(, "max_length": 9)");
  std::string filtered = plain;
  filtered.insert(1, R"("filter": {"/op": ["sum"]}, )");
  EXPECT_EQ(open(plain).tokenizer_path(), open(filtered).tokenizer_path());
}

TEST_F(DatasetTest, SectionsThatShareACacheShareTheirFeatures) {
  const auto cache = std::make_shared<FeatureCache>();
  unpack("train");
  const std::string section =
      numbers_section(R"({"train": [")" + folder.path("train/index.jsonl") + R"("], "val": [")" +
                      folder.path("train/index.jsonl") + R"("]})");
  const Dataset a = Dataset::open("a", section, folder.path("c"), cache);
  const Batch before = first_of(a);
  std::string roomless = section;
  roomless.insert(1, R"("loading": {"cache": 0},)");
  const Dataset c = Dataset::open("c", roomless, folder.path("c"));
  first_of(c);
  const Dataset b = Dataset::open("b", section, folder.path("c"), cache);
  std::filesystem::remove(folder.path("train/a3.wav"));
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  EXPECT_EQ(values<float>(before.fields.at("voice")),
            values<float>(first_of(b).fields.at("voice")));
  EXPECT_EQ(test::error_of([&] { first_of(c); }).first, Exit::bad_data)
      << "without room nothing is kept, and the file is missed";
}

TEST_F(DatasetTest, AFolderGivesWhatItsTarGives) {
  unpack("train");
  unpack("val");
  const Batch batch = first_of(open(numbers_section(shards())));
  const Dataset dataset =
      open(numbers_section(R"({"train": [")" + folder.path("train/index.jsonl") +
                           R"("], "val": [")" + folder.path("val/index.jsonl") + R"("]})"));
  EXPECT_EQ(dataset.size(Split::train), 6);
  const Batch other = first_of(dataset);
  EXPECT_EQ(other.keys, batch.keys);
  for (const char* field : {"picture", "voice"}) {
    EXPECT_EQ(values<float>(other.fields.at(field)), values<float>(batch.fields.at(field)));
  }
  EXPECT_EQ(values<std::int64_t>(other.fields.at("parity")),
            values<std::int64_t>(batch.fields.at("parity")));
}

TEST_F(DatasetTest, PatternsRangesAndListsNameTheSameDataAsPaths) {
  const auto section = [&](const std::string& train) {
    return numbers_section(R"({"train": [)" + train + "]}");
  };
  const auto quoted = [&](const std::string& name) { return '"' + folder.path(name) + '"'; };
  for (int i = 0; i < 3; ++i) write_numbers(folder.path(concat("s-0", i, ".tar")), i + 2);
  test::write_file(folder.path("list.txt"), "s-00.tar\ns-01.tar\ns-02.tar\n");
  const Dataset plain =
      open(section(quoted("s-00.tar") + "," + quoted("s-01.tar") + "," + quoted("s-02.tar")));
  EXPECT_EQ(plain.size(Split::train), 2 + 3 + 4);
  for (const std::string& train :
       {quoted("s-*.tar"), quoted("s-{00..02}.tar"), "\"@" + folder.path("list.txt") + '"'}) {
    const Dataset dataset = open(section(train));
    EXPECT_EQ(dataset.fingerprint(), plain.fingerprint()) << train;
    EXPECT_EQ(dataset.size(Split::train), plain.size(Split::train));
  }
  EXPECT_NE(open(section(quoted("s-*.tar") + "," + quoted("s-00.tar"))).fingerprint(),
            plain.fingerprint());
}

/// What a chat model wants around a question, its own tokens included.
TEST_F(DatasetTest, APrefixAndASuffixStandAroundEveryText) {
  const std::string file = WEFT_SOURCE_DIR "/tests/reference/tokenizer_llama3.json";
  test::write_tar(
      folder.path("a.tar"),
      {{"a.json", R"({"bare": "two boats", "whole": "<|begin_of_text|>Q: two boats A:"})"},
       {"b.json", R"({"bare": "", "whole": "<|begin_of_text|>Q:  A:"})"}});
  const auto ids = [&](const std::string& field) {
    const Dataset dataset =
        open(R"({"shards": {"val": [")" + folder.path("a.tar") + R"("]}, "tokenizer": {"file": ")" +
             file + R"("}, "fields": {"x": {"kind": "text", "max_length": 16, )" + field + "}}}");
    const Batch batch = first_of(dataset);
    auto all = test::integers(batch, "x", 0);
    const auto second = test::integers(batch, "x", 1);
    all.insert(all.end(), second.begin(), second.end());
    return all;
  };
  const auto whole = ids(R"("pointer": "/whole")");
  EXPECT_EQ(ids(R"("pointer": "/bare", "prefix": "<|begin_of_text|>Q: ", "suffix": " A:")"), whole);
  EXPECT_NE(ids(R"("pointer": "/bare", "prefix": "<|begin_of_text|>Q: ")"), whole);
  EXPECT_NE(ids(R"("pointer": "/bare", "suffix": " A:")"), whole);
}

}  // namespace
}  // namespace weft::host
