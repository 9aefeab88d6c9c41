// SPDX-License-Identifier: Apache-2.0
/// The host's view of a tensor: a counted reference, and the little arithmetic the host itself
/// needs.
///
/// Everything here throws Error with a finished sentence; no LibTorch exception leaves the engine.

#pragma once

#include <weft/abi.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "host/base/array.hpp"
#include "host/engine/export.hpp"

namespace weft::host {

/// Owns one reference to a tensor. Copies refer to the same tensor; a default one refers to none.
class WEFT_ENGINE_API Tensor {
 public:
  Tensor() = default;
  /// Takes over the reference that `handle` stands for; null is allowed.
  static Tensor own(weft_tensor handle) noexcept;
  /// A further reference to a tensor that someone else keeps; null is allowed.
  static Tensor share(weft_tensor handle);

  Tensor(const Tensor& other);
  Tensor(Tensor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Tensor& operator=(Tensor other) noexcept;
  ~Tensor();

  /// Borrowed from this object; null if there is no tensor.
  weft_tensor get() const noexcept { return handle_; }
  /// Gives the reference away: the caller must release it through the tensor table.
  weft_tensor release() noexcept { return std::exchange(handle_, nullptr); }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

  std::vector<std::int64_t> sizes() const;
  /// @throws Error for an element type that the ABI has no code for
  DType dtype() const;
  bool requires_grad() const;

 private:
  weft_tensor handle_ = nullptr;
};

/// A tensor over the array's own memory, which lives as long as either. Nothing is copied, so an
/// operation that changes the tensor in place changes every copy of the array too: no such
/// operation may be run on it.
WEFT_ENGINE_API Tensor from_array(const Array& array);
/// A row-major copy in host memory.
WEFT_ENGINE_API Array to_array(const Tensor& tensor);

/// The value of a tensor of one element.
WEFT_ENGINE_API double item(const Tensor& tensor);
/// The values of tensors of one element each, read from their device at once.
WEFT_ENGINE_API std::vector<double> items(const std::vector<Tensor>& tensors);
/// True if no element is infinite or NaN.
WEFT_ENGINE_API bool is_finite(const Tensor& tensor);

/// a + b, recorded for backward.
WEFT_ENGINE_API Tensor add(const Tensor& a, const Tensor& b);
/// factor · tensor, recorded for backward.
WEFT_ENGINE_API Tensor scaled(const Tensor& tensor, double factor);
/// Σ a·b over all elements, recorded for backward.
WEFT_ENGINE_API Tensor sum_of_products(const Tensor& a, const Tensor& b);
/// The same values, cut off from the graph.
WEFT_ENGINE_API Tensor detach(const Tensor& tensor);

/// The same values in memory of their own, cut off from the graph.
WEFT_ENGINE_API Tensor copied(const Tensor& tensor);
/// Row rows[i] of a tensor [B, …] at i, recorded for backward.
WEFT_ENGINE_API Tensor taken_rows(const Tensor& tensor, const std::vector<std::int64_t>& rows);
/// a ← a + weight · (b − a); nothing is recorded. Where a equals b it stays so, bit by bit.
WEFT_ENGINE_API void move_towards(const Tensor& a, const Tensor& b, double weight);

/// Overwrites a parameter or buffer; nothing is recorded.
/// @throws Error (bad_checkpoint) unless shape and element type are equal: "expected float32[2],
///         found float32[3]", to which the caller adds the name
WEFT_ENGINE_API void copy_into(const Tensor& parameter, const Array& values);

}  // namespace weft::host
