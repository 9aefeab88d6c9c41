// SPDX-License-Identifier: Apache-2.0
/// Parameters, and the random numbers that fill them and drive a call.

#pragma once

#include <weft/abi.h>

#include <cstdint>
#include <string>

#include "host/base/array.hpp"
#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// A stream of random numbers on the CPU. Equal seeds give equal streams; all 64 bits count.
class WEFT_ENGINE_API Generator {
 public:
  explicit Generator(std::uint64_t seed);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  /// Borrowed, for weft_call.generator.
  weft_generator get() const noexcept { return handle_; }

 private:
  weft_generator handle_;
};

/// Creates a parameter or buffer. Its values come from a generator seeded with
/// stable_hash(path, seed) (FNV-1a, host/base/text.hpp) and are drawn in float32 whatever the
/// element type: they depend on nothing else, neither on other parameters nor on the precision.
///
/// Truncated normal numbers are drawn by inverting the distribution function, so `b` is the
/// deviation before the cut. Xavier's bound is gain·√(6 / (fan_in + fan_out)), where the fans are
/// the second and the first size, each times the product of the others. An orthogonal tensor is
/// gain times a matrix [first size, product of the others] whose rows, or columns where those are
/// fewer, are orthonormal.
///
/// @param path         names it in messages and decides its values
/// @param model_dtype  used where the declaration leaves the element type open
/// @param trainable    whether gradients are recorded for it
/// @throws Error (plugin) if the declaration makes no sense
WEFT_ENGINE_API Tensor make_parameter(const weft_parameter& declaration, const std::string& path,
                                      std::uint64_t seed, DType model_dtype, bool trainable);

/// Switches the recording of gradients for one parameter on or off.
WEFT_ENGINE_API void set_trainable(const Tensor& parameter, bool trainable);

}  // namespace weft::host
