// SPDX-License-Identifier: Apache-2.0
/// Making and comparing arrays, and gradients against differences.

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "host/base/text.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "tests/support/component.hpp"

namespace weft::test {
namespace {

void set_element(Array& array, std::int64_t i, double value) {
  if (array.dtype == DType::float64)
    array.data<double>()[i] = value;
  else
    array.data<float>()[i] = static_cast<float>(value);
}

Array copy_of(const Array& array) {
  Array copy = Array::empty(array.dtype, array.sizes);
  std::copy_n(array.bytes.get(), array.byte_count(), copy.bytes.get());
  return copy;
}

/// sum(output * seed)
double weighted_sum(Part& part, const Arrays& inputs, const std::string& output,
                    const Array& seed) {
  const Array out = part.run(inputs).at(output);
  double sum = 0.0;
  for (std::int64_t i = 0; i < out.count(); ++i) sum += element(out, i) * element(seed, i);
  return sum;
}

/// Compares a gradient with central differences at up to 12 evenly spread elements.
void check_differences(const std::string& name, const Array& values, const Array& gradient,
                       double tolerance, const std::function<double(const Array&)>& objective) {
  constexpr double step = 1e-5;
  const std::int64_t stride = std::max<std::int64_t>(1, values.count() / 12);
  for (std::int64_t i = 0; i < values.count(); i += stride) {
    Array moved = copy_of(values);
    set_element(moved, i, element(values, i) + step);
    const double above = objective(moved);
    set_element(moved, i, element(values, i) - step);
    const double difference = (above - objective(moved)) / (2.0 * step);
    const double found = gradient.bytes ? element(gradient, i) : 0.0;
    EXPECT_NEAR(found, difference, tolerance * std::max(1.0, std::abs(difference)))
        << name << ", element " << i;
  }
}

}  // namespace

Array random(std::vector<std::int64_t> sizes, int seed, DType dtype) {
  Array array = Array::empty(dtype, std::move(sizes));
  std::mt19937 engine(static_cast<unsigned>(seed));
  std::normal_distribution<double> normal;
  for (std::int64_t i = 0; i < array.count(); ++i) set_element(array, i, normal(engine));
  return array;
}

Array floats(std::vector<double> values, std::vector<std::int64_t> sizes, DType dtype) {
  Array array = Array::empty(dtype, std::move(sizes));
  for (std::size_t i = 0; i < values.size(); ++i)
    set_element(array, static_cast<std::int64_t>(i), values[i]);
  return array;
}

Array ints(std::vector<std::int64_t> values, std::vector<std::int64_t> sizes) {
  return Array::of(values, std::move(sizes));
}

Array mask(const std::vector<int>& values, std::vector<std::int64_t> sizes) {
  Array array = Array::empty(DType::boolean, std::move(sizes));
  for (std::size_t i = 0; i < values.size(); ++i) array.data<bool>()[i] = values[i] != 0;
  return array;
}

void expect_near(const Array& actual, const Array& expected, double tolerance) {
  ASSERT_EQ(actual.count(), expected.count())
      << host::shape_text(actual.sizes) << " against " << host::shape_text(expected.sizes);
  double worst = 0.0;
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < actual.count(); ++i) {
    const double error = std::abs(element(actual, i) - element(expected, i));
    if (!(error <= worst)) worst = error, at = i;
  }
  EXPECT_LE(worst, tolerance) << "element " << at << ": " << element(actual, at) << " against "
                              << element(expected, at);
}

double relative_error(const Array& actual, const Array& expected) {
  double worst = 0.0, scale = 0.0;
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const double error = std::abs(element(actual, i) - element(expected, i));
    if (std::isnan(error)) return error;
    worst = std::max(worst, error);
    scale = std::max(scale, std::abs(element(expected, i)));
  }
  return worst / scale;
}

void expect_gradients(Part& part, const Arrays& inputs, const std::string& output,
                      double tolerance) {
  const Array seed = random(part.run(inputs).at(output).sizes, 99, DType::float64);
  const Part::Gradients gradients = part.gradients(inputs, output, seed);
  for (const auto& [port, arrays] : inputs) {
    for (std::size_t w = 0; w < arrays.size(); ++w) {
      if (!arrays[w].bytes || arrays[w].dtype != DType::float64) continue;
      check_differences(port, arrays[w], gradients.inputs.at(port)[w], tolerance,
                        [&, w, name = port](const Array& moved) {
                          Arrays changed = inputs;
                          changed[name][w] = moved;
                          return weighted_sum(part, changed, output, seed);
                        });
    }
  }
  for (const std::string& name : part.parameter_names()) {
    const Array values = part.get(name);
    const auto found = gradients.parameters.find(name);
    check_differences(name, values, found == gradients.parameters.end() ? Array{} : found->second,
                      tolerance, [&](const Array& moved) {
                        part.set(name, moved);
                        return weighted_sum(part, inputs, output, seed);
                      });
    part.set(name, values);
  }
}

std::map<std::string, Array> reference(const std::string& file) {
  return host::read_safetensors(std::string(WEFT_SOURCE_DIR) + "/tests/reference/" + file +
                                ".safetensors")
      .tensors;
}

}  // namespace weft::test
