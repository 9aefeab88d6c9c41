// SPDX-License-Identifier: Apache-2.0
#include "host/engine/recorder.hpp"

#include <chrono>
#include <map>
#include <thread>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

class RecorderTest : public EngineTest {
 protected:
  Tensor ones(const std::vector<std::int64_t>& sizes) {
    std::int64_t count = 1;
    for (const std::int64_t size : sizes) count *= size;
    return doubles(std::vector<double>(static_cast<std::size_t>(count), 1.0), sizes);
  }
  Tensor product(const Tensor& a, const Tensor& b) {
    weft_tensor out = nullptr;
    EXPECT_EQ(op_.matmul(a.get(), b.get(), &out), WEFT_OK);
    return Tensor::own(out);
  }
  Tensor sum(const Tensor& x) { return sum_of_products(x, ones(x.sizes())); }
};

TEST_F(RecorderTest, MatrixProductsAreCountedBothWays) {
  const Tensor a = ones({2, 3}), b = ones({3, 4});
  set_trainable(a, true), set_trainable(b, true);
  const OperationRecorder recorder;
  {
    const RecordedScope scope("one");
    backward(sum(product(a, b)));
  }
  const Flops flops = recorder.flops().at("one");
  EXPECT_EQ(flops.forward, 2.0 * 2 * 3 * 4);
  EXPECT_EQ(flops.backward, 2.0 * 2 * 2 * 3 * 4);
}

TEST_F(RecorderTest, OnlyWhatTrainsHasAWayBack) {
  const Tensor a = ones({2, 3}), b = ones({3, 4});
  set_trainable(b, true);
  const OperationRecorder recorder;
  const RecordedScope scope("one");
  backward(sum(product(a, b)));
  EXPECT_EQ(recorder.flops().at("one").backward, 2.0 * 2 * 3 * 4);
}

TEST_F(RecorderTest, EachScopeHasItsOwnAlsoOnTheWayBack) {
  const Tensor a = ones({2, 3}), b = ones({3, 4}), c = ones({4, 5});
  for (const Tensor& parameter : {a, b, c}) set_trainable(parameter, true);
  const OperationRecorder recorder;
  Tensor first, second;
  {
    const RecordedScope scope("first");
    first = product(a, b);
  }
  {
    const RecordedScope scope("second");
    second = product(first, c);
  }
  backward(sum(second));
  EXPECT_EQ(recorder.flops().at("first").forward, 48.0);
  EXPECT_EQ(recorder.flops().at("first").backward, 96.0);
  EXPECT_EQ(recorder.flops().at("second").forward, 80.0);
  EXPECT_EQ(recorder.flops().at("second").backward, 160.0);
}

TEST_F(RecorderTest, BatchedProductsCountEveryBatch) {
  const Tensor a = ones({5, 2, 3}), b = ones({5, 3, 4});
  const OperationRecorder recorder;
  product(a, b);
  EXPECT_EQ(recorder.flops().at("").forward, 5.0 * 48);
}

TEST_F(RecorderTest, MemoryIsWhatLivesAtOneTime) {
  const Tensor a = ones({64, 64}), b = ones({64, 64});
  constexpr std::int64_t k_product = 64 * 64 * 8;
  const OperationRecorder recorder;
  EXPECT_EQ(recorder.bytes(), 0);
  {
    const Tensor one = product(a, b);
    EXPECT_EQ(recorder.bytes(), k_product);
    const Tensor two = product(one, b);
    EXPECT_EQ(recorder.bytes(), 2 * k_product);
  }
  EXPECT_EQ(recorder.bytes(), 0);
  EXPECT_GE(recorder.peak_bytes(), 2 * k_product);
  EXPECT_LT(recorder.peak_bytes(), 3 * k_product);
}

// Of each scope alone, without those within it.
TEST_F(RecorderTest, TimeAndWhatIsKeptAreOfTheScopeThatRuns) {
  const Tensor a = ones({64, 64}), b = ones({64, 64});
  set_trainable(a, true);
  const OperationRecorder recorder;
  const auto wait = [](int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  };
  Tensor kept;
  {
    const RecordedScope outer("outer");
    wait(20);
    {
      const RecordedScope inner("inner");
      wait(200);
      kept = product(a, b);
    }
    product(a, b);  // and freed
  }
  backward(sum(kept));
  const std::map<std::string, ScopeCost> costs = recorder.costs();
  EXPECT_GE(costs.at("inner").forward_seconds, 0.2);
  EXPECT_GE(costs.at("outer").forward_seconds, 0.02);
  EXPECT_LT(costs.at("outer").forward_seconds, 0.2) << "what is within counts there alone";
  EXPECT_EQ(costs.at("inner").kept_bytes, 64 * 64 * 8);
  EXPECT_EQ(costs.at("outer").kept_bytes, 0);
  EXPECT_GT(costs.at("inner").backward_seconds, 0.0);
  EXPECT_EQ(costs.at("outer").backward_seconds, 0.0);
}

TEST_F(RecorderTest, NothingIsCountedAfterItsEnd) {
  const Tensor a = ones({2, 3}), b = ones({3, 4});
  { const OperationRecorder recorder; }
  product(a, b);
  const OperationRecorder recorder;
  EXPECT_TRUE(recorder.flops().empty());
}

}  // namespace
}  // namespace weft::host
