// SPDX-License-Identifier: Apache-2.0
/// Texts of a data set whose tokenizer is a file.

#include <gmock/gmock.h>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::ElementsAre;

class TextFieldTest : public testing::Test {
 protected:
  TextFieldTest() { test::write_numbers(folder.path("a.tar"), 2); }

  /// @param special  members of added_tokens
  void write_tokenizer(const std::string& special) {
    test::write_file(file, R"({"added_tokens": [)" + special + R"(],
      "pre_tokenizer": {"type": "Whitespace"},
      "model": {"type": "WordPiece", "unk_token": "?", "vocab": {"?": 0, "even": 1, "odd": 2}}})");
  }

  Dataset open() const {
    return Dataset::open("d",
                         R"({"shards": {"train": [")" + folder.path("a.tar") +
                             R"("]}, "order": "sequence",
        "tokenizer": {"file": ")" +
                             file + R"("}, "fields": {"p": {"kind": "text", "pointer": "/parity",
        "max_length": 4, "bos": true, "eos": true}}})",
                         folder.path("cache"));
  }

  test::Folder folder;
  const std::string file = folder.path("tokenizer.json");
};

TEST_F(TextFieldTest, BeginEndAndPadAreTheFilesOwn) {
  write_tokenizer(R"({"id": 7, "content": "[CLS]"}, {"id": 8, "content": "[SEP]"},
                     {"id": 9, "content": "[PAD]"})");
  const Dataset dataset = open();
  Batch batch;
  EvaluationStream stream(dataset, Split::train, 2);
  ASSERT_TRUE(stream.next(batch));
  const auto* ids = batch.fields.at("p").data<std::int64_t>();
  EXPECT_THAT(std::vector(ids, ids + 8), ElementsAre(7, 1, 8, 9, 7, 2, 8, 9));
  EXPECT_EQ(dataset.fields().at(0).classes, 10);
  EXPECT_EQ(dataset.decode_text("p", std::vector(ids + 4, ids + 8)), "odd");
  EXPECT_EQ(dataset.tokenizer_path(), file);
}

TEST_F(TextFieldTest, ATextThatIsLackingIsPaddingAndNothingOfItIsHidden) {
  test::write_file(file, R"({"added_tokens": [{"id": 9, "content": "[PAD]"}],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordPiece", "unk_token": "?", "vocab": {"even": 0, "odd": 1, "?": 2}}})");
  test::write_file(folder.path("a.jsonl"), "{\"word\": \"even odd\"}\n{}\n");
  const Dataset dataset = Dataset::open("d",
                                        R"({"shards": {"train": [")" + folder.path("a.jsonl") +
                                            R"("]}, "tokenizer": {"file": ")" + file +
                                            R"("}, "fields": {"w": {"kind": "text",
        "pointer": "/word", "max_length": 3, "optional": true, "mask": {"probability": 1}}}})",
                                        folder.path("cache"));
  Batch batch;
  EvaluationStream stream(dataset, Split::train, 2);
  ASSERT_TRUE(stream.next(batch));
  const auto* target = batch.fields.at("w_target").data<std::int64_t>();
  EXPECT_THAT(std::vector(target, target + 6), ElementsAre(0, 1, 9, 9, 9, 9));
  const auto* masked = batch.fields.at("w_masked").data<bool>();
  EXPECT_THAT(std::vector<bool>(masked, masked + 6),
              ElementsAre(true, true, false, false, false, false));
}

TEST_F(TextFieldTest, TheFilesContentCountsInTheFingerprintAndItsPathDoesNot) {
  write_tokenizer(R"({"id": 7, "content": "[CLS]"}, {"id": 8, "content": "[SEP]"})");
  const std::string before = open().fingerprint();
  EXPECT_EQ(open().fingerprint(), before);
  write_tokenizer(R"({"id": 8, "content": "[CLS]"}, {"id": 7, "content": "[SEP]"})");
  EXPECT_NE(open().fingerprint(), before);
}

TEST_F(TextFieldTest, ATokenThatTheTokenizerLacksIsAsked) {
  write_tokenizer(R"({"id": 8, "content": "[SEP]"})");
  EXPECT_EQ(error_of([&] { open(); }),
            std::pair(Exit::bad_recipe,
                      std::string("The tokenizer has no single begin token, which the recipe asks "
                                  "for. Leave it out, or choose another tokenizer; `weft "
                                  "tokenizer encode` shows what it does.")));
}

}  // namespace
}  // namespace weft::host
