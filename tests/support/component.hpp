// SPDX-License-Identifier: Apache-2.0
/// Runs one part of a built plug-in through the real ABI, as the host does, on plain arrays.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weft/abi.h>

#include "host/base/array.hpp"

namespace weft::host {
class Registry;
}

namespace weft::test {

using host::Array;
using host::DType;
using host::element;
using Arrays = std::map<std::string, std::vector<Array>>;  // input port → its wires

/// A created part with its parameters. Masks are ports like any other here: wire them by name.
class Part {
 public:
  /// @param wired  how many wires the list ports will get; ports not named here are taken as 1
  /// @throws host::Error if the configuration is rejected
  explicit Part(const std::string& id, const std::string& config = "{}",
                const std::map<std::string, std::uint32_t>& wired = {},
                DType dtype = DType::float32);
  /// The same of a part that does not come with Weft.
  Part(const host::Registry& parts, const std::string& id, const std::string& config = "{}",
       const std::map<std::string, std::uint32_t>& wired = {}, DType dtype = DType::float32);
  ~Part();

  void set(const std::string& name, const Array& values);  // a parameter or buffer
  void fill(const std::string& name, double value);
  Array get(const std::string& name) const;
  std::vector<std::string> parameter_names() const;
  std::vector<std::string> buffer_names() const;

  /// Outputs by port; those that the role leaves out are missing.
  std::map<std::string, Array> run(const Arrays& inputs, bool training = false,
                                   std::uint64_t seed = 0, std::uint32_t role = WEFT_ROLE_FORWARD);

  /// A decoder's logits where it is given its tokens one after the other, [B, S, V]: those of a
  /// sequence, or of a whole pass where it does not promise WEFT_INCREMENTAL.
  Array written(const Arrays& inputs);

  struct Gradients {
    std::map<std::string, std::vector<Array>> inputs;  // empty arrays for integer inputs
    std::map<std::string, Array> parameters;
  };
  /// Gradients of sum(output * seed).
  Gradients gradients(const Arrays& inputs, const std::string& output, const Array& seed);

  /// Output shapes from the ports and the part's infer(), nothing computed.
  std::map<std::string, std::vector<std::int64_t>> infer(const Arrays& inputs) const;

  /// Makes buffers of what calls in training accumulated: WEFT_ROLE_STEP.
  void step();

  // Metrics: states start at their initial values; update() adds a batch.
  void update(const Arrays& inputs);
  std::map<std::string, double> compute();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

Array random(std::vector<std::int64_t> sizes, int seed, DType dtype = DType::float32);  // N(0, 1)
Array floats(std::vector<double> values, std::vector<std::int64_t> sizes,
             DType dtype = DType::float32);
Array ints(std::vector<std::int64_t> values, std::vector<std::int64_t> sizes);
Array mask(const std::vector<int>& values, std::vector<std::int64_t> sizes);

void expect_near(const Array& actual, const Array& expected, double tolerance);
/// Largest |actual − expected| relative to the largest |expected|.
double relative_error(const Array& actual, const Array& expected);

/// Gradients of sum(output * fixed random numbers) against central differences; `part` and the
/// inputs must be float64. Integer and bool inputs are held fixed.
void expect_gradients(Part& part, const Arrays& inputs, const std::string& output,
                      double tolerance = 1e-6);

/// The text of the error that creating the part gives; "" if it is created.
std::string rejection(const std::string& id, const std::string& config,
                      const std::map<std::string, std::uint32_t>& wired = {});

/// tests/reference/<file>.safetensors
std::map<std::string, Array> reference(const std::string& file);

}  // namespace weft::test
