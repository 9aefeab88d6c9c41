// SPDX-License-Identifier: Apache-2.0
/// What a recipe may say of documents.

#include <gmock/gmock.h>

#include "host/base/text.hpp"
#include "host/data/fields/options.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::HasSubstr;

TEST(DocumentOptionsTest, WhatCannotBeIsRefused) {
  const auto sentence = [](const std::string& field, const std::string& more = "") {
    const auto [code, text] = error_of([&] {
      parse_data_options(concat(
          R"({"shards": {"train": ["a.tar"]}, "tokenizer": {"vocab_size": 16, "from": ["/x"]},)",
          R"("fields": {"page": {"kind": "document", )", field, "}", more, "}}"));
    });
    EXPECT_EQ(code, Exit::bad_recipe);
    return text;
  };
  EXPECT_EQ(sentence(R"("max_length": 9)"),
            "data field page/parts: expected either parts, the same for all samples, or a pointer "
            "to a list of them, found null.");
  EXPECT_EQ(
      sentence(R"("max_length": 9, "parts": [{"image": "png"}])"),
      "data field page/image: expected how pictures are read, since a part is one, found null.");
  EXPECT_EQ(sentence(R"("max_length": 9, "parts": [{"image": "png", "text": "/x"}])"),
            "data field page/parts/0: expected one of text, image and audio, found "
            "{\"image\":\"png\",\"text\":\"/x\"}.");
  EXPECT_EQ(
      sentence(
          R"("max_length": 9, "pointer": "/x", "image": {"size": [4, 4], "patch": 3, "max_images": 1})"),
      "data field page/image/patch: expected a number that divides the picture's 4 x 4, found 3.");
  EXPECT_EQ(
      sentence(
          R"("max_length": 9, "pointer": "/x", "audio": {"rate": 8000, "fft": 256, "hop": 80, "mels": 8, "frames": 10, "frames_per_token": 4, "max_clips": 1})"),
      "data field page/audio/frames_per_token: expected a number that divides frames (10), found "
      "4.");
  EXPECT_EQ(
      sentence(R"("max_length": 9, "pointer": "/x", "optional": true)"),
      "data field page/optional: expected it at the parts of a document instead, found true.");
  EXPECT_THAT(sentence(R"("max_length": 9, "pointer": "/x", "pack": true)",
                       R"(, "y": {"kind": "text", "pointer": "/x", "max_length": 4})"),
              HasSubstr("Put these into a section of their own, or leave pack out."));
}

}  // namespace
}  // namespace weft::host
