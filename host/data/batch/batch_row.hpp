// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "host/data/batch/batch.hpp"

namespace weft::host {

/// The elements of one row of a field.
/// @throws std::out_of_range where the batch has no such field
template <class T>
std::span<T> row_of(Batch& batch, const std::string& field, std::size_t row) {
  Array& array = batch.fields.at(field);
  const std::size_t size = array.byte_count() / sizeof(T) / static_cast<std::size_t>(batch.size);
  return {array.data<T>() + row * size, size};
}

}  // namespace weft::host
