// SPDX-License-Identifier: Apache-2.0
/// Each entry of the typed lane against the same operation called by name.

#include <functional>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

struct LaneCase {
  const char* name;
  std::vector<Sizes> inputs;
  /// The typed entry.
  std::function<weft_status(const weft_op_api&, const std::vector<weft_tensor>&, weft_tensor*)>
      lane;
  /// The same call by name.
  std::function<Tensor(const std::vector<Tensor>&)> boxed;
};

const Sizes k_norm_shape{4}, k_new_shape{4, -1}, k_order{2, 0, 1}, k_axes{0, -1}, k_all;

std::vector<LaneCase> lane_cases() {
  using In = std::vector<weft_tensor>;
  using Inputs = std::vector<Tensor>;
  const std::int64_t one = 1, two = 2;
  return {
      {"add",
       {{2, 3}, {3}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.add(in[0], in[1], -0.3, out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::add", "Tensor"), {value(in[0]), value(in[1])},
                     {{"alpha", value(-0.3)}});
       }},
      {"mul",
       {{2, 3}, {3}},
       [](const auto& op, const In& in, weft_tensor* out) { return op.mul(in[0], in[1], out); },
       [](const Inputs& in) {
         return call(find_op("aten::mul", "Tensor"), {value(in[0]), value(in[1])});
       }},
      {"linear",
       {{5, 2, 4}, {3, 4}, {3}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.linear(in[0], in[1], in[2], out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::linear"), {value(in[0]), value(in[1]), value(in[2])});
       }},
      {"linear_without_bias",
       {{5, 4}, {3, 4}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.linear(in[0], in[1], nullptr, out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::linear"), {value(in[0]), value(in[1]), none()});
       }},
      {"matmul",
       {{2, 3, 4}, {4, 5}},
       [](const auto& op, const In& in, weft_tensor* out) { return op.matmul(in[0], in[1], out); },
       [](const Inputs& in) {
         return call(find_op("aten::matmul"), {value(in[0]), value(in[1])});
       }},
      {"layer_norm",
       {{2, 3, 4}, {4}, {4}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.layer_norm(in[0], k_norm_shape.data(), 1, in[1], in[2], 1e-3, out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::layer_norm"),
                     {value(in[0]), value(k_norm_shape), value(in[1]), value(in[2]), value(1e-3)});
       }},
      {"reshape",
       {{2, 6}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.reshape(in[0], k_new_shape.data(), 2, out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::reshape"), {value(in[0]), value(k_new_shape)});
       }},
      {"permute",
       {{2, 3, 4}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.permute(in[0], k_order.data(), 3, out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::permute"), {value(in[0]), value(k_order)});
       }},
      {"transpose",
       {{2, 3, 4}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.transpose(in[0], 1, 2, out);
       },
       [=](const Inputs& in) {
         return call(find_op("aten::transpose", "int"), {value(in[0]), value(one), value(two)});
       }},
      {"select",
       {{2, 3}},
       [](const auto& op, const In& in, weft_tensor* out) { return op.select(in[0], 1, -1, out); },
       [=](const Inputs& in) {
         return call(find_op("aten::select", "int"), {value(in[0]), value(one), value(-one)});
       }},
      {"sum",
       {{2, 3, 4}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.sum(in[0], k_axes.data(), 2, 1, out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::sum", "dim_IntList"),
                     {value(in[0]), value(k_axes), value(true)});
       }},
      {"sum_of_all",
       {{2, 3, 4}},
       [](const auto& op, const In& in, weft_tensor* out) {
         return op.sum(in[0], nullptr, 0, 0, out);
       },
       [](const Inputs& in) {
         return call(find_op("aten::sum", "dim_IntList"), {value(in[0]), value(k_all)});
       }},
      {"cat",
       {{2, 3}, {2, 1}},
       [](const auto& op, const In& in, weft_tensor* out) { return op.cat(in.data(), 2, 1, out); },
       [=](const Inputs& in) {
         const In list{in[0].get(), in[1].get()};
         return call(find_op("aten::cat"), {value(list), value(one)});
       }},
  };
}

class OperationLaneTest : public EngineTest, public ::testing::WithParamInterface<LaneCase> {};

struct Outcome {
  Tensor output;
  std::vector<Tensor> gradients;
};

/// Runs on fresh inputs, then backward from a weighted sum of the output.
Outcome run(const LaneCase& lane, bool boxed, DType dtype) {
  std::vector<Tensor> inputs;
  std::vector<weft_tensor> handles;
  for (const Sizes& sizes : lane.inputs) {
    inputs.push_back(random_tensor(sizes, inputs.size(), dtype));
    set_trainable(inputs.back(), true);
    handles.push_back(inputs.back().get());
  }
  Outcome outcome;
  if (boxed)
    outcome.output = lane.boxed(inputs);
  else {
    weft_tensor out = nullptr;
    EXPECT_EQ(lane.lane(*op_api(), handles, &out), WEFT_OK) << error_record().text;
    outcome.output = Tensor::own(out);
  }
  backward(sum_of_products(outcome.output, random_tensor(outcome.output.sizes(), 99, dtype)));
  for (const Tensor& input : inputs) outcome.gradients.push_back(gradient(input));
  return outcome;
}

TEST_P(OperationLaneTest, EqualsTheCallByNameBitForBit) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Outcome lane = run(GetParam(), false, dtype);
    const Outcome boxed = run(GetParam(), true, dtype);
    EXPECT_TRUE(equal_bits(lane.output, boxed.output));
    ASSERT_EQ(lane.gradients.size(), boxed.gradients.size());
    for (std::size_t i = 0; i < lane.gradients.size(); ++i)
      EXPECT_TRUE(equal_bits(lane.gradients[i], boxed.gradients[i])) << "gradient " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OperationLaneTest, ::testing::ValuesIn(lane_cases()),
                         [](const auto& lane) { return std::string(lane.param.name); });

class LaneRefusalTest : public EngineTest {
 protected:
  void expect_refused(weft_status status, weft_status expected, const std::string& text) {
    EXPECT_EQ(status, expected);
    EXPECT_EQ(error_record().text, text);
    EXPECT_EQ(out_, nullptr);
  }

  const Tensor x_ = random_tensor({2, 3}, 1);
  weft_tensor out_ = nullptr;
};

TEST_F(LaneRefusalTest, NullHandlesAndPointers) {
  expect_refused(op_.mul(nullptr, x_.get(), &out_), WEFT_INVALID, "aten::mul: a is null");
  expect_refused(op_.linear(x_.get(), nullptr, nullptr, &out_), WEFT_INVALID,
                 "aten::linear: weight is null");
  expect_refused(op_.mul(x_.get(), x_.get(), nullptr), WEFT_INVALID, "aten::mul: out is null");
  expect_refused(op_.reshape(x_.get(), nullptr, 2, &out_), WEFT_INVALID,
                 "aten::reshape: a list of 2 is null");
  const weft_tensor list[] = {x_.get(), nullptr};
  expect_refused(op_.cat(list, 2, 0, &out_), WEFT_INVALID, "aten::cat: xs[1] is null");
  expect_refused(op_.cat(nullptr, 2, 0, &out_), WEFT_INVALID, "aten::cat: xs is null");
  expect_refused(op_.cat(list, 1, 0, nullptr), WEFT_INVALID, "aten::cat: out is null");
}

TEST_F(LaneRefusalTest, LibTorchsErrorsNameTheOperationAndItsInputs) {
  expect_refused(op_.matmul(x_.get(), x_.get(), &out_), WEFT_FAILED,
                 "aten::matmul(a float32[2, 3], b float32[2, 3]): mat1 and mat2 shapes cannot be "
                 "multiplied (2x3 and 2x3)");
  const Tensor scalar = floats({1}, {});
  const weft_tensor list[] = {x_.get(), scalar.get()};
  expect_refused(op_.cat(list, 2, 0, &out_), WEFT_FAILED,
                 "aten::cat({float32[2, 3] and float32[]}): zero-dimensional tensor (at position "
                 "1) cannot be concatenated");
}

TEST_F(LaneRefusalTest, WholeNumbersCanBeAdded) {
  const Tensor whole = from_array(Array::of<std::int64_t>({1, 2}, {2}));
  ASSERT_EQ(op_.add(whole.get(), whole.get(), -3.0, &out_), WEFT_OK) << error_record().text;
  const Array sum = to_array(Tensor::own(out_));
  EXPECT_EQ(sum.dtype, DType::int64);
  EXPECT_EQ(sum.data<std::int64_t>()[1], -4);
}

}  // namespace
}  // namespace weft::host
