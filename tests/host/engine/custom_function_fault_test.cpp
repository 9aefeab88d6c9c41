// SPDX-License-Identifier: Apache-2.0
/// What a custom operation must not do, and how it is told.

#include <cstddef>

#include "tests/host/engine/custom_function_fixture.hpp"

namespace weft::host {
namespace {

TEST_F(CustomFunctionTest, ASavedTensorThatWasChangedInPlaceIsRefused) {
  const Tensor x = trainable({1, 2}), y = doubles({3, 4}, {2});
  const Tensor out = square_times(x, y);
  call(find_op("aten::zero_"), {value(y)});
  const std::string text = backward_refusal(out);
  EXPECT_EQ(text.find("backward of custom operation lab.gate: grad.saved(1): one of the variables "
                      "needed for gradient computation has been modified by an inplace operation"),
            0u)
      << text;
}

TEST_F(CustomFunctionTest, DifferentiatingTheGradientIsRefused) {
  const Tensor x = trainable({1, 2}), y = doubles({3, 4}, {2});
  const Tensor loss = sum(square_times(x, y));
  const std::vector<weft_tensor> inputs{x.get()};
  const ErrorRecord error = refusal(find_op("aten::_backward"), {value(loss), value(inputs)},
                                    {{"create_graph", value(true)}}, 0);
  EXPECT_EQ(error.text,
            "custom operation lab.gate is once-differentiable: its backward is not recorded");
  EXPECT_EQ(error.code, WEFT_UNSUPPORTED);
}

TEST_F(CustomFunctionTest, BackwardTwiceIsRefusedOnceTheGraphIsFreed) {
  const Tensor x = trainable({1, 2}), y = doubles({3, 4}, {2});
  const Tensor out = square_times(x, y);
  backward(sum(out));
  EXPECT_NE(backward_refusal(out).find("backward through the graph a second time"),
            std::string::npos);
}

TEST_F(CustomFunctionTest, FaultsOfForwardAreRefused) {
  const Tensor x = trainable({1, 2});
  const struct {
    Custom::Forward forward;
    const char* text;
  } cases[] = {
      {[](weft_saved, const weft_tensor*, std::uint32_t, weft_tensor*) { return WEFT_OK; },
       "forward did not write output 0"},
      {[](weft_saved, const weft_tensor* in, std::uint32_t, weft_tensor* out) {
         return tensor_api()->retain(in[0], out);
       },
       "output 0 shares memory with input 0. Return a copy"},
      {[](weft_saved, const weft_tensor* in, std::uint32_t, weft_tensor* out) {
         const std::int64_t sizes[] = {2, 1};
         return op_api()->reshape(in[0], sizes, 2, out);
       },
       "output 0 shares memory with input 0. Return a copy"},
      {[](weft_saved saved, const weft_tensor* in, std::uint32_t, weft_tensor*) {
         EXPECT_EQ(grad_api()->save(saved, in, 1), WEFT_OK);
         return grad_api()->save(saved, in, 1);
       },
       "grad.save: called twice"},
      {[](weft_saved saved, const weft_tensor*, std::uint32_t, weft_tensor*) {
         weft_tensor out = nullptr;
         return grad_api()->saved(saved, 0, &out);
       },
       "grad.saved: allowed within backward only"},
      {[](weft_saved, const weft_tensor*, std::uint32_t, weft_tensor*) { return WEFT_TYPE; },
       "it gave no reason"},
  };
  int count = 0;
  for (const auto& wrong : cases) {
    std::vector<Tensor> out;
    EXPECT_NE(run({x}, wrong.forward, no_gradient, out), WEFT_OK);
    EXPECT_EQ(error_record().text, std::string("custom operation lab.gate: ") + wrong.text);
    EXPECT_EQ(destroyed_, ++count);
  }
}

TEST_F(CustomFunctionTest, TwoOutputsMustBeTwoTensors) {
  const Tensor x = trainable({1, 2});
  std::vector<Tensor> out;
  EXPECT_EQ(run(
                {x},
                [](weft_saved saved, const weft_tensor* in, std::uint32_t n, weft_tensor* result) {
                  copy_forward(saved, in, n, result);
                  return tensor_api()->retain(result[0], result + 1);
                },
                no_gradient, out, 0, 2),
            WEFT_INVALID);
  EXPECT_EQ(error_record().text,
            "custom operation lab.gate: outputs 0 and 1 are the same tensor. Return a copy");
}

TEST_F(CustomFunctionTest, FaultsOfBackwardAreRefused) {
  const struct {
    Custom::Backward backward;
    const char* text;
  } cases[] = {
      {[](weft_saved, const weft_tensor*, const std::uint8_t*, weft_tensor* grad_in) {
         const std::int64_t sizes[] = {3};
         return tensor_api()->empty(sizes, 1, WEFT_DTYPE_FLOAT64, nullptr, grad_in);
       },
       "the gradient of input 0 has shape [3], the input has [2]"},
      {[](weft_saved saved, const weft_tensor*, const std::uint8_t*, weft_tensor* grad_in) {
         return grad_api()->saved(saved, 2, grad_in);
       },
       "grad.saved: asked for tensor 2, but forward saved 0"},
      {[](weft_saved saved, const weft_tensor* grad_out, const std::uint8_t*, weft_tensor*) {
         return grad_api()->save(saved, grad_out, 1);
       },
       "grad.save: allowed within forward only"},
      {[](weft_saved, const weft_tensor*, const std::uint8_t*, weft_tensor*) {
         return WEFT_FAILED;
       },
       "it gave no reason"},
  };
  for (const auto& wrong : cases) {
    const Tensor x = trainable({1, 2});
    EXPECT_EQ(backward_refusal(copy_with(x, wrong.backward)),
              std::string("backward of custom operation lab.gate: ") + wrong.text);
  }
}

TEST_F(CustomFunctionTest, IncompleteDescriptionsAreRefusedAndStillDestroyed) {
  const Tensor x = trainable({1, 2});
  const weft_tensor in[] = {x.get(), nullptr};
  weft_tensor out = nullptr;
  weft_function function{};
  function.size = sizeof function;
  function.user = new Custom{copy_forward, no_gradient, &destroyed_};
  function.destroy = destroy_custom;
  EXPECT_EQ(grad_.custom(&function, in, 1, &out, 1), WEFT_INVALID);
  EXPECT_EQ(error_record().text, "a custom operation needs a name, forward and backward");
  EXPECT_EQ(destroyed_, 1);

  function.name = "lab.gate";
  function.forward = forward_of;
  function.backward = backward_of;
  function.user = new Custom{copy_forward, no_gradient, &destroyed_};
  EXPECT_EQ(grad_.custom(&function, in, 2, &out, 1), WEFT_INVALID);
  EXPECT_EQ(error_record().text, "custom operation lab.gate: input 1 is null");
  EXPECT_EQ(destroyed_, 2);

  // A plug-in whose header had no `destroy` yet: what lies behind is not read.
  auto* user = new Custom{copy_forward, no_gradient, &destroyed_};
  function.user = user;
  function.size = offsetof(weft_function, destroy);
  EXPECT_EQ(grad_.custom(&function, in, 1, &out, 1), WEFT_OK) << error_record().text;
  Tensor::own(out);
  EXPECT_EQ(destroyed_, 2);
  delete user;

  EXPECT_EQ(grad_.custom(nullptr, in, 1, &out, 1), WEFT_INVALID);
  EXPECT_EQ(error_record().text, "a custom operation needs a description");
}

}  // namespace
}  // namespace weft::host
