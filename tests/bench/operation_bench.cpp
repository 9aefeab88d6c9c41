// SPDX-License-Identifier: Apache-2.0
/// What an operation costs through the ABI, against the same call made directly in C++: through the
/// typed lane, where the ABI has one, and by cached handle. Small tensors, so that the way there
/// counts and not the arithmetic.

#include <ATen/ops/add.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>

#include <cstdio>
#include <cstdlib>

#include "host/engine/handle.hpp"
#include "host/engine/runtime.hpp"
#include "host/engine/tables.hpp"
#include "tests/bench/side_by_side.hpp"

namespace weft::bench {
namespace {

const weft_tensor_api* const k_tensors = host::tensor_api();
const weft_op_api* const k_ops = host::op_api();

weft_op find(const char* name, const char* overload) {
  weft_op op = nullptr;
  if (k_ops->lookup(name, overload, nullptr, &op) != WEFT_OK) std::abort();
  return op;
}

weft_value tensor(weft_tensor handle) {
  weft_value value{};
  value.tag = WEFT_VALUE_TENSOR;
  value.u.t = handle;
  return value;
}
weft_value integer(std::int64_t number) {
  weft_value value{};
  value.tag = WEFT_VALUE_INT;
  value.u.i = number;
  return value;
}
weft_value real(double number) {
  weft_value value{};
  value.tag = WEFT_VALUE_DOUBLE;
  value.u.d = number;
  return value;
}
weft_value list(const std::vector<std::int64_t>& numbers) {
  weft_value value{};
  value.tag = WEFT_VALUE_INT_LIST;
  value.len = static_cast<std::uint32_t>(numbers.size());
  value.u.il = numbers.data();
  return value;
}

void require(weft_status status) {
  if (status != WEFT_OK) std::abort();
}

/// A call by handle, as a plug-in makes it.
void by_handle(weft_op op, const std::vector<weft_value>& arguments) {
  weft_value result{};
  require(k_ops->call(op, arguments.data(), static_cast<std::uint32_t>(arguments.size()), nullptr,
                      0, &result, 1));
  k_tensors->release(result.u.t);
}

void typed(const std::function<weft_status(weft_tensor*)>& entry) {
  weft_tensor out = nullptr;
  require(entry(&out));
  k_tensors->release(out);
}

struct Contest {
  const char* operation;
  int limit;  // nanoseconds over the direct call; 0: none is set
  std::vector<Way> ways;
};

void measure(bool grad) {
  const at::Tensor x = at::randn({4, 64}), y = at::randn({4, 64}), weight = at::randn({64, 64}),
                   bias = at::randn({64}), scale = at::randn({64});
  for (const at::Tensor& one : {x, y, weight, bias, scale}) one.set_requires_grad(grad);
  const auto own = [](const at::Tensor& one) { return host::wrap(one); };
  const host::Tensor hx = own(x), hy = own(y), hw = own(weight), hb = own(bias), hs = own(scale);
  const std::vector<std::int64_t> shape{64};
  const weft_op add = find("aten::add", "Tensor"), norm = find("aten::layer_norm", ""),
                linear = find("aten::linear", ""), matmul = find("aten::matmul", ""),
                softmax = find("aten::softmax", "int");
  const std::vector<weft_value> add_args{tensor(hx.get()), tensor(hy.get())},
      norm_args{tensor(hx.get()), list(shape), tensor(hs.get()), tensor(hb.get()), real(1e-5)},
      linear_args{tensor(hx.get()), tensor(hw.get()), tensor(hb.get())},
      matmul_args{tensor(hx.get()), tensor(hw.get())}, softmax_args{tensor(hx.get()), integer(-1)};
  const std::vector<Contest> contests{
      {"add",
       120,
       {{"direct", [&] { at::add(x, y); }},
        {"typed", [&] { typed([&](auto* o) { return k_ops->add(hx.get(), hy.get(), 1.0, o); }); }},
        {"handle", [&] { by_handle(add, add_args); }}}},
      {"layer_norm",
       350,
       {{"direct", [&] { at::layer_norm(x, {64}, scale, bias, 1e-5); }},
        {"typed",
         [&] {
           typed([&](auto* o) {
             return k_ops->layer_norm(hx.get(), shape.data(), 1, hs.get(), hb.get(), 1e-5, o);
           });
         }},
        {"handle", [&] { by_handle(norm, norm_args); }}}},
      {"linear",
       0,
       {{"direct", [&] { at::linear(x, weight, bias); }},
        {"typed",
         [&] { typed([&](auto* o) { return k_ops->linear(hx.get(), hw.get(), hb.get(), o); }); }},
        {"handle", [&] { by_handle(linear, linear_args); }}}},
      {"matmul",
       0,
       {{"direct", [&] { at::matmul(x, weight); }},
        {"typed", [&] { typed([&](auto* o) { return k_ops->matmul(hx.get(), hw.get(), o); }); }},
        {"handle", [&] { by_handle(matmul, matmul_args); }}}},
      {"softmax",
       0,
       {{"direct", [&] { at::softmax(x, -1); }},
        {"handle", [&] { by_handle(softmax, softmax_args); }}}},
  };
  for (const Contest& contest : contests) {
    const std::vector<Timing> timings = side_by_side(contest.ways, 60, 400);
    for (const Timing& timing : timings) {
      std::printf("%-12s %-8s %-8s %8.0f ns  %+6.0f ns  x %.3f", contest.operation,
                  grad ? "grad" : "no grad", timing.name.c_str(), 1e9 * timing.quickest,
                  1e9 * (timing.quickest - timings[0].quickest),
                  timing.quickest / timings[0].quickest);
      if (contest.limit > 0 && timing.name != "direct")
        std::printf("  (limit +%d ns)", contest.limit);
      std::printf("\n");
    }
  }
}

}  // namespace
}  // namespace weft::bench

int main() {
  weft::host::set_threads(1);
  std::printf("operation    mode     way            time   over direct  ratio\n");
  weft::bench::measure(false);
  weft::bench::measure(true);
}
