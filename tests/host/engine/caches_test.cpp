// SPDX-License-Identifier: Apache-2.0
#include "host/engine/caches.hpp"

#include <cmath>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

/// Slots: 0 and 1 grow along axis 2, 2 is computed once, 3 is carried.
class CachesTest : public EngineTest {
 protected:
  CachesTest()
      : caches_({{"keys", WEFT_CACHE_APPEND, 2},
                 {"values", WEFT_CACHE_APPEND, 2},
                 {"context", WEFT_CACHE_ONCE, 0},
                 {"sum", WEFT_CACHE_CARRY, 0}}) {
    caches_.clear(2);
  }

  weft_sequence sequence() { return table_.current(nullptr); }
  /// Entries [2, 1, n, 1] of a cache that grows.
  weft_status append(std::uint32_t slot, const Tensor& entries, Tensor* all = nullptr) {
    weft_tensor out = nullptr;
    const weft_status status = table_.append(sequence(), slot, entries.get(), &out);
    const Tensor taken = Tensor::own(out);
    if (all != nullptr) *all = taken;
    return status;
  }
  Tensor recalled(std::uint32_t slot) {
    weft_tensor out = nullptr;
    EXPECT_EQ(table_.recall(sequence(), slot, &out), WEFT_OK) << error_record().text;
    return Tensor::own(out);
  }

  Caches caches_;
  const weft_sequence_api& table_ = *sequence_api();
};

TEST_F(CachesTest, AWholePassHasNoSequence) {
  EXPECT_EQ(sequence(), nullptr);
  const CachesScope outer(&caches_);
  EXPECT_NE(sequence(), nullptr);
  const CachesScope inner(nullptr);
  EXPECT_EQ(sequence(), nullptr);
}

TEST_F(CachesTest, RowsAreAppendedReorderedAndCutOff) {
  const CachesScope scope(&caches_);
  Tensor all;
  caches_.prepare({{0, 1}, {0, 0}, {2, 1}});  // the second row has one token and a pad
  ASSERT_EQ(append(0, floats({1, 2, 11, -1}, {2, 1, 2, 1}), &all), WEFT_OK) << error_record().text;
  caches_.advance();
  EXPECT_EQ(caches_.lengths(), (Sizes{2, 1}));

  caches_.prepare({{1, 0}, {1, 2}, {1, 1}});  // they change places
  ASSERT_EQ(append(0, floats({12, 3}, {2, 1, 1, 1}), &all), WEFT_OK);
  EXPECT_EQ(all.sizes(), (Sizes{2, 1, 3, 1}));
  const std::vector<double> swapped = values_of(all);
  EXPECT_EQ(swapped[0], 11);
  EXPECT_EQ(swapped[1], 12);
  EXPECT_EQ((std::vector<double>(swapped.begin() + 3, swapped.end())),
            (std::vector<double>{1, 2, 3}));
  caches_.advance();

  caches_.prepare({{1, 1}, {1, 3}, {1, 1}});  // one text twice, once cut off behind its first token
  weft_tensor positions = nullptr;
  ASSERT_EQ(table_.positions(sequence(), 1, &positions), WEFT_OK);
  EXPECT_EQ(to_array(Tensor::own(positions)).data<std::int64_t>()[0], 1);
  ASSERT_EQ(append(0, floats({7, 4}, {2, 1, 1, 1}), &all), WEFT_OK);
  const std::vector<double> cut = values_of(all);
  EXPECT_EQ(cut[1], 7);
  EXPECT_EQ((std::vector<double>(cut.begin() + 4, cut.end())), (std::vector<double>{1, 2, 3, 4}));
}

TEST_F(CachesTest, RoomGrows) {
  const CachesScope scope(&caches_);
  Tensor all;
  for (int t = 0; t < 40; ++t) {
    caches_.prepare({{0, 1}, {t, t}, {1, 1}});
    ASSERT_EQ(append(1, floats({1.0F * static_cast<float>(t), 0}, {2, 1, 1, 1}), &all), WEFT_OK);
    caches_.advance();
  }
  for (int t = 0; t < 40; ++t) EXPECT_EQ(values_of(all)[static_cast<std::size_t>(t)], t);
}

// softmax(q kᵀ) v by hand, for rows of different length.
TEST_F(CachesTest, AttentionSeesWhatIsThereForEachRow) {
  const CachesScope scope(&caches_);
  const auto attend = [&](const Tensor& q, const Tensor& k, const Tensor& v) {
    weft_tensor out = nullptr;
    EXPECT_EQ(table_.attend(sequence(), 0, 1, q.get(), k.get(), v.get(), 0.5, &out), WEFT_OK)
        << error_record().text;
    return values_of(Tensor::own(out));
  };
  const auto tensor = [](const std::vector<float>& values, std::int64_t n) {
    return floats(values, {2, 1, n, 1});
  };
  caches_.prepare({{0, 1}, {0, 0}, {2, 1}});
  attend(tensor({0, 0, 0, 0}, 2), tensor({1, 2, 3, 99}, 2), tensor({5, 6, 7, 99}, 2));
  caches_.advance();
  caches_.prepare({{0, 1}, {2, 1}, {1, 1}});
  const std::vector<double> found = attend(tensor({2, 2}, 1), tensor({4, 5}, 1), tensor({8, 9}, 1));
  const auto mean = [](const std::vector<double>& keys, const std::vector<double>& values) {
    double sum = 0, weight = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      sum += std::exp(0.5 * 2 * keys[i]) * values[i];
      weight += std::exp(0.5 * 2 * keys[i]);
    }
    return sum / weight;
  };
  EXPECT_NEAR(found[0], mean({1, 2, 4}, {5, 6, 8}), 1e-5);
  EXPECT_NEAR(found[1], mean({3, 5}, {7, 9}), 1e-5);
}

TEST_F(CachesTest, ContextStaysWhereRowsKeepIt) {
  const CachesScope scope(&caches_);
  caches_.prepare({{0, 1}, {0, 0}, {1, 1}});
  EXPECT_FALSE(recalled(2)) << "nothing was kept yet";
  ASSERT_EQ(table_.keep(sequence(), 2, floats({1, 2}, {2, 1}).get()), WEFT_OK);
  ASSERT_EQ(table_.keep(sequence(), 3, floats({1, 2}, {2, 1}).get()), WEFT_OK);
  caches_.advance();
  caches_.prepare({{0, 0}, {1, 1}, {1, 0}, /*has_same_context=*/true});
  EXPECT_EQ(values_of(recalled(2)), (std::vector<double>{1, 2}));
  EXPECT_EQ(values_of(recalled(3)), (std::vector<double>{1, 1}));
  ASSERT_EQ(table_.keep(sequence(), 3, floats({8, 9}, {2, 1}).get()), WEFT_OK);
  EXPECT_EQ(values_of(recalled(3)), (std::vector<double>{8, 1})) << "the second has no new token";
  caches_.advance();
  caches_.prepare({{1, 0}, {1, 2}, {1, 1}});
  EXPECT_EQ(values_of(recalled(2)), (std::vector<double>{2, 1}));
  EXPECT_FALSE(caches_.can_truncate());
}

TEST_F(CachesTest, FaultsGetASentence) {
  const CachesScope scope(&caches_);
  caches_.prepare({{0, 1}, {0, 0}, {1, 1}});
  const auto expect = [&](weft_status status, const char* text) {
    EXPECT_NE(status, WEFT_OK);
    EXPECT_EQ(error_record().text, text);
  };
  const Tensor one = floats({1, 2}, {2, 1, 1, 1});
  expect(append(9, one), "sequence.append: there is no cache 9; the part declared 4");
  expect(append(2, one), "sequence.append: cache \"context\" is not of kind WEFT_CACHE_APPEND");
  expect(table_.keep(sequence(), 0, one.get()),
         "sequence.keep: cache \"keys\" is of kind WEFT_CACHE_APPEND");
  expect(append(0, floats({1, 2, 3, 4}, {2, 1, 2, 1})),
         "sequence.append: cache \"keys\" takes 2 rows and 1 entries along axis 2, found "
         "float32[2, 1, 2, 1]");
  ASSERT_EQ(append(0, one), WEFT_OK);
  expect(append(0, one), "sequence.append: cache \"keys\" was appended to in this call already");
  caches_.advance();
  caches_.prepare({{0, 1}, {1, 1}, {1, 1}});
  expect(append(0, floats({1, 2, 3, 4}, {2, 2, 1, 1})),
         "sequence.append: cache \"keys\" holds float32[2, 1, 16, 1], found float32[2, 2, 1, 1]");
  weft_tensor out = nullptr;
  expect(table_.positions(sequence(), 3, &out),
         "sequence.positions: there are 1 new tokens, asked for 3");
  const weft_sequence kept = sequence();
  const CachesScope whole(nullptr);
  expect(table_.recall(kept, 2, &out), "sequence.recall: it is not the sequence of this call");
}

}  // namespace
}  // namespace weft::host
