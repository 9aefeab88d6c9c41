// SPDX-License-Identifier: Apache-2.0
/// loss.ctc against the sum over all paths, one by one.

#include <cmath>
#include <limits>

#include "host/base/error.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.ctc";

using Tokens = std::vector<std::int64_t>;

Tokens collapsed(const Tokens& path, std::int64_t blank) {
  Tokens said;
  for (std::size_t t = 0; t < path.size(); ++t)
    if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) said.push_back(path[t]);
  return said;
}

/// −log of the probability of all paths that say `target`.
double by_enumeration(const Array& logits, std::int64_t row, std::int64_t frames,
                      const Tokens& target, std::int64_t blank) {
  const std::int64_t length = logits.sizes[1], classes = logits.sizes[2];
  const auto log_p = [&](std::int64_t t, std::int64_t v) {
    const std::int64_t first = (row * length + t) * classes;
    double sum = 0;
    for (std::int64_t u = 0; u < classes; ++u) sum += std::exp(element(logits, first + u));
    return element(logits, first + v) - std::log(sum);
  };
  Tokens path(static_cast<std::size_t>(frames));
  double total = 0;
  for (;;) {
    if (collapsed(path, blank) == target) {
      double sum = 0;
      for (std::int64_t t = 0; t < frames; ++t) sum += log_p(t, path[static_cast<std::size_t>(t)]);
      total += std::exp(sum);
    }
    std::size_t at = 0;
    while (at < path.size() && ++path[at] == classes) path[at++] = 0;
    if (at == path.size()) return -std::log(total);
  }
}

/// Samples of 5, 4 and 3 frames that say "1 2", "2 2" and "1".
Arrays spoken(std::int64_t blank) {
  const std::int64_t a = blank == 0 ? 1 : 0, b = blank == 2 ? 1 : 2;
  return {{"logits", {random({3, 5, 3}, 1, DType::float64)}},
          {"logits_mask", {length_mask({5, 4, 3}, 5)}},
          {"target", {ints({a, b, 0, b, b, 0, a, 0, 0}, {3, 3})}},
          {"mask", {length_mask({2, 2, 1}, 3)}}};
}

TEST(Ctc, IsTheSumOverAllPaths) {
  for (const std::int64_t blank : {0, 2}) {
    const std::int64_t a = blank == 0 ? 1 : 0, b = blank == 2 ? 1 : 2;
    Part part(id, "{\"blank\": " + std::to_string(blank) + "}", {}, DType::float64);
    const Arrays in = spoken(blank);
    const Array& logits = in.at("logits")[0];
    const double expected = by_enumeration(logits, 0, 5, {a, b}, blank) +
                            by_enumeration(logits, 1, 4, {b, b}, blank) +
                            by_enumeration(logits, 2, 3, {a}, blank);
    const auto out = part.run(in);
    EXPECT_NEAR(element(out.at("loss"), 0), expected, 1e-10);
    EXPECT_EQ(element(out.at("weight"), 0), 5.0);
    expect_gradients(part, in, "loss");
  }
}

TEST(Ctc, ATargetThatDoesNotFitAddsNothing) {
  Part part(id, "{}", {}, DType::float64);
  Arrays in = spoken(0);
  in["logits_mask"] = {length_mask({5, 2, 3}, 5)};  // "2 2" needs a blank between: three frames
  const Array& logits = in.at("logits")[0];
  EXPECT_NEAR(element(part.run(in).at("loss"), 0),
              by_enumeration(logits, 0, 5, {1, 2}, 0) + by_enumeration(logits, 2, 3, {1}, 0),
              1e-10);
  in["logits_mask"] = {length_mask({1, 2, 0}, 5)};
  EXPECT_EQ(element(part.run(in).at("loss"), 0), 0.0);
}

TEST(Ctc, PaddingReachesNothing) {
  Part part(id, "{}", {}, DType::float64);
  Arrays in = spoken(0);
  const double clean = element(part.run(in).at("loss"), 0);
  in["logits"] = {poisoned(in.at("logits")[0], in.at("logits_mask")[0],
                           std::numeric_limits<double>::quiet_NaN())};
  EXPECT_EQ(element(part.run(in).at("loss"), 0), clean);
  const auto gradients = part.gradients(in, "loss", floats({1}, {}, DType::float64)).inputs;
  for (std::int64_t i = 0; i < 45; ++i)
    EXPECT_TRUE(std::isfinite(element(gradients.at("logits")[0], i)));
}

TEST(Ctc, RejectsABlankThatIsNoClass) {
  const Part part(id, R"({"blank": 3})");
  try {
    part.infer({{"logits", {random({2, 4, 3}, 1)}}, {"target", {ints({0, 1}, {2, 1})}}});
    FAIL() << "there are the classes 0 to 2";
  } catch (const host::Error& error) {
    EXPECT_THAT(
        error.what(),
        testing::HasSubstr("blank: 3 must be less than the 3 classes that the logits score"));
  }
}

}  // namespace
}  // namespace weft::test
