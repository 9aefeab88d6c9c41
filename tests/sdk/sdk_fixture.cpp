// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/sdk_fixture.hpp"

#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "tests/host/engine/engine_fixture.hpp"

namespace weft::test {
namespace {

const weft_host& tables() {
  static const weft_core_api core = [] {
    weft_core_api table{};
    table.size = sizeof table;
    table.error_set = [](weft_status code, const char* text, std::uint64_t length) {
      host::error_record() = {code, std::string(text, length)};
    };
    table.error_text = [] { return host::error_record().text.c_str(); };
    return table;
  }();
  static const weft_host host_tables = [] {
    host::set_error_sink(&core);
    weft_host table{};
    table.size = sizeof table;
    table.abi_major = WEFT_ABI_MAJOR;
    table.abi_minor = WEFT_ABI_MINOR;
    table.core = &core;
    table.tensor = host::tensor_api();
    table.op = host::op_api();
    table.grad = host::grad_api();
    return table;
  }();
  return host_tables;
}

host::Tensor shared(const Tensor& tensor) {
  return host::Tensor::share(tensor.handle());
}

Tensor from(host::Tensor tensor) {
  return Tensor::own(tensor.release());
}

double weighted_sum(const Tensor& result, const Tensor& weights) {
  return host::item(host::sum_of_products(shared(result), shared(weights)));
}

}  // namespace

SdkTest::SdkTest() {
  if (weft::detail::host != nullptr) return;
  for (const weft_operation* op = Operation::first; op != nullptr; op = op->next)
    EXPECT_EQ(tables().op->lookup(op->name, op->overload, op->schema, op->slot), WEFT_OK)
        << host::error_record().text;
  weft::detail::host = &tables();
}

Tensor doubles(const std::vector<double>& values, Sizes sizes) {
  return from(host::from_array(host::Array::of(values, std::move(sizes))));
}

Tensor ints(const std::vector<std::int64_t>& values, Sizes sizes) {
  return from(host::from_array(host::Array::of(values, std::move(sizes))));
}

Tensor flags(const std::vector<int>& values, Sizes sizes) {
  host::Array array = host::Array::empty(host::DType::boolean, std::move(sizes));
  for (std::size_t i = 0; i < values.size(); ++i) array.data<bool>()[i] = values[i] != 0;
  return from(host::from_array(array));
}

Tensor normals(Sizes sizes, std::uint64_t seed) {
  return from(host::random_tensor(std::move(sizes), seed, host::DType::float64));
}

std::vector<double> numbers(const Tensor& tensor) {
  const host::Array array = host::to_array(shared(tensor));
  std::vector<double> values;
  for (std::int64_t i = 0; i < array.count(); ++i) values.push_back(host::element(array, i));
  return values;
}

void expect_tensor(const Tensor& actual, const std::vector<double>& values, const Sizes& sizes,
                   double tolerance) {
  EXPECT_EQ(actual.sizes(), sizes);
  EXPECT_THAT(numbers(actual), ::testing::Pointwise(::testing::DoubleNear(tolerance), values));
}

std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

void expect_gradients(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                      const std::vector<Tensor>& inputs, double tolerance) {
  std::vector<host::Tensor> trained;
  for (const Tensor& input : inputs) {
    trained.push_back(shared(input));
    host::set_trainable(trained.back(), true);
  }
  const Tensor result = f(inputs);
  const Tensor weights = normals(result.sizes(), 99);
  const std::vector<host::Tensor> derivatives = host::derivatives(
      host::sum_of_products(shared(result), shared(weights)), trained, /*differentiable=*/false);
  const host::GradMode off(false);
  constexpr double step = 1e-5;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    ASSERT_TRUE(derivatives[k]) << "nothing depends on input " << k;
    const std::vector<double> values = numbers(inputs[k]);
    const std::vector<double> found = numbers(Tensor::borrow(derivatives[k].get()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto moved_by = [&](double distance) {
        std::vector<double> moved = values;
        moved[i] += distance;
        std::vector<Tensor> all = inputs;
        all[k] = doubles(moved, inputs[k].sizes());
        return weighted_sum(f(all), weights);
      };
      EXPECT_NEAR(found[i], (moved_by(step) - moved_by(-step)) / (2.0 * step), tolerance)
          << "input " << k << ", element " << i;
    }
  }
}

}  // namespace weft::test
