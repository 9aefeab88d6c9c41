// SPDX-License-Identifier: Apache-2.0
#include "host/base/html.hpp"

#include <gtest/gtest.h>

namespace weft::test {
namespace {

using host::escaped;

TEST(Html, MarkupIsText) {
  EXPECT_EQ(escaped("<b class=\"x\">'&'</b>"),
            "&lt;b class=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/b&gt;");
}

TEST(Html, WhatIsNotSeenIsWritten) {
  EXPECT_EQ(escaped("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(escaped("a\u202etxt.exe"), "a\\u{202e}txt.exe");
  EXPECT_EQ(escaped("\xff"), "\\xff");
}

TEST(Html, LinesAndWordsStay) {
  EXPECT_EQ(escaped("eins\n\tzwei\n"), "eins\n\tzwei\n");
  EXPECT_EQ(escaped("日本語"), "日本語");
  EXPECT_EQ(escaped(""), "");
  EXPECT_EQ(escaped(std::string(5000, 'a')), std::string(5000, 'a'));
}

}  // namespace
}  // namespace weft::test
