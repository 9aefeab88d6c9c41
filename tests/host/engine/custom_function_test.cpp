// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <thread>

#include "tests/host/engine/custom_function_fixture.hpp"

namespace weft::host {
namespace {

TEST_F(CustomFunctionTest, GradientsEqualCentralDifferences) {
  const std::vector<double> x{0.3, -1.2, 2.0}, y{1.5, 0.4, -0.7};
  const Tensor tx = trainable(x), ty = trainable(y);
  const Tensor weights = doubles({0.9, -2.0, 1.3}, {3});
  backward(sum_of_products(square_times(tx, ty), weights));
  const double step = 1e-5;
  const auto loss = [&](const std::vector<double>& a, const std::vector<double>& b) {
    return item(sum_of_products(square_times(doubles(a, {3}), doubles(b, {3})), weights));
  };
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<double> up = x, down = x;
    up[i] += step, down[i] -= step;
    EXPECT_NEAR(values_of(gradient(tx))[i], (loss(up, y) - loss(down, y)) / (2 * step), 1e-8);
    up = y, down = y;
    up[i] += step, down[i] -= step;
    EXPECT_NEAR(values_of(gradient(ty))[i], (loss(x, up) - loss(x, down)) / (2 * step), 1e-8);
  }
}

TEST_F(CustomFunctionTest, OnlyNeededGradientsAreAskedFor) {
  const Tensor frozen = doubles({3, 4}, {2}), x = trainable({1, 2});
  std::vector<int> asked;
  std::vector<Tensor> out;
  const auto backward_fn = [&asked](weft_saved, const weft_tensor* grad_out,
                                    const std::uint8_t* needs, weft_tensor* grad_in) {
    asked = {needs[0], needs[1]};
    return tensor_api()->retain(grad_out[0], grad_in + 1);
  };
  ASSERT_EQ(run({frozen, x}, copy_forward, backward_fn, out), WEFT_OK) << error_record().text;
  backward(sum(out[0]));
  EXPECT_EQ(asked, (std::vector<int>{0, 1}));
  EXPECT_EQ(values_of(gradient(x)), (std::vector<double>{1, 1}));
  EXPECT_FALSE(gradient(frozen));
}

TEST_F(CustomFunctionTest, TheGradientOfASumArrivesContiguous) {
  // Autograd expands the 1 of a sum to [3] with stride 0: reading it as memory goes astray.
  std::int64_t stride = -1;
  const auto backward_fn = [&stride](weft_saved, const weft_tensor* grad_out, const std::uint8_t*,
                                     weft_tensor* grad_in) {
    weft_tensor_meta meta{};
    meta.size = sizeof meta;
    EXPECT_EQ(tensor_api()->meta(grad_out[0], &meta), WEFT_OK);
    stride = meta.strides[0];
    const double* g = data_of(grad_out[0]);
    grad_in[0] =
        make_like(Tensor::share(grad_out[0]), [=](std::int64_t i) { return g[i * stride]; });
    return WEFT_OK;
  };
  Tensor x = trainable({1, 2, 3});
  backward(sum(copy_with(x, backward_fn)));
  EXPECT_EQ(stride, 1);
  EXPECT_EQ(values_of(gradient(x)), (std::vector<double>{1, 1, 1}));
  x = trainable({1, 2, 3});
  backward(sum(copy_with(x, backward_fn, WEFT_FUNCTION_STRIDED)));
  EXPECT_EQ(stride, 0);
  EXPECT_EQ(values_of(gradient(x)), (std::vector<double>{1, 1, 1}));
}

TEST_F(CustomFunctionTest, AnOutputThatNothingDependsOnHasNoGradient) {
  const Tensor x = trainable({1, 2});
  std::vector<Tensor> out;
  std::string seen;
  ASSERT_EQ(
      run(
          {x},
          [](weft_saved saved, const weft_tensor* in, std::uint32_t n, weft_tensor* result) {
            copy_forward(saved, in, n, result);
            return copy_forward(saved, in, n, result + 1);
          },
          [&seen](weft_saved, const weft_tensor* grad_out, const std::uint8_t*, weft_tensor*) {
            seen = std::string(grad_out[0] ? "1" : "0") + (grad_out[1] ? "1" : "0");
            return WEFT_OK;
          },
          out, 0, 2),
      WEFT_OK);
  backward(sum(out[1]));
  EXPECT_EQ(seen, "01");
  EXPECT_FALSE(gradient(x));  // it wrote none, which stands for zero
}

TEST_F(CustomFunctionTest, WholeNumbersComeOutWithoutAGradient) {
  const Tensor x = trainable({3, 1});
  std::vector<Tensor> out;
  ASSERT_EQ(
      run(
          {x},
          [](weft_saved saved, const weft_tensor* in, std::uint32_t n, weft_tensor* result) {
            const std::int64_t sizes[] = {2};
            copy_forward(saved, in, n, result);
            return tensor_api()->empty(sizes, 1, WEFT_DTYPE_INT64, nullptr, result + 1);
          },
          [](weft_saved, const weft_tensor* grad_out, const std::uint8_t*, weft_tensor* grad_in) {
            EXPECT_EQ(grad_out[1], nullptr);
            return tensor_api()->retain(grad_out[0], grad_in);
          },
          out, 0, 2),
      WEFT_OK);
  EXPECT_FALSE(out[1].requires_grad());
  backward(sum(out[0]));
  EXPECT_EQ(values_of(gradient(x)), (std::vector<double>{1, 1}));
}

TEST_F(CustomFunctionTest, SavingAnOutputMakesNoCycle) {
  {
    const Tensor x = trainable({1, 2});
    std::vector<Tensor> out;
    ASSERT_EQ(
        run(
            {x},
            [](weft_saved saved, const weft_tensor* in, std::uint32_t n, weft_tensor* result) {
              copy_forward(saved, in, n, result);
              return grad_api()->save(saved, result, 1);
            },
            no_gradient, out),
        WEFT_OK);
    EXPECT_EQ(destroyed_, 0);
  }
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(CustomFunctionTest, DestroyIsCalledOnceHoweverItEnds) {
  {
    const Tensor x = doubles({1, 2}, {2});
    copy_with(x, no_gradient);  // nothing to differentiate: no graph
    EXPECT_EQ(destroyed_, 1);
  }
  {
    const GradMode off(false);
    const Tensor x = trainable({1, 2});
    copy_with(x, no_gradient);
    EXPECT_EQ(destroyed_, 2);
  }
  {
    const Tensor out = copy_with(trainable({1, 2}), no_gradient);
    EXPECT_EQ(destroyed_, 2);  // the graph needs it
  }
  EXPECT_EQ(destroyed_, 3);
  backward(sum(copy_with(trainable({1, 2}), no_gradient)));
  EXPECT_EQ(destroyed_, 4);
}

TEST_F(CustomFunctionTest, TheGraphKeepsTheLibraryLoaded) {
  const auto library = std::make_shared<int>(0);
  Tensor out, nested;
  {
    const LibraryScope scope(library);
    {
      const LibraryScope inner(nullptr);
      nested = copy_with(trainable({1}), no_gradient);
    }
    EXPECT_EQ(library.use_count(), 2);
    out = copy_with(trainable({1, 2}), no_gradient);
    copy_with(doubles({1}, {1}), no_gradient);
  }
  EXPECT_EQ(library.use_count(), 2);  // one from the graph, none from elsewhere
  copy_with(trainable({1}), no_gradient);
  EXPECT_EQ(library.use_count(), 2);
  out = Tensor();
  EXPECT_EQ(library.use_count(), 1);
  EXPECT_EQ(destroyed_, 3);  // all but `nested`
}

TEST_F(CustomFunctionTest, DestroyRunsBeforeTheLibraryGoes) {
  int destroyed_at_unload = -1;
  Tensor out;
  {
    const auto unload = [&](const int*) { destroyed_at_unload = destroyed_; };
    const LibraryScope scope(std::shared_ptr<const int>(&destroyed_, unload));
    out = copy_with(trainable({1}), no_gradient);
  }
  EXPECT_EQ(destroyed_at_unload, -1);
  out = Tensor();
  EXPECT_EQ(destroyed_at_unload, 1);
}

TEST_F(CustomFunctionTest, BackwardMayRunOnAnotherThread) {
  const Tensor x = trainable({1, 2}), y = doubles({3, 4}, {2});
  const Tensor loss = sum(square_times(x, y));
  std::thread([&] { backward(loss); }).join();
  EXPECT_EQ(values_of(gradient(x)), (std::vector<double>{6, 16}));
}

TEST_F(CustomFunctionTest, GradModeIsVisible) {
  EXPECT_EQ(grad_.enabled(), 1u);
  const GradMode off(false);
  EXPECT_EQ(grad_.enabled(), 0u);
  {
    const GradMode on(true);
    EXPECT_EQ(grad_.enabled(), 1u);
  }
  EXPECT_EQ(grad_.enabled(), 0u);
}

}  // namespace
}  // namespace weft::host
