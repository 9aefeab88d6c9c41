// SPDX-License-Identifier: Apache-2.0
#include "tests/support/component.hpp"

#include <weft/drafts.h>

#include <algorithm>
#include <numeric>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/conformance/specimen.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/caches.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tensor.hpp"
#include "host/graph/wiring.hpp"
#include "host/registry/registry.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Tensor;

bool is_float(const Array& array) {
  return array.dtype == DType::float32 || array.dtype == DType::float64;
}

}  // namespace

struct Part::Implementation {
  host::Specimen specimen;

  /// Inputs in port order.
  std::vector<std::vector<Array>> ordered(const Arrays& inputs) const {
    std::vector<std::vector<Array>> ports;
    std::size_t used = 0;
    for (const host::Port& port : specimen.instance.inputs()) {
      const auto found = inputs.find(port.name);
      ports.push_back(found == inputs.end() ? std::vector<Array>{} : found->second);
      used += found == inputs.end() ? 0 : 1;
    }
    EXPECT_EQ(used, inputs.size()) << "an input names no port of the part";
    return ports;
  }
};

Part::Part(const std::string& id, const std::string& config,
           const std::map<std::string, std::uint32_t>& wired, DType dtype)
    : Part(shipped_parts(), id, config, wired, dtype) {}

Part::Part(const host::Registry& parts, const std::string& id, const std::string& config,
           const std::map<std::string, std::uint32_t>& wired, DType dtype) {
  const host::Part& part = parts.find(id);
  implementation_ = std::make_unique<Implementation>(
      Implementation{{part, host::complete_config(part, config), wired, dtype}});
}

Part::~Part() = default;

namespace {

template <class Declared>
const Tensor* find(const std::vector<Declared>& declared, const std::vector<Tensor>& tensors,
                   const std::string& name) {
  for (std::size_t i = 0; i < declared.size(); ++i)
    if (declared[i].name == name) return &tensors[i];
  return nullptr;
}

}  // namespace

void Part::set(const std::string& name, const Array& values) {
  const auto& part = *implementation_;
  const Tensor* tensor = find(part.specimen.instance.parameters(), part.specimen.parameters, name);
  if (tensor == nullptr)
    tensor = find(part.specimen.instance.buffers(), part.specimen.buffers, name);
  ASSERT_NE(tensor, nullptr) << "no parameter or buffer \"" << name << "\"";
  host::copy_into(*tensor, values);
}

void Part::fill(const std::string& name, double value) {
  Array values = get(name);
  for (std::int64_t i = 0; i < values.count(); ++i) {
    if (values.dtype == DType::float64)
      values.data<double>()[i] = value;
    else
      values.data<float>()[i] = static_cast<float>(value);
  }
  set(name, values);
}

Array Part::get(const std::string& name) const {
  const auto& part = *implementation_;
  const Tensor* tensor = find(part.specimen.instance.parameters(), part.specimen.parameters, name);
  if (tensor == nullptr)
    tensor = find(part.specimen.instance.buffers(), part.specimen.buffers, name);
  if (tensor == nullptr) throw std::out_of_range("no parameter or buffer \"" + name + "\"");
  return host::to_array(*tensor);
}

std::vector<std::string> Part::parameter_names() const {
  std::vector<std::string> names;
  for (const auto& one : implementation_->specimen.instance.parameters()) names.push_back(one.name);
  return names;
}

std::vector<std::string> Part::buffer_names() const {
  std::vector<std::string> names;
  for (const auto& one : implementation_->specimen.instance.buffers()) names.push_back(one.name);
  return names;
}

std::map<std::string, Array> Part::run(const Arrays& inputs, bool training, std::uint64_t seed,
                                       std::uint32_t role) {
  const host::GradMode off(false);
  const auto tensors = host::to_tensors(implementation_->ordered(inputs));
  const std::vector<Tensor> out = implementation_->specimen.call(role, tensors, {training, seed});
  std::map<std::string, Array> outputs;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i])
      outputs[implementation_->specimen.instance.outputs()[i].name] = host::to_array(out[i]);
  return outputs;
}

Array Part::written(const Arrays& inputs) {
  const host::GradMode off(false);
  host::Specimen& specimen = implementation_->specimen;
  const auto& rules =
      *static_cast<const weft_autoregressive*>(specimen.instance.extension(WEFT_AUTOREGRESSIVE));
  if ((specimen.instance.traits() & WEFT_INCREMENTAL) == 0) return run(inputs).at(rules.logits);
  std::vector<host::CacheSpec> specs;
  for (const host::CacheDecl& cache : specimen.instance.caches())
    specs.push_back({cache.name, cache.kind, cache.axis});
  host::Caches caches(specs);
  const Array& tokens = inputs.at(rules.tokens).front();
  const std::int64_t rows = tokens.sizes[0], length = tokens.sizes[1];
  Array all;
  caches.clear(rows);
  for (std::int64_t t = 0; t < length; ++t) {
    std::vector<std::int64_t> parents(static_cast<std::size_t>(rows));
    std::iota(parents.begin(), parents.end(), 0);
    const std::vector<std::int64_t> done(parents.size(), t), one(parents.size(), 1);
    caches.prepare({parents, done, one, t > 0});
    Arrays newest = inputs;
    Array& fresh = newest[rules.tokens].front() = Array::empty(DType::int64, {rows, 1});
    for (std::int64_t row = 0; row < rows; ++row)
      fresh.data<std::int64_t>()[row] = tokens.data<std::int64_t>()[row * length + t];
    host::CallOptions options;
    options.caches = &caches;
    const auto out = specimen.call(WEFT_ROLE_FORWARD,
                                   host::to_tensors(implementation_->ordered(newest)), options);
    const Array step = host::to_array(out.front());  // its one output
    const std::int64_t classes = step.sizes[2];
    if (t == 0) all = Array::empty(step.dtype, {rows, length, classes});
    for (std::int64_t row = 0; row < rows; ++row)
      std::copy_n(step.data<float>() + row * classes, classes,
                  all.data<float>() + (row * length + t) * classes);
    caches.advance();
  }
  return all;
}

void Part::step() {
  const host::GradMode off(false);
  implementation_->specimen.step();
}

Part::Gradients Part::gradients(const Arrays& inputs, const std::string& output,
                                const Array& seed) {
  auto& part = *implementation_;
  std::vector<std::vector<Tensor>> tensors;
  for (const auto& port : part.ordered(inputs)) {
    tensors.emplace_back();
    for (const Array& array : port) {
      tensors.back().push_back(array.bytes ? host::from_array(array) : Tensor());
      if (array.bytes && is_float(array)) host::set_trainable(tensors.back().back(), true);
    }
  }
  host::clear_gradients(part.specimen.parameters);
  const std::vector<Tensor> out = part.specimen.call(WEFT_ROLE_FORWARD, tensors);
  std::size_t port = 0;
  while (part.specimen.instance.outputs().at(port).name != output) ++port;
  host::backward(host::sum_of_products(out[port], host::from_array(seed)));

  Gradients gradients;
  for (std::size_t p = 0; p < tensors.size(); ++p)
    for (const Tensor& tensor : tensors[p]) {
      const Tensor gradient = tensor ? host::gradient(tensor) : Tensor();
      gradients.inputs[part.specimen.instance.inputs()[p].name].push_back(
          gradient ? host::to_array(gradient) : Array{});
    }
  for (std::size_t i = 0; i < part.specimen.parameters.size(); ++i)
    if (const Tensor gradient = host::gradient(part.specimen.parameters[i]))
      gradients.parameters[part.specimen.instance.parameters()[i].name] = host::to_array(gradient);
  return gradients;
}

std::map<std::string, std::vector<std::int64_t>> Part::infer(const Arrays& inputs) const {
  std::vector<weft_spec> specs;
  std::vector<std::uint32_t> counts;
  for (const auto& port : implementation_->ordered(inputs)) {
    counts.push_back(static_cast<std::uint32_t>(port.size()));
    for (const Array& array : port)
      specs.push_back(array.bytes ? host::make_spec(array.dtype, array.sizes) : weft_spec{});
  }
  const auto out = host::infer_outputs(implementation_->specimen.instance, specs, counts);
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (std::size_t i = 0; i < out.size(); ++i)
    shapes[implementation_->specimen.instance.outputs()[i].name] = host::spec_sizes(out[i]);
  return shapes;
}

void Part::update(const Arrays& inputs) {
  const host::GradMode off(false);
  const auto tensors = host::to_tensors(implementation_->ordered(inputs));
  implementation_->specimen.call(WEFT_ROLE_UPDATE, tensors);
}

std::map<std::string, double> Part::compute() {
  const host::GradMode off(false);
  const std::vector<std::vector<Tensor>> none(implementation_->specimen.instance.inputs().size());
  const auto out = implementation_->specimen.call(WEFT_ROLE_COMPUTE, none);
  std::map<std::string, double> values;
  for (std::size_t i = 0; i < out.size(); ++i)
    values[implementation_->specimen.instance.outputs()[i].name] = host::item(out[i]);
  return values;
}

std::string rejection(const std::string& id, const std::string& config,
                      const std::map<std::string, std::uint32_t>& wired) {
  try {
    const Part part(id, config, wired);
    return "";
  } catch (const host::Error& error) {
    return error.what();
  }
}

}  // namespace weft::test
