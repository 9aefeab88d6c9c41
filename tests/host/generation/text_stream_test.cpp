// SPDX-License-Identifier: Apache-2.0
#include "host/generation/text_stream.hpp"

#include <gtest/gtest.h>

namespace weft::test {
namespace {

/// A byte a token; an "é" that is cut in the middle decodes as U+FFFD.
std::string decode(const host::Tokens& tokens) {
  std::string text(tokens.begin(), tokens.end());
  if (text.ends_with("\xC3")) text.replace(text.size() - 1, 1, "\xEF\xBF\xBD");
  return text;
}

host::Tokens bytes(const std::string& text) {
  host::Tokens tokens;
  for (const char one : text) tokens.push_back(static_cast<unsigned char>(one));
  return tokens;
}

TEST(TextStream, GivesWhatFollows) {
  host::TextStream stream(decode, {});
  EXPECT_EQ(stream.next(bytes("ab")), "ab");
  EXPECT_EQ(stream.next(bytes("abc")), "c");
  EXPECT_EQ(stream.next(bytes("abc")), "");
  EXPECT_EQ(stream.rest("abcd"), "d");
}

TEST(TextStream, ACharacterWaitsUntilItIsComplete) {
  host::TextStream stream(decode, {});
  EXPECT_EQ(stream.next(bytes("a\xC3")), "a");
  EXPECT_EQ(stream.next(bytes("a\xC3\xA9")), "\xC3\xA9");
}

TEST(TextStream, WhatMayBecomeAStopTextWaits) {
  host::TextStream stream(decode, {"END"});
  EXPECT_EQ(stream.next(bytes("aE")), "a");
  EXPECT_EQ(stream.next(bytes("aEN")), "");
  EXPECT_EQ(stream.next(bytes("aENx")), "ENx");
  host::TextStream stopped(decode, {"END"});
  EXPECT_EQ(stopped.next(bytes("aEN")), "a");
  EXPECT_EQ(stopped.next(bytes("aEND")), "");
  EXPECT_EQ(stopped.rest("a"), "");
}

}  // namespace
}  // namespace weft::test
