// SPDX-License-Identifier: Apache-2.0
/// Running a subject and comparing what comes out.

#pragma once

#include <string>
#include <vector>

#include "host/conformance/examination.hpp"

namespace weft::host {

/// The outputs for these inputs; a metric starts anew, is updated once and computes.
std::vector<Tensor> run(const Subject& subject, Specimen& specimen, const InputTensors& inputs,
                        const CallOptions& options = {});

std::vector<Array> to_arrays(const std::vector<Tensor>& tensors);

/// A copy with memory of its own.
Array copy_of(const Array& array);

/// The rows from `first` on of an array [B, …].
Array rows_of(const Array& array, std::int64_t first, std::int64_t count);

/// The inputs with every element of floating type 0.
std::vector<std::vector<Array>> zeroed(std::vector<std::vector<Array>> inputs);

/// "nan" or "infinite" if an element is; empty: all are finite.
std::string first_not_finite(const Array& array);

/// Largest difference, relative to the largest expected element or 1; infinite unless both are
/// alike NaN and infinite at the same places.
double difference(const Array& found, const Array& expected);

/// The same values as another element type.
Tensor cast(const Tensor& tensor, DType dtype);

bool same_bits(const Array& a, const Array& b);

/// Throws Fault unless each output has the shape of the other and no element differs by more than
/// `tolerance` times the largest one, at least times 1. With 0, bits count.
/// @param when  how `found` was made, "with strided inputs", for the sentence
void expect_equal(const Specimen& specimen, const std::vector<Array>& found,
                  const std::vector<Array>& expected, double tolerance, const std::string& when);

/// Throws Fault unless the outputs have the shapes that ports and infer tell, and an element type
/// of their ports.
void expect_declared(const Specimen& specimen, const InputTensors& inputs,
                     const std::vector<Tensor>& outputs);

}  // namespace weft::host
