// SPDX-License-Identifier: Apache-2.0
#include "tests/support/component.hpp"

namespace weft::test {
namespace {

constexpr DType f64 = DType::float64;

/// Two rows of three tokens of one feature; the first row's last token is padding, all of the
/// second's are.
Arrays two_rows() {
  return {{"in", {floats({1, 5, 9, 7, 8, 9}, {2, 3, 1}, f64)}},
          {"mask", {mask({1, 1, 0, 0, 0, 0}, {2, 3})}}};
}

Array pooled(const std::string& pooling, const Arrays& in) {
  Part part("function.pool", R"({"dim": 1, "pooling": ")" + pooling + "\"}", {}, f64);
  return part.run(in).at("out");
}

TEST(Pool, TakesWhatIsReal) {
  expect_near(pooled("mean", two_rows()), floats({3, 0}, {2, 1}, f64), 1e-12);
  expect_near(pooled("max", two_rows()), floats({5, 0}, {2, 1}, f64), 1e-12);
  expect_near(pooled("last", two_rows()), floats({5, 0}, {2, 1}, f64), 1e-12);
  expect_near(pooled("first", two_rows()), floats({1, 7}, {2, 1}, f64), 1e-12);
}

TEST(Pool, TakesAllWithoutAMask) {
  Arrays in = two_rows();
  in.erase("mask");
  expect_near(pooled("mean", in), floats({5, 8}, {2, 1}, f64), 1e-12);
  expect_near(pooled("max", in), floats({9, 9}, {2, 1}, f64), 1e-12);
  expect_near(pooled("last", in), floats({9, 9}, {2, 1}, f64), 1e-12);
}

TEST(Pool, HasItsGradient) {
  for (const char* pooling : {"mean", "max", "first", "last"}) {
    Part part("function.pool", std::string(R"({"dim": 3, "pooling": ")") + pooling + "\"}", {},
              f64);
    expect_gradients(
        part, {{"in", {random({2, 3, 3}, 1, f64)}}, {"mask", {mask({1, 1, 0, 1, 1, 1}, {2, 3})}}},
        "out");
  }
}

}  // namespace
}  // namespace weft::test
