// SPDX-License-Identifier: Apache-2.0
#include "tests/support/component.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "host/engine/tensor.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/schema.hpp"
#include "host/registry/instance.hpp"
#include "host/registry/registry.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Tensor;

/// The configuration with its defaults, as `weft train` would hand it over.
std::string complete(const host::Part& part, const std::string& config) {
  std::vector<host::Problem> problems;
  std::string whole = host::validate(
      part.config_schema, config,
      [](const std::string& pointer) {
        return host::Problem{"", 0, pointer, ""};
      },
      "", problems);
  if (!problems.empty()) throw host::Error(host::Exit::bad_recipe, problems.front().sentence());
  return whole;
}

bool is_float(const Array& array) {
  return array.dtype == DType::float32 || array.dtype == DType::float64;
}

}  // namespace

struct Part::Implementation {
  host::Instance instance;
  std::vector<Tensor> parameters, buffers, states;

  /// Inputs in port order.
  std::vector<std::vector<Array>> ordered(const Arrays& inputs) const {
    std::vector<std::vector<Array>> ports;
    std::size_t used = 0;
    for (const host::Port& port : instance.inputs()) {
      const auto found = inputs.find(port.name);
      ports.push_back(found == inputs.end() ? std::vector<Array>{} : found->second);
      used += found == inputs.end() ? 0 : 1;
    }
    EXPECT_EQ(used, inputs.size()) << "an input names no port of the part";
    return ports;
  }

  std::vector<Tensor> call(std::uint32_t role, const std::vector<std::vector<Tensor>>& inputs,
                           bool training, std::uint64_t seed) {
    std::vector<weft_tensor> in, parameter_handles, buffer_handles, state_handles;
    std::vector<std::uint32_t> counts;
    for (const auto& port : inputs) {
      counts.push_back(static_cast<std::uint32_t>(port.size()));
      for (const Tensor& tensor : port) in.push_back(tensor.get());
    }
    for (const Tensor& tensor : parameters) parameter_handles.push_back(tensor.get());
    for (const Tensor& tensor : buffers) buffer_handles.push_back(tensor.get());
    for (const Tensor& tensor : states) state_handles.push_back(tensor.get());
    std::vector<weft_tensor> out(instance.outputs().size(), nullptr);
    host::Generator generator(seed);
    weft_call call{};
    call.size = sizeof call;
    call.role = role;
    call.flags = training ? WEFT_CALL_TRAINING : 0;
    call.n_in = static_cast<std::uint32_t>(in.size());
    call.in = in.data();
    call.in_count = counts.data();
    call.parameters = parameter_handles.data();
    call.buffers = buffer_handles.data();
    call.states = state_handles.data();
    call.out = out.data();
    call.generator = generator.get();
    const host::LibraryScope library(instance.library());
    instance.call(call);
    for (std::size_t i = 0; i < states.size(); ++i)
      if (state_handles[i] != states[i].get()) states[i] = Tensor::own(state_handles[i]);
    std::vector<Tensor> outputs;
    for (weft_tensor handle : out) outputs.push_back(Tensor::own(handle));
    return outputs;
  }
};

Part::Part(const std::string& id, const std::string& config,
           const std::map<std::string, std::uint32_t>& wired, DType dtype)
    : Part(shipped_parts(), id, config, wired, dtype) {}

Part::Part(const host::Registry& parts, const std::string& id, const std::string& config,
           const std::map<std::string, std::uint32_t>& wired, DType dtype) {
  const host::Part& part = parts.find(id);
  implementation_ = std::make_unique<Implementation>(
      Implementation{host::Instance(part, "part", complete(part, config), wired), {}, {}, {}});
  const auto make = [&](const auto& declared, bool trainable, std::vector<Tensor>& tensors) {
    for (const host::ParameterDecl& one : declared) {
      weft_parameter parameter{};
      parameter.size = sizeof parameter;
      parameter.flags = one.flags;
      parameter.name = one.name.c_str();
      parameter.sizes = one.sizes.data();
      parameter.ndim = static_cast<std::uint32_t>(one.sizes.size());
      parameter.dtype = one.dtype;
      parameter.init = one.init;
      parameter.a = one.a;
      parameter.b = one.b;
      tensors.push_back(host::make_parameter(parameter, one.name, 1, dtype, trainable));
    }
  };
  make(implementation_->instance.parameters(), true, implementation_->parameters);
  make(implementation_->instance.buffers(), false, implementation_->buffers);
  for (const host::StateDecl& state : implementation_->instance.states()) {
    Array initial = Array::empty(DType::float64, state.sizes);
    std::fill_n(initial.data<double>(), initial.count(), state.initial);
    implementation_->states.push_back(host::from_array(initial));
  }
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
  const Tensor* tensor = find(part.instance.parameters(), part.parameters, name);
  if (tensor == nullptr) tensor = find(part.instance.buffers(), part.buffers, name);
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
  const Tensor* tensor = find(part.instance.parameters(), part.parameters, name);
  if (tensor == nullptr) tensor = find(part.instance.buffers(), part.buffers, name);
  if (tensor == nullptr) throw std::out_of_range("no parameter or buffer \"" + name + "\"");
  return host::to_array(*tensor);
}

std::vector<std::string> Part::parameter_names() const {
  std::vector<std::string> names;
  for (const auto& one : implementation_->instance.parameters()) names.push_back(one.name);
  return names;
}

std::vector<std::string> Part::buffer_names() const {
  std::vector<std::string> names;
  for (const auto& one : implementation_->instance.buffers()) names.push_back(one.name);
  return names;
}

std::map<std::string, Array> Part::run(const Arrays& inputs, bool training, std::uint64_t seed,
                                       std::uint32_t role) {
  const host::GradMode off(false);
  std::vector<std::vector<Tensor>> tensors;
  for (const auto& port : implementation_->ordered(inputs)) {
    tensors.emplace_back();
    for (const Array& array : port)
      tensors.back().push_back(array.bytes ? host::from_array(array) : Tensor());
  }
  const std::vector<Tensor> out = implementation_->call(role, tensors, training, seed);
  std::map<std::string, Array> outputs;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i]) outputs[implementation_->instance.outputs()[i].name] = host::to_array(out[i]);
  return outputs;
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
  host::clear_gradients(part.parameters);
  const std::vector<Tensor> out = part.call(WEFT_ROLE_FORWARD, tensors, false, 0);
  std::size_t port = 0;
  while (part.instance.outputs().at(port).name != output) ++port;
  host::backward(host::sum_of_products(out[port], host::from_array(seed)));

  Gradients gradients;
  for (std::size_t p = 0; p < tensors.size(); ++p)
    for (const Tensor& tensor : tensors[p]) {
      const Tensor gradient = tensor ? host::gradient(tensor) : Tensor();
      gradients.inputs[part.instance.inputs()[p].name].push_back(gradient ? host::to_array(gradient)
                                                                          : Array{});
    }
  for (std::size_t i = 0; i < part.parameters.size(); ++i)
    if (const Tensor gradient = host::gradient(part.parameters[i]))
      gradients.parameters[part.instance.parameters()[i].name] = host::to_array(gradient);
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
  const auto out = host::infer_outputs(implementation_->instance, specs, counts);
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (std::size_t i = 0; i < out.size(); ++i)
    shapes[implementation_->instance.outputs()[i].name] = host::spec_sizes(out[i]);
  return shapes;
}

void Part::update(const Arrays& inputs) {
  const host::GradMode off(false);
  std::vector<std::vector<Tensor>> tensors;
  for (const auto& port : implementation_->ordered(inputs)) {
    tensors.emplace_back();
    for (const Array& array : port)
      tensors.back().push_back(array.bytes ? host::from_array(array) : Tensor());
  }
  implementation_->call(WEFT_ROLE_UPDATE, tensors, false, 0);
}

std::map<std::string, double> Part::compute() {
  const host::GradMode off(false);
  const std::vector<std::vector<Tensor>> none(implementation_->instance.inputs().size());
  const auto out = implementation_->call(WEFT_ROLE_COMPUTE, none, false, 0);
  std::map<std::string, double> values;
  for (std::size_t i = 0; i < out.size(); ++i)
    values[implementation_->instance.outputs()[i].name] = host::item(out[i]);
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
