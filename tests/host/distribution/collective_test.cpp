// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/collective.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "host/engine/autograd.hpp"
#include "host/engine/comm/gradient_tree.hpp"
#include "host/engine/comm/shared_arrays.hpp"
#include "host/engine/parameters.hpp"
#include "tests/support/ranks.hpp"

namespace weft::test {
namespace {

using host::Array;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

host::Tensor parameter(std::vector<float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  const host::Tensor made = host::copied(host::from_array(Array::of<float>(values, {count})));
  host::set_trainable(made, true);
  return made;
}

/// Gives the parameter this gradient.
void learn(const host::Tensor& parameter, std::vector<float> gradient) {
  const auto count = static_cast<std::int64_t>(gradient.size());
  host::backward(
      host::sum_of_products(parameter, host::from_array(Array::of<float>(gradient, {count}))));
}

std::vector<float> values(const host::Tensor& tensor) {
  const Array array = host::to_array(tensor);
  return {array.data<float>(), array.data<float>() + array.count()};
}

/// Numbers whose sum depends on the order.
float term(int index, int element) {
  return std::ldexp(1.0F / static_cast<float>(3 + element + 7 * index), (index * 5) % 9);
}

TEST(Collective, OneRankExchangesNothing) {
  host::Collective& alone = host::one_rank();
  EXPECT_THAT(alone.table({1, 2}), ElementsAre(1, 2));
  EXPECT_THAT(alone.texts("a"), ElementsAre("a"));
  const host::Tensor rows = parameter({1, 2});
  EXPECT_EQ(alone.rows_of_all(rows).get() != nullptr, true);
  EXPECT_FALSE(alone.any(false));
  EXPECT_TRUE(alone.any(true));
}

TEST(Collective, TablesAndTextsComeByRank) {
  EXPECT_EQ(on_ranks(3,
                     [](host::Collective& ranks) {
                       const double rank = ranks.rank();
                       EXPECT_THAT(ranks.table({rank, 7}), ElementsAre(0, 7, 1, 7, 2, 7));
                       EXPECT_THAT(
                           ranks.texts(std::string(static_cast<std::size_t>(ranks.rank()), 'x')),
                           ElementsAre("", "x", "xx"));
                       EXPECT_TRUE(ranks.any(ranks.rank() == 2));
                       EXPECT_FALSE(ranks.any(false));
                     }),
            "");
}

// Eight micro-batches on 1, 2 and 4 ranks: in each the tree is the same.
TEST(Collective, TheSumOfGradientsDoesNotDependOnTheNumberOfRanks) {
  constexpr int micro = 8, width = 37;
  const auto sum_on = [](int count) {
    std::vector<std::vector<float>> sums(static_cast<std::size_t>(count));
    EXPECT_EQ(on_ranks(count,
                       [&](host::Collective& ranks) {
                         const host::Tensor one = parameter(std::vector<float>(width, 0.0F));
                         host::GradientTree tree({one});
                         for (int i = 0; i < micro / count; ++i) {
                           std::vector<float> gradient;
                           for (int e = 0; e < width; ++e)
                             gradient.push_back(term(ranks.rank() * micro / count + i, e));
                           learn(one, gradient);
                           tree.add();
                         }
                         tree.finish();
                         ranks.sum_gradients({one});
                         sums[static_cast<std::size_t>(ranks.rank())] = values(host::gradient(one));
                       }),
              "");
    for (const std::vector<float>& sum : sums) EXPECT_EQ(sum, sums[0]);
    return sums[0];
  };
  const std::vector<float> alone = sum_on(1);
  EXPECT_EQ(sum_on(2), alone);
  EXPECT_EQ(sum_on(4), alone);
  std::vector<float> running(width, 0.0F), tree;
  for (int e = 0; e < width; ++e) {
    const auto t = [&](int i) { return term(i, e); };
    tree.push_back(((t(0) + t(1)) + (t(2) + t(3))) + ((t(4) + t(5)) + (t(6) + t(7))));
    for (int i = 0; i < micro; ++i) running[static_cast<std::size_t>(e)] += t(i);
  }
  EXPECT_EQ(alone, tree);
  EXPECT_NE(alone, running) << "else the order does not matter here and the test shows nothing";
}

TEST(Collective, OddNumbersOfTermsAreAddedFromTheRight) {
  const host::Tensor one = parameter({0});
  host::GradientTree tree({one});
  for (int i = 0; i < 7; ++i) {
    learn(one, {term(i, 3)});
    tree.add();
  }
  tree.finish();
  const auto t = [](int i) { return term(i, 3); };
  EXPECT_THAT(values(host::gradient(one)),
              ElementsAre(((t(0) + t(1)) + (t(2) + t(3))) + ((t(4) + t(5)) + t(6))));
}

TEST(Collective, AGradientThatSomeRanksLackCountsAndOneThatAllLackStaysNone) {
  EXPECT_EQ(on_ranks(2,
                     [](host::Collective& ranks) {
                       const host::Tensor both = parameter({0, 0}), first = parameter({0}),
                                          none = parameter({0});
                       learn(both, {1, -0.0F});
                       if (ranks.rank() == 0) learn(first, {-0.0F});
                       ranks.sum_gradients({none, first, both});
                       EXPECT_THAT(values(host::gradient(both)), ElementsAre(2, 0));
                       EXPECT_TRUE(std::signbit(values(host::gradient(first))[0]));
                       EXPECT_FALSE(host::gradient(none));
                     }),
            "");
}

TEST(Collective, OwnersAloneGetTheSumOfGradients) {
  EXPECT_EQ(on_ranks(3,
                     [](host::Collective& ranks) {
                       const auto rank = static_cast<float>(ranks.rank());
                       const host::Tensor a = parameter({0, 0, 0}), b = parameter({0}),
                                          none = parameter({0}), c = parameter({0, 0});
                       learn(a, {term(ranks.rank(), 0), 1, rank});
                       if (ranks.rank() == 1) learn(b, {5});
                       learn(c, {rank, 1});
                       ranks.sum_gradients_to_owners({a, b, none, c}, {2, 0, 1, 2});
                       EXPECT_FALSE(host::gradient(none));
                       EXPECT_EQ(bool(host::gradient(a)), ranks.rank() == 2);
                       EXPECT_EQ(bool(host::gradient(b)), ranks.rank() == 0);
                       if (ranks.rank() == 0) {
                         EXPECT_THAT(values(host::gradient(b)), ElementsAre(5));
                       }
                       if (ranks.rank() != 2) return;
                       EXPECT_THAT(values(host::gradient(a)),
                                   ElementsAre((term(0, 0) + term(1, 0)) + term(2, 0), 3, 3));
                       EXPECT_THAT(values(host::gradient(c)), ElementsAre(3, 3));
                     }),
            "");
}

/// The nearest number of eight bits of mantissa, of two that are as near the even one.
float bfloat16(float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  bits += 0x7fffU + ((bits >> 16) & 1U);
  return std::bit_cast<float>(bits & 0xffff0000U);
}

// Sums in bfloat16, and sums of gradients that were not rounded, end otherwise.
TEST(Collective, GradientsInBfloat16AreAddedInFloat32) {
  constexpr int width = 37;
  std::vector<float> expected, exact, narrow;
  for (int e = 0; e < width; ++e) {
    const auto t = [&](int rank) { return bfloat16(term(rank, e)); };
    expected.push_back(bfloat16((t(0) + t(1)) + (t(2) + t(3))));
    narrow.push_back(bfloat16(bfloat16(t(0) + t(1)) + bfloat16(t(2) + t(3))));
    exact.push_back((term(0, e) + term(1, e)) + (term(2, e) + term(3, e)));
  }
  ASSERT_NE(expected, narrow);
  std::vector<float> rounded;
  for (const float sum : exact) rounded.push_back(bfloat16(sum));
  ASSERT_NE(expected, rounded);
  EXPECT_EQ(on_ranks(4,
                     [&](host::Collective& ranks) {
                       std::vector<float> own;
                       for (int e = 0; e < width; ++e) own.push_back(term(ranks.rank(), e));
                       const auto learned = [&] {
                         host::Tensor one = parameter(std::vector<float>(width, 0.0F));
                         learn(one, own);
                         return one;
                       };
                       const auto sum = [&](const host::Tensor& one) {
                         ranks.sum_gradients({one});
                         return values(host::gradient(one));
                       };
                       EXPECT_EQ(sum(learned()), exact);
                       ranks.send_gradients_as(host::DType::bfloat16);
                       EXPECT_EQ(sum(learned()), expected);
                       const host::Tensor owned = learned();
                       ranks.sum_gradients_to_owners({owned}, {2});
                       ASSERT_EQ(bool(host::gradient(owned)), ranks.rank() == 2);
                       if (ranks.rank() == 2) {
                         EXPECT_EQ(values(host::gradient(owned)), expected);
                       }
                       ranks.send_gradients_as(host::DType::float32);
                       EXPECT_EQ(sum(learned()), exact);
                     }),
            "");
}

TEST(Collective, ListsOfAllComeByRank) {
  EXPECT_EQ(on_ranks(3,
                     [](host::Collective& ranks) {
                       std::vector<std::string> own;
                       if (ranks.rank() != 1) own = {std::string(1, '\0'), ""};
                       if (ranks.rank() == 2) own.push_back("last");
                       EXPECT_THAT(
                           host::list_of_all(ranks, own),
                           ElementsAre(std::string(1, '\0'), "", std::string(1, '\0'), "", "last"));
                     }),
            "");
}

TEST(Collective, RowsOfAllLeadBackToThoseOfTheRank) {
  EXPECT_EQ(
      on_ranks(2,
               [](host::Collective& ranks) {
                 const auto rank = static_cast<float>(ranks.rank());
                 const host::Tensor own = parameter({rank, rank + 10});
                 const host::Tensor all = ranks.rows_of_all(own);
                 EXPECT_THAT(values(all), ElementsAre(0, 10, 1, 11));
                 host::backward(host::sum_of_products(
                     all, host::from_array(Array::of<float>({1, 2, 3, 4}, {4}))));
                 EXPECT_THAT(values(host::gradient(own)), ElementsAre(1 + 2 * rank, 2 + 2 * rank));
                 const host::Tensor flags = host::from_array(Array::of<std::uint8_t>({1, 0}, {2}));
                 EXPECT_EQ(ranks.rows_of_all(flags).sizes()[0], 4);
               }),
      "");
}

TEST(Collective, RowsOfOtherSizesAreRefusedOnAllRanks) {
  EXPECT_EQ(on_ranks(2,
                     [](host::Collective& ranks) {
                       const std::size_t size = ranks.rank() == 0 ? 2 : 3;
                       try {
                         ranks.rows_of_all(parameter(std::vector<float>(size, 1.0F)));
                         ADD_FAILURE();
                       } catch (const host::Error& error) {
                         EXPECT_THAT(
                             error.what(),
                             HasSubstr("has other sizes than rank " + std::to_string(ranks.rank()) +
                                       " where a loss compares the rows of all ranks"));
                       }
                     }),
            "");
}

TEST(Collective, SpreadTakesEachTensorFromItsOwner) {
  EXPECT_EQ(on_ranks(3,
                     [](host::Collective& ranks) {
                       const auto rank = static_cast<float>(ranks.rank());
                       const host::Tensor a = parameter({rank, rank}), b = parameter({rank}),
                                          c = parameter({-rank});
                       ranks.spread({a, b, c}, {2, 0, 2});
                       EXPECT_THAT(values(a), ElementsAre(2, 2));
                       EXPECT_THAT(values(b), ElementsAre(0));
                       EXPECT_THAT(values(c), ElementsAre(-2));
                     }),
            "");
}

TEST(Collective, NamedArraysOfAllKeepNamesTypesAndSizes) {
  EXPECT_EQ(on_ranks(2,
                     [](host::Collective& ranks) {
                       host::NamedArrays own;
                       if (ranks.rank() == 1) {
                         own["x.y"] = Array::of<double>({0.5, 0.25}, {2, 1});
                         own["scalar"] = Array::of<std::int64_t>({-3}, {});
                       }
                       const auto all = host::arrays_of_all(ranks, own);
                       EXPECT_EQ(all[0].size(), 0U);
                       EXPECT_EQ(all[1].at("x.y").sizes, (std::vector<std::int64_t>{2, 1}));
                       EXPECT_EQ(all[1].at("x.y").data<double>()[1], 0.25);
                       EXPECT_EQ(all[1].at("scalar").data<std::int64_t>()[0], -3);
                     }),
            "");
}

class ARankThatFails : public testing::TestWithParam<int> {};

// Rank 0 serves the store through which the others are told.
TEST_P(ARankThatFails, IsNamedToTheOthers) {
  const int failing = GetParam();
  const std::string thrown = on_ranks(3, [&](host::Collective& ranks) {
    ranks.note("stage \"fit\"", 3);
    if (ranks.rank() == failing) {
      auto& joined = dynamic_cast<host::Ranks&>(ranks);
      joined.fail("voice (acme/encoder.voice): out of memory");
      throw std::runtime_error("its own sentence");
    }
    ranks.table({1});
  });
  for (int rank = 0; rank < 3; ++rank) {
    const std::string sentence =
        rank == failing ? "its own sentence"
                        : "stops, because rank " + std::to_string(failing) +
                              " of 3 failed: voice (acme/encoder.voice): out of memory";
    EXPECT_THAT(thrown, HasSubstr("rank " + std::to_string(rank) + ": " + sentence));
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, ARankThatFails, testing::Values(0, 1));

TEST(Ranks, ARankThatEndsWithoutAWordIsNamedWithWhatItDid) {
  const std::string thrown = on_ranks(3, [](host::Collective& ranks) {
    ranks.note("stage \"fit\"", 3);
    ranks.table({1});
    if (ranks.rank() == 1) throw std::runtime_error("gone");
    ranks.table({1});
  });
  EXPECT_THAT(thrown, HasSubstr("rank 0: rank 1 of 3 has ended without a word (the last it said: "
                                "stage \"fit\", step 3, "));
  EXPECT_THAT(thrown, HasSubstr("rank 2: rank 1 of 3 has ended without a word"));
}

}  // namespace
}  // namespace weft::test
