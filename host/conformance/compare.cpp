// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/compare.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/tables.hpp"
#include "host/graph/metric_states.hpp"

namespace weft::host {
std::vector<Tensor> run(const Subject& subject, Specimen& specimen, const InputTensors& inputs,
                        const CallOptions& options) {
  if (subject.part.kind != WEFT_KIND_METRIC)
    return specimen.call(WEFT_ROLE_FORWARD, inputs, options);
  specimen.states = initial_states(specimen.instance);
  specimen.call(WEFT_ROLE_UPDATE, inputs, options);
  return specimen.call(WEFT_ROLE_COMPUTE, InputTensors(inputs.size()), options);
}

std::vector<Array> to_arrays(const std::vector<Tensor>& tensors) {
  std::vector<Array> arrays;
  for (const Tensor& tensor : tensors) arrays.push_back(tensor ? to_array(tensor) : Array{});
  return arrays;
}

Array copy_of(const Array& array) {
  Array copy = Array::empty(array.dtype, array.sizes);
  std::memcpy(copy.bytes.get(), array.bytes.get(), array.byte_count());
  return copy;
}

Array rows_of(const Array& array, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> sizes = array.sizes;
  const std::size_t bytes = array.byte_count() / static_cast<std::size_t>(sizes.at(0));
  sizes[0] = count;
  Array rows = Array::empty(array.dtype, sizes);
  std::memcpy(rows.bytes.get(), array.bytes.get() + static_cast<std::size_t>(first) * bytes,
              rows.byte_count());
  return rows;
}

std::vector<std::vector<Array>> zeroed(std::vector<std::vector<Array>> inputs) {
  for (auto& port : inputs)
    for (Array& array : port) {
      const auto code = static_cast<std::uint32_t>(array.dtype);
      if (!array.bytes || (WEFT_DTYPES_FLOAT & WEFT_DTYPES(code)) == 0) continue;
      array = copy_of(array);
      std::memset(array.bytes.get(), 0, array.byte_count());
    }
  return inputs;
}

std::string first_not_finite(const Array& array) {
  for (std::int64_t i = 0; i < array.count(); ++i) {
    const double value = element(array, i);
    if (!std::isfinite(value)) return std::isnan(value) ? "nan" : "infinite";
  }
  return "";
}

double difference(const Array& found, const Array& expected) {
  double worst = 0.0, scale = 1.0;
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const double a = element(found, i), b = element(expected, i);
    if (std::isfinite(b)) scale = std::max(scale, std::abs(b));
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double error = std::abs(a - b);
    worst = std::isfinite(error) ? std::max(worst, error) : HUGE_VAL;
  }
  return worst / scale;
}

Tensor cast(const Tensor& tensor, DType dtype) {
  weft_op op = nullptr;
  op_api()->lookup("aten::to", "dtype", nullptr, &op);
  weft_value arguments[] = {{WEFT_VALUE_TENSOR, 0, {}}, {WEFT_VALUE_DTYPE, 0, {}}};
  arguments[0].u.t = tensor.get();
  arguments[1].u.i = static_cast<std::int64_t>(dtype);
  weft_value result{};
  if (op == nullptr || op_api()->call(op, arguments, 2, nullptr, 0, &result, 1) != WEFT_OK)
    throw Error(Exit::failed, "the engine cannot convert element types.");
  return Tensor::own(result.u.t);
}

bool same_bits(const Array& a, const Array& b) {
  return a.dtype == b.dtype && a.sizes == b.sizes &&
         std::memcmp(a.bytes.get(), b.bytes.get(), a.byte_count()) == 0;
}

void expect_equal(const Specimen& specimen, const std::vector<Array>& found,
                  const std::vector<Array>& expected, double tolerance, const std::string& when) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!expected[i].bytes) continue;
    const std::string& name = specimen.instance.outputs()[i].name;
    if (found[i].sizes != expected[i].sizes)
      throw Fault(concat("output \"", name, "\" is ", shape_text(found[i].sizes), " ", when,
                         "; expected ", shape_text(expected[i].sizes)));
    const bool equal = tolerance > 0 ? difference(found[i], expected[i]) <= tolerance
                                     : same_bits(found[i], expected[i]);
    if (!equal)
      throw Fault(concat("output \"", name, "\" differs by ", difference(found[i], expected[i]),
                         " ", when, "; expected ",
                         tolerance > 0 ? concat("at most ", tolerance) : "the same bits"));
  }
}

void expect_declared(const Specimen& specimen, const InputTensors& inputs,
                     const std::vector<Tensor>& outputs) {
  std::vector<weft_spec> specs;
  std::vector<std::uint32_t> counts;
  for (const auto& port : inputs) {
    counts.push_back(static_cast<std::uint32_t>(port.size()));
    for (const Tensor& tensor : port)
      specs.push_back(tensor ? make_spec(tensor.dtype(), tensor.sizes()) : weft_spec{});
  }
  const std::vector<weft_spec> declared = infer_outputs(specimen.instance, specs, counts);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Port& port = specimen.instance.outputs()[i];
    if (!outputs[i]) continue;
    if (outputs[i].sizes() != spec_sizes(declared[i]))
      throw Fault(concat("output \"", port.name, "\" ", port.shape, " is ",
                         shape_text(outputs[i].sizes()), "; its ports and infer say ",
                         shape_text(spec_sizes(declared[i]))));
    const auto dtype = outputs[i].dtype();
    if ((port.dtypes & WEFT_DTYPES(static_cast<std::uint32_t>(dtype))) == 0)
      throw Fault(concat("output \"", port.name, "\" is of type ", dtype_name(dtype),
                         ", which its port does not name"));
  }
}

}  // namespace weft::host
