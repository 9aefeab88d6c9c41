// SPDX-License-Identifier: Apache-2.0
/// What a block declares, and a call with it: the part of the host that graph and registry play.

#pragma once

#include <weft/blocks.hpp>

#include <memory>
#include <string>
#include <vector>

#include "host/engine/parameters.hpp"
#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {

class BlockTest : public SdkTest {
 protected:
  BlockTest();
  ~BlockTest() override;

  /// Where a block declares.
  Parameters parameters() { return Parameters(reinterpret_cast<weft_context>(this), &after_step_); }
  /// From now on blocks may be called: with the declared tensors, float64.
  void begin(bool training = false, std::uint64_t seed = 1);
  /// What was accumulated since begin() becomes buffers, as after a step of the optimiser.
  void step();
  /// A declared parameter or buffer, by its name.
  Tensor tensor(const std::string& name) const;
  /// Gradients of f's result with respect to the inputs and all parameters; begin() first.
  void expect_all_gradients(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                            std::vector<Tensor> inputs, double tolerance = 1e-6);

  std::vector<std::string> names_, buffer_names_;
  std::uint32_t traits_ = 0;
  weft_core_api core_{};

 private:
  static BlockTest& of(weft_context context) { return *reinterpret_cast<BlockTest*>(context); }
  static weft_status declare_parameter(weft_context context, const weft_parameter* declared,
                                       std::uint32_t* slot);
  static weft_status declare_buffer(weft_context context, const weft_parameter* declared,
                                    std::uint32_t* slot);
  static weft_status declare_state(weft_context context, const weft_state* declared,
                                   std::uint32_t* slot);
  void collect();

  weft_host tables_{};
  const weft_host* outer_;
  std::vector<host::Tensor> parameters_, buffers_;
  std::vector<weft_tensor> parameter_handles_, buffer_handles_;
  std::unique_ptr<host::Generator> generator_;
  weft_call call_{};
  weft::detail::AfterStep after_step_;
  std::vector<host::Tensor> states_;  // at their beginning
  std::vector<weft_tensor> state_handles_;
  std::vector<Tensor> changed_;
};

}  // namespace weft::test
