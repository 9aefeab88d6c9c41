// SPDX-License-Identifier: Apache-2.0
#include "host/base/utf8.hpp"

#include <gtest/gtest.h>

namespace weft::host {
namespace {

TEST(Utf8, ACharacterBeginsWhereNoByteContinuesIt) {
  constexpr std::string_view k_text = "aü\xe2\x82\xac\xf0\x9f\x98\x80";  // of 1 to 4 bytes
  constexpr std::size_t k_begins[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
  for (std::size_t at = 0; at <= k_text.size(); ++at) {
    EXPECT_EQ(character_begin(k_text, at), k_begins[at]) << at;
  }
}

TEST(Utf8, IllFormedTextIsNotGoneOverBelowTheLeastPlace) {
  constexpr std::string_view k_inside = "\x80\x80\x80\x80\x80";
  EXPECT_EQ(character_begin(k_inside, 4), 0U);
  EXPECT_EQ(character_begin(k_inside, 4, 2), 2U);
  EXPECT_EQ(character_begin("", 0), 0U);
}

}  // namespace
}  // namespace weft::host
