// SPDX-License-Identifier: Apache-2.0
/// loss.detection against the best of all matchings, one by one, and against numbers by hand.

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "host/base/error.hpp"
#include "plugins/losses/assignment.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.detection";
using Box = std::array<double, 4>;

double giou(const Box& a, const Box& b) {
  const auto area = [](double width, double height) {
    return std::max(width, 0.0) * std::max(height, 0.0);
  };
  const double shared = area(std::min(a[2], b[2]) - std::max(a[0], b[0]),
                             std::min(a[3], b[3]) - std::max(a[1], b[1]));
  const double joined = area(a[2] - a[0], a[3] - a[1]) + area(b[2] - b[0], b[3] - b[1]) - shared;
  const double around = area(std::max(a[2], b[2]) - std::min(a[0], b[0]),
                             std::max(a[3], b[3]) - std::min(a[1], b[1]));
  return shared / joined - (around - joined) / around;
}
double distance(const Box& a, const Box& b) {
  const auto middles = [](const Box& e) {
    return Box{(e[0] + e[2]) / 2, (e[1] + e[3]) / 2, e[2] - e[0], e[3] - e[1]};
  };
  const Box u = middles(a), v = middles(b);
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) sum += std::abs(u[i] - v[i]);
  return sum;
}
Box box_of(const Array& boxes, std::int64_t at) {
  Box box;
  for (std::int64_t i = 0; i < 4; ++i)
    box[static_cast<std::size_t>(i)] = element(boxes, at * 4 + i);
  return box;
}

constexpr std::int64_t k_guesses = 4, k_objects = 3, k_scores = 3;  // two classes and nothing

/// Boxes with a width and height, from random numbers.
Array some_boxes(std::int64_t rows, std::int64_t count, int seed) {
  const Array from = random({rows, count, 4}, seed, DType::float64);
  std::vector<double> edges;
  for (std::int64_t i = 0; i < rows * count; ++i) {
    const Box b = box_of(from, i);
    const double x = 0.4 + 0.1 * b[0], y = 0.4 + 0.1 * b[1];
    edges.insert(edges.end(), {x, y, x + 0.1 + 0.05 * b[2] * b[2], y + 0.1 + 0.05 * b[3] * b[3]});
  }
  return floats(edges, {rows, count, 4}, DType::float64);
}

Arrays scene() {
  return {{"logits", {random({2, k_guesses, k_scores}, 1, DType::float64)}},
          {"boxes", {some_boxes(2, k_guesses, 2)}},
          {"target", {some_boxes(2, k_objects, 3)}},
          {"target_label", {ints({0, 1, 1, 1, 0, 0}, {2, k_objects})}},
          {"target_mask", {length_mask({3, 1}, k_objects)}}};
}

double probability(const Arrays& in, std::int64_t row, std::int64_t guess, std::int64_t label) {
  const std::int64_t first = (row * k_guesses + guess) * k_scores;
  double sum = 0;
  for (std::int64_t v = 0; v < k_scores; ++v)
    sum += std::exp(element(in.at("logits")[0], first + v));
  return std::exp(element(in.at("logits")[0], first + label)) / sum;
}

/// The loss of one picture, whose n objects are the first, under the cheapest of all matchings.
double by_enumeration(const Arrays& in, std::int64_t row, std::int64_t n) {
  const auto label = [&](std::int64_t m) {
    return static_cast<std::int64_t>(element(in.at("target_label")[0], row * k_objects + m));
  };
  const auto guess_box = [&](std::int64_t q) {
    return box_of(in.at("boxes")[0], row * k_guesses + q);
  };
  const auto object_box = [&](std::int64_t m) {
    return box_of(in.at("target")[0], row * k_objects + m);
  };
  std::array<std::int64_t, k_guesses> order;
  std::iota(order.begin(), order.end(), 0);
  double best = 1e300, loss = 0;
  do {
    double cost = 0, box = 0, surprise = 0, weights = 0;
    for (std::int64_t m = 0; m < k_guesses; ++m) {
      const std::int64_t q = order[static_cast<std::size_t>(m)];
      const bool matched = m < n;
      const double w = matched ? 1 : 0.1;
      surprise -= w * std::log(probability(in, row, q, matched ? label(m) : k_scores - 1));
      weights += w;
      if (!matched) continue;
      const double l1 = distance(guess_box(q), object_box(m)),
                   g = giou(guess_box(q), object_box(m));
      cost += -probability(in, row, q, label(m)) + 5 * l1 - 2 * g;
      box += 5 * l1 + 2 * (1 - g);
    }
    if (cost >= best) continue;
    best = cost;
    loss = surprise / weights + box / static_cast<double>(n);
  } while (std::next_permutation(order.begin(), order.end()));
  return loss;
}

TEST(Detection, IsItsFormulaUnderTheCheapestMatching) {
  Part part(id, "{}", {}, DType::float64);
  const Arrays in = scene();
  const auto out = part.run(in);
  EXPECT_NEAR(element(out.at("loss"), 0), by_enumeration(in, 0, 3) + by_enumeration(in, 1, 1),
              1e-12);
  EXPECT_EQ(element(out.at("weight"), 0), 2.0);
  expect_gradients(part, in, "loss");
}

TEST(Detection, APictureOfNothingTeachesNothing) {
  Part part(id, "{}", {}, DType::float64);
  Arrays in = scene();
  in["target_mask"] = {length_mask({0, 0}, k_objects)};
  double expected = 0;
  for (std::int64_t i = 0; i < 2 * k_guesses; ++i)
    expected -= std::log(probability(in, i / k_guesses, i % k_guesses, k_scores - 1)) / k_guesses;
  EXPECT_NEAR(element(part.run(in).at("loss"), 0), expected, 1e-12);
}

// One guess and two objects: the nearer is matched, and the box counts half.
TEST(Detection, OfMoreObjectsThanGuessesTheCheapestAreMatched) {
  Part part(id, R"({"class_weight": 0, "giou_weight": 0, "l1_weight": 1})", {}, DType::float64);
  const Arrays in{
      {"logits", {floats({0, 0}, {1, 1, 2}, DType::float64)}},
      {"boxes", {floats({0.1, 0.1, 0.3, 0.3}, {1, 1, 4}, DType::float64)}},
      {"target", {floats({0.6, 0.6, 0.8, 0.8, 0.1, 0.1, 0.3, 0.5}, {1, 2, 4}, DType::float64)}},
      {"target_label", {ints({0, 0}, {1, 2})}}};
  EXPECT_NEAR(element(part.run(in).at("loss"), 0), (0.1 + 0.2) / 2, 1e-12);
}

// Only the distance counts then: of the middles 0.3 and 0.3, of the sides 0.6 and 0.6.
TEST(Detection, ABoxTurnedInsideOutHasNoArea) {
  Part part(id, R"({"class_weight": 0, "giou_weight": 2})", {}, DType::float64);
  const Arrays in{{"logits", {floats({0, 0}, {1, 1, 2}, DType::float64)}},
                  {"boxes", {floats({0.3, 0.3, 0.1, 0.1}, {1, 1, 4}, DType::float64)}},
                  {"target", {floats({0.3, 0.3, 0.7, 0.7}, {1, 1, 4}, DType::float64)}},
                  {"target_label", {ints({0}, {1, 1})}}};
  EXPECT_NEAR(element(part.run(in).at("loss"), 0), 5 * (0.6 + 1.2) + 2 * 1, 1e-12);
}

TEST(Detection, SaysWhatIsNoClassAndWhatIsNoNumber) {
  Part part(id, "{}", {}, DType::float64);
  Arrays in = scene();
  in["target_label"] = {ints({0, 2, 1, 1, 0, 0}, {2, k_objects})};
  try {
    part.run(in);
    FAIL() << "class 2 is nothing";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("input \"target_label\" holds the class 2, and the "
                                   "logits score 2 and nothing"));
  }
  in = scene();
  in["boxes"] = {floats(std::vector<double>(32, std::nan("")), {2, k_guesses, 4}, DType::float64)};
  try {
    part.run(in);
    FAIL() << "no number can be matched";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("not finite, in row 0 of the batch"));
  }
}

TEST(Assignment, IsTheCheapestOfAll) {
  for (int seed = 0; seed < 50; ++seed) {
    const std::size_t rows = 1 + static_cast<std::size_t>(seed % 5), columns = 5;
    const Array numbers = random({static_cast<std::int64_t>(rows), 5}, seed, DType::float64);
    std::vector<double> cost;
    for (std::int64_t i = 0; i < numbers.count(); ++i) cost.push_back(element(numbers, i));
    const auto total = [&](const auto& column_of) {
      double sum = 0;
      for (std::size_t r = 0; r < rows; ++r) sum += cost[r * columns + column_of[r]];
      return sum;
    };
    std::array<std::size_t, 5> order{0, 1, 2, 3, 4};
    double best = 1e300;
    do best = std::min(best, total(order));
    while (std::next_permutation(order.begin(), order.end()));
    auto found = cheapest_assignment(cost, rows, columns);
    EXPECT_NEAR(total(found), best, 1e-12);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(std::unique(found.begin(), found.end()), found.end()) << "a column twice";
  }
}

}  // namespace
}  // namespace weft::test
