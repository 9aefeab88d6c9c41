// SPDX-License-Identifier: Apache-2.0
/// Gives a part the weights of a reference implementation, whose names and layouts differ.

#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/support/component.hpp"

namespace weft::test {

using Weights = std::map<std::string, Array>;

/// The same elements under other sizes.
inline Array reshaped(Array array, std::vector<std::int64_t> sizes) {
  array.sizes = std::move(sizes);
  return array;
}

/// Entries [first, first + count) of the leading axis.
inline Array rows(const Array& array, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> sizes = array.sizes;
  sizes.at(0) = count;
  Array part = Array::empty(array.dtype, sizes);
  const std::size_t row = array.byte_count() / static_cast<std::size_t>(array.sizes[0]);
  std::copy_n(array.bytes.get() + static_cast<std::size_t>(first) * row, part.byte_count(),
              part.bytes.get());
  return part;
}

/// Entry `index` of the leading axis, which is dropped.
inline Array row(const Array& array, std::int64_t index) {
  return reshaped(rows(array, index, 1), {array.sizes.begin() + 1, array.sizes.end()});
}

/// Rows [first, first + count) of every sample: [B, N, …] to [B, count, …].
inline Array steps(const Array& array, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> sizes = array.sizes;
  sizes.at(1) = count;
  Array part = Array::empty(array.dtype, sizes);
  const std::size_t sample = part.byte_count() / static_cast<std::size_t>(sizes[0]);
  for (std::int64_t b = 0; b < sizes[0]; ++b) {
    const Array piece = rows(row(array, b), first, count);
    std::copy_n(piece.bytes.get(), sample, part.bytes.get() + static_cast<std::size_t>(b) * sample);
  }
  return part;
}

/// A mask from zeros and ones of any type.
inline Array as_mask(const Array& array) {
  std::vector<int> values;
  for (std::int64_t i = 0; i < array.count(); ++i)
    values.push_back(element(array, i) != 0.0 ? 1 : 0);
  return mask(values, array.sizes);
}

/// A mask [B, size] of samples that are real up to their lengths.
inline Array length_mask(const std::vector<std::int64_t>& lengths, std::int64_t size) {
  std::vector<int> values;
  for (const std::int64_t length : lengths)
    for (std::int64_t i = 0; i < size; ++i) values.push_back(i < length ? 1 : 0);
  return mask(values, {static_cast<std::int64_t>(lengths.size()), size});
}

/// The array with `value` wherever the mask [B, N] of its first two axes is false.
inline Array poisoned(const Array& array, const Array& real, double value) {
  Array changed = rows(array, 0, array.sizes[0]);
  const std::int64_t width = array.count() / real.count();
  for (std::int64_t i = 0; i < array.count(); ++i) {
    if (element(real, i / width) != 0.0) continue;
    if (array.dtype == DType::float64)
      changed.data<double>()[i] = value;
    else
      changed.data<float>()[i] = static_cast<float>(value);
  }
  return changed;
}

/// Copies `theirs` to the part's `ours`, in the shape that the part has.
inline void give(Part& part, const std::string& ours, const Array& theirs) {
  part.set(ours, reshaped(theirs, part.get(ours).sizes));
}

/// Gives a part every `w.NAME` of a file whose names are the part's own, and returns the file's
/// inputs: `in.PORT`, or `in.PORT.0`, `in.PORT.1`, … of a list.
inline Arrays give_all(Part& part, const Weights& from) {
  Arrays inputs;
  for (const auto& [name, array] : from) {
    if (name.rfind("w.", 0) == 0) part.set(name.substr(2), array);
    if (name.rfind("in.", 0) != 0) continue;
    const std::string port = name.substr(3, name.find('.', 3) - 3);
    inputs[port].push_back(port.rfind("mask", 0) == 0 ? as_mask(array) : array);
  }
  return inputs;
}

/// Weight and bias.
inline void give_layer(Part& part, const std::string& ours, const Weights& from,
                       const std::string& theirs) {
  give(part, ours + ".weight", from.at(theirs + ".weight"));
  give(part, ours + ".bias", from.at(theirs + ".bias"));
}

/// torch.nn.MultiheadAttention keeps the projections of query, key and value in one tensor.
inline void give_fused_attention(Part& part, const std::string& ours, const Weights& from,
                                 const std::string& theirs) {
  const Array& weight = from.at(theirs + ".in_proj_weight");
  const Array& bias = from.at(theirs + ".in_proj_bias");
  const std::int64_t dim = weight.sizes[1];
  std::int64_t at = 0;
  for (const char* name : {".query", ".key", ".value"}) {
    give(part, ours + name + ".weight", rows(weight, at, dim));
    give(part, ours + name + ".bias", rows(bias, at, dim));
    at += dim;
  }
  give_layer(part, ours + ".out", from, theirs + ".out_proj");
}

}  // namespace weft::test
