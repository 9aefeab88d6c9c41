// SPDX-License-Identifier: Apache-2.0
/// Custom operations as a plug-in writes them: raw memory, no tensor library.

#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {

/// A weft_function made of two lambdas; counts its destruction.
struct Custom {
  using Forward =
      std::function<weft_status(weft_saved, const weft_tensor*, std::uint32_t, weft_tensor*)>;
  using Backward =
      std::function<weft_status(weft_saved, const weft_tensor*, const std::uint8_t*, weft_tensor*)>;
  Forward forward;
  Backward backward;
  int* destroyed;
};

inline weft_status forward_of(void* user, weft_saved saved, const weft_tensor* in,
                              std::uint32_t n_in, weft_tensor* out, std::uint32_t) {
  return static_cast<Custom*>(user)->forward(saved, in, n_in, out);
}

inline weft_status backward_of(void* user, weft_saved saved, const weft_tensor* grad_out,
                               std::uint32_t, const std::uint8_t* needs, weft_tensor* grad_in,
                               std::uint32_t) {
  return static_cast<Custom*>(user)->backward(saved, grad_out, needs, grad_in);
}

inline void destroy_custom(void* user) {
  auto* custom = static_cast<Custom*>(user);
  ++*custom->destroyed;
  delete custom;
}

/// out[i] = function(i) over raw memory, shaped like `like`.
inline weft_tensor make_like(const Tensor& like,
                             const std::function<double(std::int64_t)>& function) {
  weft_tensor_meta meta{};
  meta.size = sizeof meta;
  EXPECT_EQ(tensor_api()->meta(like.get(), &meta), WEFT_OK);
  weft_tensor out = nullptr;
  EXPECT_EQ(tensor_api()->empty(meta.sizes, meta.ndim, meta.dtype, like.get(), &out), WEFT_OK);
  void* data = nullptr;
  EXPECT_EQ(tensor_api()->data(out, &data), WEFT_OK);
  for (std::int64_t i = 0; i < meta.count; ++i) static_cast<double*>(data)[i] = function(i);
  return out;
}

inline const double* data_of(weft_tensor tensor) {
  void* data = nullptr;
  EXPECT_EQ(tensor_api()->data(tensor, &data), WEFT_OK);
  return static_cast<const double*>(data);
}

class CustomFunctionTest : public EngineTest {
 protected:
  /// Runs an operation named "lab.gate" with one output unless told otherwise.
  weft_status run(const std::vector<Tensor>& in, Custom::Forward forward, Custom::Backward backward,
                  std::vector<Tensor>& out, std::uint32_t flags = 0, std::uint32_t n_out = 1) {
    weft_function function{};
    function.size = sizeof function;
    function.flags = flags;
    function.name = "lab.gate";
    function.user = new Custom{std::move(forward), std::move(backward), &destroyed_};
    function.forward = forward_of;
    function.backward = backward_of;
    function.destroy = destroy_custom;
    std::vector<weft_tensor> handles;
    for (const Tensor& tensor : in) handles.push_back(tensor.get());
    std::vector<weft_tensor> results(n_out, nullptr);
    const weft_status status =
        grad_.custom(&function, handles.data(), static_cast<std::uint32_t>(handles.size()),
                     results.data(), n_out);
    for (weft_tensor result : results) {
      EXPECT_EQ(result == nullptr, status != WEFT_OK);
      out.push_back(Tensor::own(result));
    }
    return status;
  }

  /// x² y, elementwise, from raw memory.
  Tensor square_times(const Tensor& x_in, const Tensor& y_in, std::uint32_t flags = 0) {
    std::vector<Tensor> out;
    const auto forward = [](weft_saved saved, const weft_tensor* in, std::uint32_t,
                            weft_tensor* result) {
      EXPECT_EQ(grad_api()->enabled(), 0u);
      const double *x = data_of(in[0]), *y = data_of(in[1]);
      result[0] =
          make_like(Tensor::share(in[0]), [=](std::int64_t i) { return x[i] * x[i] * y[i]; });
      return grad_api()->save(saved, in, 2);
    };
    const auto backward = [](weft_saved saved, const weft_tensor* grad_out,
                             const std::uint8_t* needs, weft_tensor* grad_in) {
      weft_tensor x_handle = nullptr, y_handle = nullptr;
      if (const weft_status failed = grad_api()->saved(saved, 0, &x_handle)) return failed;
      const Tensor saved_x = Tensor::own(x_handle);
      if (const weft_status failed = grad_api()->saved(saved, 1, &y_handle)) return failed;
      const Tensor saved_y = Tensor::own(y_handle);
      const double *x = data_of(saved_x.get()), *y = data_of(saved_y.get());
      const double* g = data_of(grad_out[0]);
      if (needs[0])
        grad_in[0] = make_like(saved_x, [=](std::int64_t i) { return 2 * x[i] * y[i] * g[i]; });
      if (needs[1])
        grad_in[1] = make_like(saved_y, [=](std::int64_t i) { return x[i] * x[i] * g[i]; });
      return WEFT_OK;
    };
    EXPECT_EQ(run({x_in, y_in}, forward, backward, out, flags), WEFT_OK) << error_record().text;
    return out[0];
  }

  /// A copy of the input, whose backward is `backward`.
  Tensor copy_with(const Tensor& x, Custom::Backward backward, std::uint32_t flags = 0) {
    std::vector<Tensor> out;
    EXPECT_EQ(run({x}, copy_forward, std::move(backward), out, flags), WEFT_OK)
        << error_record().text;
    return out[0];
  }

  static weft_status copy_forward(weft_saved, const weft_tensor* in, std::uint32_t,
                                  weft_tensor* out) {
    const double* x = data_of(in[0]);
    out[0] = make_like(Tensor::share(in[0]), [=](std::int64_t i) { return x[i]; });
    return WEFT_OK;
  }

  static weft_status no_gradient(weft_saved, const weft_tensor*, const std::uint8_t*,
                                 weft_tensor*) {
    return WEFT_OK;
  }

  /// The sentence with which backward ends.
  std::string backward_refusal(const Tensor& output) {
    try {
      backward(sum(output));
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::plugin);
      return error.what();
    }
    ADD_FAILURE() << "backward succeeded";
    return "";
  }

  Tensor sum(const Tensor& x) { return call(find_op("aten::sum"), {value(x)}); }

  Tensor trainable(const std::vector<double>& values) {
    Tensor tensor = doubles(values, {static_cast<std::int64_t>(values.size())});
    set_trainable(tensor, true);
    return tensor;
  }

  int destroyed_ = 0;
};

}  // namespace weft::host
