// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/sdk/declared.hpp"

namespace weft::test {
namespace {

class InitTest : public BlockTest {};

TEST_F(InitTest, KaimingTakesItsBoundFromTheFan) {
  parameters().add("kernel", {50, 20, 3, 3}, Init::kaiming());
  parameters().add("matrix", {400, 100}, Init::kaiming(1.0));
  parameters().add("normal", {400, 100}, Init::kaiming_normal());
  const double bound = std::sqrt(6.0 / 180.0);  // fan_in 20 · 3 · 3
  EXPECT_NEAR(numbers(max(tensor("kernel")))[0], bound, 0.01 * bound);
  EXPECT_NEAR(numbers(min(tensor("kernel")))[0], -bound, 0.01 * bound);
  EXPECT_LE(numbers(max(tensor("kernel")))[0], bound * (1 + 1e-6));
  EXPECT_NEAR(numbers(max(tensor("matrix")))[0], std::sqrt(3.0 / 100.0), 0.002);
  EXPECT_NEAR(numbers(sqrt(var(tensor("normal"), {})))[0], std::sqrt(2.0 / 100.0), 0.002);
  EXPECT_GT(numbers(max(tensor("normal")))[0], 3 * std::sqrt(2.0 / 100.0));  // no bound
}

TEST_F(InitTest, OrthogonalIsAskedOfTheHost) {
  parameters().add("w", {3, 5}, Init::orthogonal(2.0));
  expect_tensor(matmul(tensor("w"), tensor("w").transpose(0, 1)), {4, 0, 0, 0, 4, 0, 0, 0, 4},
                {3, 3}, 1e-6);
  core_.get_extension = [](const char*) -> const void* { return nullptr; };
  EXPECT_EQ(refusal([&] {
              parameters().in("a").add("w", {3, 5}, Init::orthogonal());
            }),
            "parameter \"a.w\": this host has no orthogonal initialisation. Use a newer Weft, or "
            "another initialisation.");
}

TEST_F(InitTest, AVectorHasNoFan) {
  EXPECT_EQ(refusal([&] { parameters().add("w", {3}, Init::kaiming()); }),
            "parameter \"w\": Kaiming initialisation needs two axes or more, it has 1");
}

}  // namespace
}  // namespace weft::test
