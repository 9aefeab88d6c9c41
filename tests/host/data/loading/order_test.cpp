// SPDX-License-Identifier: Apache-2.0
/// The order of training: exactly once an epoch, whatever the blend, the ranks and the
/// interruptions.

#include "host/data/loading/order.hpp"
#include "host/data/loading/stream.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

#include "host/base/text.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using testing::Each;
using testing::ElementsAre;

TEST(PermutationTest, GivesEveryPlaceOnce) {
  for (std::uint64_t count = 1; count <= 300; ++count) {
    const Permutation permutation(count, 5);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < count; ++i) seen.insert(permutation(i));
    EXPECT_EQ(seen.size(), count);
    EXPECT_EQ(*seen.rbegin(), count - 1);
  }
}

TEST(PermutationTest, IsAnotherForEachKeyAndEvenOverAllPlaces) {
  // Where the first of 8 lands, over 8,000 keys: 1,000 each, with a deviation of 30.
  std::vector<int> landed(8);
  for (std::uint64_t key = 0; key < 8000; ++key) ++landed[Permutation(8, key)(0)];
  EXPECT_THAT(landed, Each(testing::AllOf(testing::Gt(850), testing::Lt(1150))));
  // Neighbours do not stay neighbours.
  const Permutation permutation(100'000, 1);
  int close = 0;
  for (std::uint64_t i = 1; i < 100'000; ++i) {
    const auto distance = static_cast<std::int64_t>(permutation(i) - permutation(i - 1));
    close += std::abs(distance) < 10 ? 1 : 0;
  }
  EXPECT_LT(close, 60) << "18 are expected";
}

TEST(BlendTest, EveryThousandPlacesHoldTheShares) {
  Blend blend({1, 2, 0.004}, 7);
  std::vector<std::vector<std::uint64_t>> numbers(3);
  std::vector<std::size_t> sources;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto [source, number] = blend.at(i);
    EXPECT_EQ(number, numbers[source].size());
    numbers[source].push_back(number);
    sources.push_back(source);
  }
  EXPECT_EQ(numbers[0].size(), 3U * 333);
  EXPECT_EQ(numbers[1].size(), 3U * 666);
  EXPECT_EQ(numbers[2].size(), 3U * 1);
  EXPECT_NE(std::vector(sources.begin(), sources.begin() + 1000),
            std::vector(sources.begin() + 1000, sources.begin() + 2000));
  Blend again({1, 2, 0.004}, 7);
  EXPECT_EQ(again.at(2999).number, numbers[sources[2999]].back()) << "computed, not counted";
}

TEST(BlendTest, AShareThatIsTooSmallIsRefused) {
  EXPECT_EQ(error_of([] {
              Blend({1, 1e-4}, 1);
            }),
            std::pair(Exit::bad_recipe,
                      std::string("data/blend/1/weight: expected at least 1/1000 of the sum of all "
                                  "weights (0.0010001), found 0.0001.")));
}

class OrderTest : public testing::Test {
 protected:
  OrderTest() {
    // Keys say shard and sample: s0-a0 …
    for (int shard = 0; shard < 5; ++shard) {
      test::Members members;
      for (int i = 0; i < 3 + shard; ++i) {
        members.emplace_back(concat("s", shard, "-", i, ".cls"), "a");
      }
      test::write_tar(path(shard), members);
    }
  }

  std::string path(int shard) const { return folder.path(concat("s", shard, ".tar")); }

  static std::string section(const std::string& sources, const std::string& more = "") {
    return "{" + sources + R"(, "fields": {"c": {"kind": "class", "classes": ["a"]}})" + more + "}";
  }

  Dataset open_all(const std::string& more = "") const {
    return Dataset::open(
        "d", section(R"("shards": {"train": [")" + folder.path("s*.tar") + R"("]})", more),
        folder.path("c"));
  }

  /// Source 0 holds shards 0 to 3 (18 samples), source 1 shard 4 (7 samples), three to one.
  Dataset open_blend() const {
    return Dataset::open(
        "d",
        section(R"("blend": [{"shards": [")" + folder.path("s{0..3}.tar") +
                R"("], "weight": 3}, {"shards": [")" + path(4) + R"("], "weight": 1}])"),
        folder.path("c"));
  }

  static std::vector<std::string> keys(TrainingStream& stream, int batches) {
    std::vector<std::string> keys;
    for (int i = 0; i < batches; ++i) {
      const Batch batch = stream.next();
      keys.insert(keys.end(), batch.keys.begin(), batch.keys.end());
    }
    return keys;
  }

  /// Each run of `count` keys holds `count` different ones.
  static void expect_epochs(const std::vector<std::string>& keys, std::size_t count) {
    for (std::size_t i = 0; i + count <= keys.size(); i += count) {
      EXPECT_EQ(std::set<std::string>(keys.begin() + static_cast<std::ptrdiff_t>(i),
                                      keys.begin() + static_cast<std::ptrdiff_t>(i + count))
                    .size(),
                count);
    }
  }

  Folder folder;
};

constexpr std::size_t k_all = 3 + 4 + 5 + 6 + 7;

TEST_F(OrderTest, ABufferShufflesShardsAndThenShortRuns) {
  const Dataset dataset = open_all(R"(, "order": {"buffer": 4})");
  TrainingStream stream(dataset, 5, 3);
  const std::vector<std::string> all = keys(stream, 15);  // three epochs of 25
  expect_epochs(all, k_all);
  std::set<std::string> shard_orders;
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    // The runs of four, taken as sets, follow the shards in some order.
    std::string order;
    std::vector<std::string> sequence;
    for (std::size_t run = 0; run < k_all; run += 4) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(epoch * k_all + run);
      std::vector<std::string> part(
          begin, begin + static_cast<std::ptrdiff_t>(std::min<std::size_t>(4, k_all - run)));
      for (const std::string& key : part) order += key[1];
    }
    // Every sample of a shard lies within its shard's places, give or take a run.
    for (char shard = '0'; shard < '5'; ++shard) {
      const std::size_t spread = order.rfind(shard) - order.find(shard);
      EXPECT_LE(spread, static_cast<std::size_t>(3 + shard - '0') + 2 * 3) << order;
    }
    shard_orders.insert(order);
  }
  EXPECT_EQ(shard_orders.size(), 3U);
}

TEST_F(OrderTest, EachSourceOfABlendHasItsOwnEpochs) {
  TrainingStream stream(open_blend(), 10, 3);
  std::vector<std::string> first, second;
  for (const std::string& key : keys(stream, 100)) {
    (key[1] == '4' ? second : first).push_back(key);
  }
  EXPECT_EQ(first.size(), 750U);
  EXPECT_EQ(second.size(), 250U);
  expect_epochs(first, 18);
  expect_epochs(second, 7);
}

TEST_F(OrderTest, RanksShareOneOrderAndTakeTheSameNumberOfSteps) {
  for (const Dataset& dataset :
       {open_all(), open_blend(), open_all(R"(, "order": {"buffer": 4})")}) {
    TrainingStream alone(dataset, 6, 9), one(dataset, 3, 9, {0, 2}), two(dataset, 3, 9, {1, 2});
    for (int step = 0; step < 30; ++step) {
      std::vector<std::string> both = keys(one, 1);
      const std::vector<std::string> other = keys(two, 1);
      EXPECT_EQ(both.size(), other.size());
      both.insert(both.end(), other.begin(), other.end());
      EXPECT_EQ(both, keys(alone, 1));
      EXPECT_EQ(one.position(), alone.position());
    }
  }
}

TEST_F(OrderTest, ARunMayGoOnWithAnotherNumberOfRanks) {
  const Dataset dataset = open_all();
  TrainingStream alone(dataset, 4, 9), before(dataset, 4, 9);
  std::vector<std::string> expected = keys(alone, 9), found = keys(before, 3);
  TrainingStream one(dataset, 2, 9, {0, 2}), two(dataset, 2, 9, {1, 2});
  one.seek(before.position());
  two.seek(before.position());
  for (int step = 0; step < 6; ++step) {
    for (TrainingStream* rank : {&one, &two}) {
      for (const std::string& key : keys(*rank, 1)) found.push_back(key);
    }
  }
  EXPECT_EQ(found, expected);
}

/// Trains in a process of its own, writing the keys of each step and then, as a checkpoint, the
/// position; it kills itself in the middle of step `last`, having made more batches than it took.
void train_and_die(const Dataset& dataset, Rank rank, const std::string& file, int last) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::string line;
    std::int64_t taken = 0;
    std::ifstream before(file);
    while (std::getline(before, line)) taken = std::stoll(line.substr(0, line.find(' ')));
    TrainingStream stream(dataset, 4 / rank.of, 11, rank);
    stream.seek({taken});
    std::ofstream out(file, std::ios::app);
    for (int step = 0;; ++step) {
      const Batch batch = stream.next();
      if (step == last) ::kill(::getpid(), SIGKILL);
      out << stream.position().taken;
      for (const std::string& key : batch.keys) out << ' ' << key;
      out << std::endl;
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(OrderTest, KilledAndResumedEveryEpochHoldsEverySampleOnce) {
  const auto run = [&](const Dataset& dataset, std::int64_t ranks) {
    std::multiset<std::string> keys;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      const std::string file = folder.path(concat("log-", ranks, "-", rank));
      std::filesystem::remove(file);
      for (const int steps : {3, 1, 0, 7, 14}) train_and_die(dataset, {rank, ranks}, file, steps);
      std::ifstream log(file);
      std::string word;
      for (std::string line; std::getline(log, line);) {
        std::istringstream words(line);
        words >> word;
        while (words >> word) keys.insert(word);
      }
    }
    return keys;
  };
  for (const std::int64_t ranks : {1, 2}) {
    // 25 steps of 4 are 4 epochs of 25, cut five times, never at the end of one.
    const std::multiset<std::string> keys = run(open_all(), ranks);
    EXPECT_EQ(keys.size(), 100U);
    for (const std::string& key : keys) EXPECT_EQ(keys.count(key), 4U) << key;
    const std::multiset<std::string> blended = run(open_blend(), ranks);
    EXPECT_EQ(blended.size(), 100U);
    TrainingStream whole(open_blend(), 100, 11);
    const Batch batch = whole.next();
    EXPECT_EQ(blended, std::multiset<std::string>(batch.keys.begin(), batch.keys.end()));
  }
}

}  // namespace
}  // namespace weft::host
