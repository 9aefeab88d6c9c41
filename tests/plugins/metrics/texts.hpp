// SPDX-License-Identifier: Apache-2.0
/// Texts as a batch holds them, and the cases of tests/data/metrics.

#pragma once

#include <algorithm>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/support/component.hpp"

namespace weft::test {

using Json = nlohmann::json;
using Lines = std::vector<std::string>;

/// tests/data/metrics/NAME.json
Json cases_of(const std::string& name);

/// uint8 [B, L], 0 behind each text.
inline Array texts(const Lines& lines) {
  std::size_t longest = 1;
  for (const std::string& line : lines) longest = std::max(longest, line.size());
  Array array = Array::empty(
      DType::uint8, {static_cast<std::int64_t>(lines.size()), static_cast<std::int64_t>(longest)});
  std::fill_n(array.data<std::uint8_t>(), array.count(), std::uint8_t{0});
  for (std::size_t i = 0; i < lines.size(); ++i)
    std::copy(lines[i].begin(), lines[i].end(), array.data<std::uint8_t>() + i * longest);
  return array;
}

/// uint8 [B, R, L] of R texts a row; missing ones are empty.
inline Array reference_texts(const std::vector<Lines>& rows) {
  std::size_t most = 1;
  Lines flat;
  for (const Lines& row : rows) most = std::max(most, row.size());
  for (const Lines& row : rows)
    for (std::size_t i = 0; i < most; ++i) flat.push_back(i < row.size() ? row[i] : "");
  Array array = texts(flat);
  array.sizes = {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(most),
                 array.sizes[1]};
  return array;
}

/// One written text and its references.
struct Pair {
  std::string predicted;
  Lines references;
};

/// What a text metric says of pairs that come in batches of so many.
inline std::map<std::string, double> measure(const std::string& id, const std::string& config,
                                             const std::vector<Pair>& pairs,
                                             std::size_t batch = 1000) {
  Part part(id, config);
  for (std::size_t begin = 0; begin < pairs.size(); begin += batch) {
    Lines predicted;
    std::vector<Lines> references;
    for (std::size_t i = begin; i < std::min(begin + batch, pairs.size()); ++i) {
      predicted.push_back(pairs[i].predicted);
      references.push_back(pairs[i].references);
    }
    part.update({{"predicted", {texts(predicted)}}, {"target", {reference_texts(references)}}});
  }
  return part.compute();
}

/// All outputs are the same in batches of 1 and of 7 as in one.
inline void expect_same_in_batches(const std::string& id, const std::string& config,
                                   const std::vector<Pair>& pairs) {
  const auto whole = measure(id, config, pairs);
  for (const std::size_t batch : {std::size_t{1}, std::size_t{7}})
    for (const auto& [name, value] : measure(id, config, pairs, batch))
      EXPECT_NEAR(value, whole.at(name), 1e-12) << name << " in batches of " << batch;
}

/// Rows that are not present, and rows without a reference, change nothing.
inline void expect_absent_rows_left_out(const std::string& id, const std::string& config,
                                        const Pair& pair) {
  Part part(id, config, {{"present", 1}, {"target", 2}, {"target_present", 2}});
  const std::string& reference = pair.references.front();
  part.update({{"predicted", {texts({pair.predicted, "other words", "more words"})}},
               {"target", {texts({reference, "of these", "x"}), texts({"wrong", "y", "z"})}},
               {"target_present", {mask({1, 1, 0}, {3}), mask({0, 1, 0}, {3})}},
               {"present", {mask({1, 0, 1}, {3})}}});
  const auto one = measure(id, config, {{pair.predicted, {reference}}});
  for (const auto& [name, value] : part.compute()) EXPECT_NEAR(value, one.at(name), 1e-12) << name;
}

}  // namespace weft::test
