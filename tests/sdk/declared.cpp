// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/declared.hpp"

#include <algorithm>

namespace weft::test {

BlockTest::BlockTest() : outer_(weft::detail::host) {
  core_ = *outer_->core;
  core_.declare_parameter = declare_parameter;
  core_.declare_buffer = declare_buffer;
  core_.declare_state = declare_state;
  core_.declare_traits = [](weft_context context, std::uint32_t traits) {
    of(context).traits_ |= traits;
    return WEFT_OK;
  };
  core_.get_extension = [](const char* id) -> const void* {
    return std::string(id) == WEFT_DRAFT_ORTHOGONAL ? id : nullptr;
  };
  tables_ = *outer_;
  tables_.core = &core_;
  weft::detail::host = &tables_;
}

BlockTest::~BlockTest() {
  weft::detail::current_call = nullptr;
  weft::detail::changed_states = nullptr;
  changed_.clear();
  weft::detail::host = outer_;
}

weft_status BlockTest::declare_parameter(weft_context context, const weft_parameter* declared,
                                         std::uint32_t* slot) {
  BlockTest& test = of(context);
  *slot = static_cast<std::uint32_t>(test.parameters_.size());
  test.names_.emplace_back(declared->name);
  test.parameters_.push_back(
      host::make_parameter(*declared, declared->name, 1, host::DType::float64, true));
  return WEFT_OK;
}

weft_status BlockTest::declare_buffer(weft_context context, const weft_parameter* declared,
                                      std::uint32_t* slot) {
  BlockTest& test = of(context);
  *slot = static_cast<std::uint32_t>(test.buffers_.size());
  test.buffer_names_.emplace_back(declared->name);
  test.buffers_.push_back(
      host::make_parameter(*declared, declared->name, 1, host::DType::float64, false));
  return WEFT_OK;
}

weft_status BlockTest::declare_state(weft_context context, const weft_state* declared,
                                     std::uint32_t* slot) {
  BlockTest& test = of(context);
  *slot = static_cast<std::uint32_t>(test.states_.size());
  host::Array zeros =
      host::Array::empty(host::DType::float64, {declared->sizes, declared->sizes + declared->ndim});
  std::fill_n(zeros.data<double>(), zeros.count(), 0.0);
  test.states_.push_back(host::from_array(zeros));
  return WEFT_OK;
}

void BlockTest::step() {
  std::vector<weft_tensor> out(buffers_.size(), nullptr);
  call_.role = WEFT_ROLE_STEP;
  call_.out = out.data();
  for (const std::function<void()>& function : after_step_) function();
  call_.role = WEFT_ROLE_FORWARD;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i] != nullptr) buffers_[i] = host::Tensor::own(out[i]);
  changed_.clear();
  collect();
}

void BlockTest::collect() {
  parameter_handles_.clear();
  buffer_handles_.clear();
  for (const host::Tensor& one : parameters_) parameter_handles_.push_back(one.get());
  for (const host::Tensor& one : buffers_) buffer_handles_.push_back(one.get());
  call_.parameters = parameter_handles_.data();
  call_.buffers = buffer_handles_.data();
  state_handles_.clear();
  for (const host::Tensor& one : states_) state_handles_.push_back(one.get());
  call_.states = state_handles_.data();
}

void BlockTest::begin(bool training, std::uint64_t seed) {
  generator_ = std::make_unique<host::Generator>(seed);
  call_.size = sizeof call_;
  call_.flags = training ? WEFT_CALL_TRAINING : 0;
  call_.generator = generator_->get();
  collect();
  weft::detail::current_call = &call_;
  changed_.clear();
  weft::detail::changed_states = &changed_;
}

Tensor BlockTest::tensor(const std::string& name) const {
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (names_[i] == name) return Tensor::borrow(parameters_[i].get());
  for (std::size_t i = 0; i < buffer_names_.size(); ++i)
    if (buffer_names_[i] == name) return Tensor::borrow(buffers_[i].get());
  throw std::out_of_range("no parameter or buffer \"" + name + "\"");
}

void BlockTest::expect_all_gradients(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                                     std::vector<Tensor> inputs, double tolerance) {
  const std::size_t given = inputs.size();
  std::vector<host::Tensor> own = parameters_;
  // Biases and the like off their zeros, so that zeros hide nothing.
  for (std::size_t i = 0; i < own.size(); ++i) inputs.push_back(normals(own[i].sizes(), 50 + i));
  const auto run = [&](const std::vector<Tensor>& all) {
    for (std::size_t i = 0; i < own.size(); ++i)
      parameters_[i] = host::Tensor::share(all[given + i].handle());
    collect();
    return f({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(given)});
  };
  expect_gradients(run, inputs, tolerance);
  parameters_ = std::move(own);
  collect();
}

}  // namespace weft::test
