// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include <weft/drafts.h>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

class ParametersTest : public EngineTest {
 protected:
  weft_parameter declaration(std::uint32_t init, double a = 0, double b = 0) {
    weft_parameter parameter{};
    parameter.size = sizeof parameter;
    parameter.name = "weight";
    parameter.sizes = sizes_.data();
    parameter.ndim = static_cast<std::uint32_t>(sizes_.size());
    parameter.init = init;
    parameter.a = a;
    parameter.b = b;
    return parameter;
  }
  Tensor make(const weft_parameter& parameter, const std::string& path = "vision.weight",
              std::uint64_t seed = 1, DType dtype = DType::float32) {
    return make_parameter(parameter, path, seed, dtype, true);
  }
  std::string refusal_of(const weft_parameter& parameter, bool trainable = false) {
    try {
      make_parameter(parameter, "vision.weight", 1, DType::float32, trainable);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::plugin);
      return error.what();
    }
    return "";
  }

  Sizes sizes_{200, 100};
};

struct Statistics {
  double mean, deviation, low, high;
};

Statistics statistics(const Tensor& tensor) {
  const std::vector<double> values = values_of(tensor);
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {mean, std::sqrt(square / count), *low, *high};
}

TEST_F(ParametersTest, ConstantsAreExact) {
  EXPECT_EQ(statistics(make(declaration(WEFT_INIT_ZEROS))).high, 0.0);
  const Tensor tenth = make(declaration(WEFT_INIT_CONSTANT, 0.1), "a", 1, DType::float64);
  EXPECT_EQ(values_of(tenth)[0], 0.1);
}

TEST_F(ParametersTest, NormalHasItsMeanAndDeviation) {
  const Statistics found = statistics(make(declaration(WEFT_INIT_NORMAL, 2.0, 0.5)));
  EXPECT_NEAR(found.mean, 2.0, 0.02);
  EXPECT_NEAR(found.deviation, 0.5, 0.01);
  EXPECT_GT(found.high, 2.0 + 3 * 0.5);
}

TEST_F(ParametersTest, TruncatedNormalIsCutAtTwoDeviations) {
  const Statistics found = statistics(make(declaration(WEFT_INIT_TRUNCATED_NORMAL, 1.0, 0.5)));
  EXPECT_NEAR(found.mean, 1.0, 0.02);
  EXPECT_NEAR(found.deviation, 0.5 * 0.8796, 0.01);  // √(1 − 4φ(2) / (2Φ(2) − 1))
  EXPECT_GE(found.low, 0.0);
  EXPECT_LE(found.high, 2.0);
  EXPECT_LT(found.low, 0.02);
}

TEST_F(ParametersTest, UniformFillsItsRange) {
  const Statistics found = statistics(make(declaration(WEFT_INIT_UNIFORM, -1.0, 3.0)));
  EXPECT_NEAR(found.mean, 1.0, 0.04);
  EXPECT_NEAR(found.deviation, 4.0 / std::sqrt(12.0), 0.02);
  EXPECT_GE(found.low, -1.0);
  EXPECT_LE(found.high, 3.0);
}

TEST_F(ParametersTest, XavierTakesItsBoundFromTheFans) {
  Statistics found = statistics(make(declaration(WEFT_INIT_XAVIER_UNIFORM, 2.0)));
  double bound = 2.0 * std::sqrt(6.0 / 300.0);
  EXPECT_NEAR(found.high, bound, 0.01 * bound);
  EXPECT_LE(found.high, bound * (1 + 1e-6));
  sizes_ = {30, 20, 3, 3};  // a kernel: fans 180 and 270
  found = statistics(make(declaration(WEFT_INIT_XAVIER_UNIFORM, 1.0)));
  bound = std::sqrt(6.0 / 450.0);
  EXPECT_NEAR(found.low, -bound, 0.01 * bound);
  EXPECT_GE(found.low, -bound * (1 + 1e-6));
}

TEST_F(ParametersTest, OrthogonalRowsOrColumnsAreOrthonormal) {
  for (const Sizes& sizes : {Sizes{6, 4}, Sizes{4, 6}, Sizes{5, 5}, Sizes{3, 2, 2, 2}}) {
    sizes_ = sizes;
    const Tensor tensor = make(declaration(WEFT_INIT_ORTHOGONAL, 1.5));
    EXPECT_EQ(tensor.sizes(), sizes);
    const std::vector<double> w = values_of(tensor);
    const auto rows = static_cast<std::size_t>(sizes[0]);
    const std::size_t columns = w.size() / rows, few = std::min(rows, columns);
    for (std::size_t i = 0; i < few; ++i)
      for (std::size_t j = 0; j < few; ++j) {
        double product = 0;
        for (std::size_t k = 0; k < std::max(rows, columns); ++k)
          product += rows < columns ? w[i * columns + k] * w[j * columns + k]
                                    : w[k * columns + i] * w[k * columns + j];
        EXPECT_NEAR(product, i == j ? 2.25 : 0.0, 1e-6);
      }
  }
}

// Q of a single number is always 1; turned by the sign of R it is as often −1.
TEST_F(ParametersTest, OrthogonalIsUniform) {
  sizes_ = {1, 1};
  int positive = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    positive += values_of(make(declaration(WEFT_INIT_ORTHOGONAL, 1), "w", seed))[0] > 0 ? 1 : 0;
  EXPECT_GT(positive, 70);
  EXPECT_LT(positive, 130);
}

TEST_F(ParametersTest, OrthogonalDependsOnSeedAndPathAlone) {
  sizes_ = {6, 4};
  const weft_parameter orthogonal = declaration(WEFT_INIT_ORTHOGONAL, 1);
  const Tensor first = make(orthogonal);
  make(orthogonal, "another.weight");
  EXPECT_TRUE(equal_bits(first, make(orthogonal)));
  EXPECT_FALSE(equal_bits(first, make(orthogonal, "vision.weight", 2)));
  EXPECT_EQ(values_of(first), values_of(make(orthogonal, "vision.weight", 1, DType::float64)));
}

TEST_F(ParametersTest, SeedAndPathAloneDecideTheValues) {
  const weft_parameter normal = declaration(WEFT_INIT_NORMAL, 0.0, 1.0);
  const Tensor first = make(normal);
  make(normal, "another.weight");
  EXPECT_TRUE(equal_bits(first, make(normal)));
  EXPECT_FALSE(equal_bits(first, make(normal, "text.weight")));
  EXPECT_FALSE(equal_bits(first, make(normal, "vision.weight", 2)));
  EXPECT_FALSE(equal_bits(first, make(normal, "vision.weight", 1 + (std::uint64_t{1} << 32))));
}

TEST_F(ParametersTest, ThePrecisionDoesNotChangeTheValues) {
  const weft_parameter normal = declaration(WEFT_INIT_NORMAL, 0.0, 1.0);
  EXPECT_EQ(values_of(make(normal)), values_of(make(normal, "vision.weight", 1, DType::float64)));
}

TEST_F(ParametersTest, TheDeclaredElementTypeWinsOverTheModels) {
  weft_parameter parameter = declaration(WEFT_INIT_CONSTANT, 3);
  EXPECT_EQ(make(parameter, "a", 1, DType::bfloat16).dtype(), DType::bfloat16);
  parameter.dtype = WEFT_DTYPE_INT64;
  const Tensor buffer = make_parameter(parameter, "a", 1, DType::float32, false);
  EXPECT_EQ(buffer.dtype(), DType::int64);
  EXPECT_EQ(to_array(buffer).data<std::int64_t>()[5], 3);
}

TEST_F(ParametersTest, OnlyTrainableOnesAreRecorded) {
  const weft_parameter zeros = declaration(WEFT_INIT_ZEROS);
  const Tensor trained = make(zeros);
  EXPECT_TRUE(trained.requires_grad());
  EXPECT_FALSE(make_parameter(zeros, "a", 1, DType::float32, false).requires_grad());
  set_trainable(trained, false);
  EXPECT_FALSE(trained.requires_grad());
}

TEST_F(ParametersTest, SenselessDeclarationsAreRefused) {
  const std::string head = "parameter \"vision.weight\": ",
                    tail = ". This is a fault of the plug-in.";
  weft_parameter wrong = declaration(42);
  EXPECT_EQ(refusal_of(wrong), head + "this host does not know initialisation 42" + tail);
  wrong = declaration(WEFT_INIT_ZEROS);
  wrong.dtype = 99;
  EXPECT_EQ(refusal_of(wrong), head + "there is no element type 99" + tail);
  wrong = declaration(WEFT_INIT_ZEROS);
  wrong.ndim = 9;
  EXPECT_EQ(refusal_of(wrong), head + "it has 9 axes; at most 8 are allowed" + tail);
  wrong = declaration(WEFT_INIT_ZEROS);
  wrong.sizes = nullptr;
  EXPECT_EQ(refusal_of(wrong), head + "its sizes are missing" + tail);
  wrong = declaration(WEFT_INIT_NORMAL, 0, 1);
  wrong.dtype = WEFT_DTYPE_INT64;
  EXPECT_EQ(refusal_of(wrong),
            head + "only floating-point elements can be initialised at random" + tail);
  wrong.init = WEFT_INIT_ZEROS;
  EXPECT_EQ(refusal_of(wrong, true), head + "only floating-point elements can be trained" + tail);
  wrong = declaration(WEFT_INIT_ZEROS);
  wrong.size = offsetof(weft_parameter, a);
  EXPECT_EQ(refusal_of(wrong), head + "its declaration is incomplete" + tail);
  sizes_ = {5};
  EXPECT_EQ(refusal_of(declaration(WEFT_INIT_XAVIER_UNIFORM, 1)),
            head + "Xavier initialisation needs two axes or more, it has 1" + tail);
  EXPECT_EQ(refusal_of(declaration(WEFT_INIT_ORTHOGONAL, 1)),
            head + "orthogonal initialisation needs two axes or more, it has 1" + tail);
  sizes_ = {2, -1};
  EXPECT_EQ(refusal_of(declaration(WEFT_INIT_ZEROS)),
            head + "size 1 is -1; it must not be negative" + tail);
}

}  // namespace
}  // namespace weft::host
