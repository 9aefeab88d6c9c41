// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/packing.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/loading/stream.hpp"

namespace weft::host {

Packing packing_of(const Dataset& dataset, std::uint64_t seed) {
  constexpr std::int64_t k_most_rows = 1000;
  const FieldOptions& field = *dataset.content().options.packed();
  const auto epoch = static_cast<std::int64_t>(dataset.size(Split::train));
  Packing packing;
  std::int64_t documents = 0, filled = 0, places = 0;
  try {
    TrainingStream stream(dataset, 1, seed);
    for (; packing.rows < k_most_rows && stream.position().taken < epoch; ++packing.rows) {
      const Batch row = stream.next();
      const Array& numbers = row.fields.at(field.name + k_document);
      const auto* const first = numbers.data<std::int64_t>();
      places += numbers.count();
      filled += numbers.count() - std::count(first, first + numbers.count(), 0);
      documents += *std::max_element(first, first + numbers.count());
    }
  } catch (const Error& error) {
    if (error.exit() != Exit::bad_data) throw;
  }
  if (packing.rows == 0) return packing;
  const auto rows = static_cast<double>(packing.rows);
  packing.documents = static_cast<double>(documents) / rows;
  packing.filled = static_cast<double>(filled) / static_cast<double>(places);
  return packing;
}

}  // namespace weft::host
