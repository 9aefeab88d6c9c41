// SPDX-License-Identifier: Apache-2.0
#include "host/training/finite.hpp"

#include <cmath>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// Numbers of 16 bits are not finite where all bits of the exponent are set.
bool all_finite(const std::uint16_t* values, std::int64_t count, std::uint16_t exponent) {
  bool finite = true;
  for (std::int64_t i = 0; i < count; ++i) finite &= (values[i] & exponent) != exponent;
  return finite;
}

/// The whole array is read, without a branch for each number: the compiler does several at once.
template <class T>
bool all_finite(const T* values, std::int64_t count) {
  bool finite = true;
  for (std::int64_t i = 0; i < count; ++i) finite &= std::isfinite(values[i]);
  return finite;
}

bool all_finite(const Array& array) {
  switch (array.dtype) {
    case DType::float16: return all_finite(array.data<std::uint16_t>(), array.count(), 0x7c00);
    case DType::bfloat16: return all_finite(array.data<std::uint16_t>(), array.count(), 0x7f80);
    case DType::float32: return all_finite(array.data<float>(), array.count());
    case DType::float64: return all_finite(array.data<double>(), array.count());
    default: return true;
  }
}

}  // namespace

FiniteWeights::FiniteWeights(const Model& model) {
  for (const NamedTensor& buffer : model.buffers())
    if (!all_finite(to_array(buffer.tensor))) excepted_.insert(buffer.path);
}

/// Path of the first tensor that is not; empty if there is none.
std::string FiniteWeights::not_finite(const Checkpoint& checkpoint) const {
  for (const auto* tensors : {&checkpoint.model, &checkpoint.optimizer})
    for (const auto& [path, array] : *tensors)
      if (!excepted_.contains(path) && !all_finite(array)) return path;
  return "";
}

void FiniteWeights::require(const Checkpoint& checkpoint, Collective& ranks) const {
  std::vector<std::string> found{not_finite(checkpoint)};
  if (checkpoint.pieces > 1) found = ranks.texts(found[0]);
  for (const std::string& path : found)
    if (!path.empty())
      throw NotFiniteWeights(
          Exit::failed,
          concat("stage \"", checkpoint.stage, "\", step ", checkpoint.step, ": the step left ",
                 path, " with values that are not finite numbers, so it is not saved."));
}

}  // namespace weft::host
