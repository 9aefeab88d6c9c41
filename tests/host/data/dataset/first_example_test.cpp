// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/first_example.hpp"

#include <gmock/gmock.h>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::Folder;
using test::Members;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FirstExampleTest : public testing::Test {
 protected:
  /// "pointer: text" of what the first of two samples lacks for these fields.
  std::vector<std::string> wrong(const std::string& fields, const std::string& by = "",
                                 const std::string& more = "") {
    test::write_tar(folder.path("a.tar"),
                    {{"k-1.png", test::png(2, 2, 1, std::vector<std::uint8_t>(4, 7))},
                     {"k-1.wav", "RIFF"},
                     {"k-1.json", R"({"number": 1, "parity": "odd"})"},
                     {"k-2.json", "{}"}});
    const std::string section = R"({"shards": {"train": [")" + folder.path("a.tar") +
                                R"("]}, "fields": {)" + fields + "}" + more + "}";
    std::vector<std::string> texts;
    for (const Found& found :
         look_at_first_example(Dataset::open("d", section, folder.path("c")), Split::train, by))
      texts.push_back(found.problem.pointer + ": " + found.problem.text);
    return texts;
  }

  static constexpr const char* k_parity =
      R"("p": {"kind": "class", "pointer": "/parity", "classes": ["even", "odd"]})";

  Folder folder;
};

TEST_F(FirstExampleTest, WhatIsThereIsSound) {
  EXPECT_THAT(wrong(k_parity, "/number"), IsEmpty());
}

TEST_F(FirstExampleTest, EveryFieldIsToldByItself) {
  EXPECT_THAT(
      wrong(R"("i": {"kind": "image", "member": "pgn", "size": [2, 2]},
               "n": {"kind": "class", "pointer": "/nubmer", "classes": [1]},
               "t": {"kind": "class", "member": "cls", "classes": ["a"]})",
            "/none"),
      ElementsAre(HasSubstr("/data/d/fields/i: " + folder.path("a.tar") + ", sample k-1"),
                  HasSubstr("/data/d/fields/n: " + folder.path("a.tar") + ", sample k-1"),
                  HasSubstr("/data/d/fields/t: " + folder.path("a.tar") + ", sample k-1"),
                  HasSubstr("/evaluate/group_by: " + folder.path("a.tar") +
                            ", sample k-1: there is no value at /none. Correct the pointer")));
}

TEST_F(FirstExampleTest, ItsRowIsMade) {
  EXPECT_THAT(wrong(R"("p": {"kind": "class", "pointer": "/parity", "classes": ["even", "old"]})"),
              ElementsAre(HasSubstr("/data/d: " + folder.path("a.tar") + ", sample k-1: ")));
  EXPECT_THAT(wrong(R"("v": {"kind": "log_mel", "member": "wav", "rate": 8000, "fft": 256,
                             "hop": 80, "mels": 8, "frames": 12})"),
              ElementsAre(HasSubstr("sample k-1: v.wav cannot be decoded")));
}

TEST_F(FirstExampleTest, OptionalFieldsAndBadSamplesMayLack) {
  EXPECT_THAT(wrong(R"("i": {"kind": "image", "member": "pgn", "size": [2, 2], "optional": true})"),
              IsEmpty());
  EXPECT_THAT(wrong(R"("i": {"kind": "image", "member": "pgn", "size": [2, 2]})", "",
                    R"(, "on_bad_sample": {"skip": 0.5})"),
              IsEmpty());
}

TEST_F(FirstExampleTest, AnEmptyPartIsNotLookedAt) {
  wrong(k_parity);
  const std::string section =
      R"({"shards": {"train": [")" + folder.path("a.tar") + R"("]}, "fields": {)" + k_parity + "}}";
  EXPECT_THAT(
      look_at_first_example(Dataset::open("d", section, folder.path("c")), Split::val, "/none"),
      IsEmpty());
}

}  // namespace
}  // namespace weft::host
