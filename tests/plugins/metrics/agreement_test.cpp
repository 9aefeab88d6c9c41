// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.agreement";

double agreement(const std::string& compare, const Lines& first, const Lines& second) {
  Part part(id, R"({"compare": ")" + compare + "\"}");
  part.update({{"first", {texts(first)}}, {"second", {texts(second)}}});
  return part.compute().at("agreement");
}

TEST(Agreement, ComparesAsItIsTold) {
  const Lines first{"The cat.", " yes ", "It is 4, so 12", "no"};
  const Lines second{"cat", "yes", "12.", "none"};
  EXPECT_EQ(agreement("squad", first, second), 2.0 / 4);
  EXPECT_EQ(agreement("text", first, second), 1.0 / 4);
  EXPECT_EQ(agreement("last_number", first, second), 1.0 / 4);
}

TEST(Agreement, TheLastWordIsARationalesAnswer) {
  const Lines first{"8 plus 6 is 14.", "8 and 6 are not equal, so the answer is No.", "8 and 6", "",
                    "the"};
  EXPECT_EQ(agreement("last_word", first, {"14", "no", "8", "", "the"}), 2.0 / 5);
}

TEST(Agreement, RowsAddUpAndAbsentOnesDoNotCount) {
  Part part(id, "{}", {{"present", 1}});
  EXPECT_TRUE(std::isnan(part.compute().at("agreement")));
  part.update({{"first", {texts({"a b", "c"})}},
               {"second", {texts({"b", "d"})}},
               {"present", {mask({1, 0}, {2})}}});
  part.update({{"first", {texts({"x"})}},
               {"second", {texts({"y and more"})}},
               {"present", {mask({1}, {1})}}});
  EXPECT_EQ(part.compute().at("agreement"), 0.5);
}

TEST(Agreement, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"compare": "words"})"), testing::HasSubstr("compare"));
}

}  // namespace
}  // namespace weft::test
