// SPDX-License-Identifier: Apache-2.0
/// Every bad input has its sentence and its exit code.

#include <gmock/gmock.h>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using test::Members;
using test::numbers_section;
using test::png;
using test::wav;
using testing::StartsWith;

constexpr const char* k_replace = ". Replace the file in the data.";

class DatasetFaultTest : public testing::Test {
 protected:
  /// Members of one sound sample, with these instead of its own; a null text leaves one out.
  void write_sample(const std::map<std::string, const std::string*>& changes) {
    const std::map<std::string, std::string> sound = {
        {"png", png(4, 4, 1, std::vector<std::uint8_t>(16, 7))},
        {"wav", wav(8000, 1, std::vector<std::int16_t>(800, 7))},
        {"json", R"({"number": 1, "parity": "odd", "question": "Is it?"})"}};
    Members members;
    for (const auto& [name, bytes] : sound) {
      const auto change = changes.find(name);
      if (change == changes.end()) members.emplace_back("k-1." + name, bytes);
      if (change != changes.end() && change->second != nullptr) {
        members.emplace_back("k-1." + name, *change->second);
      }
    }
    test::write_tar(path, members);
  }

  /// Opens the section and reads its training part.
  void read(const std::string& section) {
    EvaluationStream stream(Dataset::open("digits", section, folder.path("c")), Split::train, 4);
    Batch batch;
    while (stream.next(batch)) continue;
  }

  void expect(Exit exit, const std::string& sentence, const std::string& more = "") {
    const std::string section = numbers_section(R"({"train": [")" + path + R"("]})", more);
    const auto found = error_of([&] { read(section); });
    EXPECT_EQ(found.first, exit);
    EXPECT_EQ(found.second, sentence);
  }

  /// The sentence stands between the sample's place and what is said of all samples.
  void expect_of_sample(const std::string& sentence, const std::string& more = "") {
    expect(Exit::bad_data,
           place + sentence +
               " To set such samples aside, give data/digits/on_bad_sample a share, such as "
               "{\"skip\": 0.01}; `weft data check` lists them all.",
           more);
  }

  Folder folder;
  const std::string path = folder.path("bad-000.tar");
  const std::string place = path + ", sample k-1: ";
};

TEST_F(DatasetFaultTest, ASoundSampleIsAccepted) {
  write_sample({});
  expect(Exit::ok, "no error");
}

TEST_F(DatasetFaultTest, MissingShard) {
  expect(Exit::no_input, "The shard " + path +
                             " cannot be opened (No such file or directory). "
                             "Check the path under data/shards.");
}

TEST_F(DatasetFaultTest, APatternWithoutAMatchIsNamedByItsPlaceInTheRecipe) {
  const std::string section = numbers_section(R"({"train": [")" + folder.path("*.tar") + R"("]})");
  const auto found = error_of([&] { Dataset::open("digits", section, folder.path("c")); });
  EXPECT_EQ(found.first, Exit::no_input);
  EXPECT_THAT(found.second, StartsWith("/data/digits/shards/train/0: the pattern *.tar in "));
}

TEST_F(DatasetFaultTest, TruncatedShard) {
  write_sample({});
  test::write_file(path, test::read_file(path).substr(0, 3000));
  expect(Exit::bad_data, "The shard " + path +
                             " is cut off or damaged inside k-1.wav. Copy it "
                             "again from its source, or make it anew.");
}

TEST_F(DatasetFaultTest, CorruptPicture) {
  std::string picture = png(4, 4, 1, std::vector<std::uint8_t>(16, 7));
  picture[50] = static_cast<char>(picture[50] ^ 1);
  write_sample({{"png", &picture}});
  expect_of_sample(std::string("picture.png cannot be decoded: "
                               "it is damaged, or cut off") +
                   k_replace);
}

TEST_F(DatasetFaultTest, MissingPicture) {
  write_sample({{"png", nullptr}});
  expect_of_sample(
      "there is no member png; it has json and wav. "
      "Correct the data, or name another member.");
}

TEST_F(DatasetFaultTest, CorruptRecording) {
  const std::string noise(900, '\x5a');
  write_sample({{"wav", &noise}});
  expect_of_sample(
      std::string("voice.wav cannot be decoded: it is "
                  "neither WAV, FLAC, MP3, Ogg, M4A, MP4 nor WebM, or its head is damaged") +
      k_replace);
}

TEST_F(DatasetFaultTest, TruncatedRecording) {
  const std::string half = wav(8000, 1, std::vector<std::int16_t>(800, 7)).substr(0, 44 + 800);
  write_sample({{"wav", &half}});
  expect_of_sample(std::string("voice.wav cannot be decoded: it is "
                               "cut off after 800 of 1600 bytes of sound") +
                   k_replace);
}

TEST_F(DatasetFaultTest, UnknownClass) {
  const std::string json = R"({"number": 1, "parity": "od", "question": "Is it?"})";
  write_sample({{"json", &json}});
  expect_of_sample(
      "/parity is \"od\", which is no class of field "
      "parity. Did you mean \"odd\"? Add it to the field's classes, or leave "
      "the example out with filter.");
}

TEST_F(DatasetFaultTest, MissingValue) {
  const std::string json = R"({"number": 1, "question": "Is it?"})";
  write_sample({{"json", &json}});
  expect_of_sample(
      "there is no value at /parity, which field "
      "parity needs. Correct the recipe, or the data.");
}

TEST_F(DatasetFaultTest, APointerWithoutJson) {
  write_sample({{"json", nullptr}});
  const std::string fields =
      R"("fields": {"parity": {"kind": "class", "pointer": "/parity", "classes": ["odd"]}})";
  const auto found =
      error_of([&] { read(R"({"shards": {"train": [")" + path + R"("]}, )" + fields + "}"); });
  EXPECT_THAT(
      found.second,
      StartsWith(place + "there is no member json with a value at /parity, which field "
                         "parity needs; it has png and wav. Correct the recipe, or the data. "));
}

TEST_F(DatasetFaultTest, AnEmptyPicture) {
  const std::string nothing;
  write_sample({{"png", &nothing}});
  expect_of_sample(std::string("picture.png cannot be decoded: it is empty") + k_replace);
}

TEST_F(DatasetFaultTest, NothingLeftAfterWhere) {
  write_sample({});
  expect(Exit::bad_data,
         "Data digits: the part train has no example left after filter. Correct "
         "explode and filter, or name other shards.",
         R"(, "filter": {"/parity": ["even"]})");
}

TEST_F(DatasetFaultTest, EachWithoutAList) {
  write_sample({});
  expect_of_sample(
      "there is no list at /questions. Correct "
      "explode, or the data.",
      R"(, "explode": "/questions")");
}

TEST_F(DatasetFaultTest, AnExchangeThatNobodyCanServe) {
  write_sample({});
  const std::string section = R"({"shards": {"train": [")" + path + R"("]}, "fields": {
    "p": {"kind": "image", "size": [4, 4],
          "swap_within": {"key": "/number", "other_key": "/parity"}}}})";
  EXPECT_EQ(error_of([&] { Dataset::open("d", section, folder.path("c")); }),
            std::pair(Exit::bad_data,
                      place + std::string("no training sample has \"1\" at "
                                          "/parity, which swap_within of field p needs.")));
}

TEST_F(DatasetFaultTest, DamagedJson) {
  const std::vector<std::string> texts = {"{", "[]", std::string(100000, '['), "\xff"};
  for (const std::string& json : texts) {
    write_sample({{"json", &json}});
    const std::string section = numbers_section(R"({"train": [")" + path + R"("]})");
    const auto found = error_of([&] { read(section); });
    EXPECT_EQ(found.first, Exit::bad_data);
    EXPECT_THAT(found.second, StartsWith(place + "the member json is not usable"));
  }
}

TEST_F(DatasetFaultTest, APartThatIsNotThere) {
  write_sample({});
  const Dataset dataset = Dataset::open(
      "digits", numbers_section(R"({"train": [")" + path + R"("]})"), folder.path("c"));
  EXPECT_EQ(error_of([&] { EvaluationStream(dataset, Split::test, 4); }),
            std::pair(Exit::bad_data, std::string("Data digits has no part test. Name its shards "
                                                  "under data/shards/test.")));
  EvaluationStream stream(dataset, Split::train, 4, "/speaker");
  Batch batch;
  EXPECT_EQ(error_of([&] { stream.next(batch); }).second,
            place + "there is no value at /speaker. Correct the pointer in the recipe.");
}

}  // namespace
}  // namespace weft::host
