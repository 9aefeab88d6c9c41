// SPDX-License-Identifier: Apache-2.0
/// What an opened data set holds in memory, and how a batch is put together from it.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/data/feature.hpp"
#include "host/data/tokenizer.hpp"
#include "host/data/visual_tokens.hpp"

namespace weft::host {

/// One field over one part; which of the members are filled follows from the field's kind.
struct Column {
  std::vector<Feature> features;               ///< image, log_mel: by sample
  std::vector<std::vector<std::int32_t>> ids;  ///< text: by example, at most `length` ids
  std::vector<std::int64_t> classes;           ///< class: by example

  /// Of an optional field, by sample (image, log_mel) or by example: whether it is there.
  std::vector<bool> present;

  /// Exchange (training part only): lists of samples, and by example which list to draw from.
  std::vector<std::vector<std::size_t>> pools;
  std::vector<std::size_t> pool_of;
};

/// The examples of one split.
struct SplitContent {
  std::vector<std::string> keys, places, jsons;  ///< by example
  std::vector<std::size_t> sample_of;            ///< by example: index into Column::features
  std::vector<Column> columns;                   ///< in the order of DataOptions::fields
  std::size_t size() const { return keys.size(); }
};

struct Dataset::Content {
  std::string name;
  DataOptions options;
  std::vector<FieldSpec> specs;
  std::optional<Tokenizer> tokenizer;
  std::string tokenizer_path;
  MaskingVocabulary masking;                          ///< of the tokenizer
  std::map<std::string, VisualTokens> visual_tokens;  ///< by field
  std::array<SplitContent, k_splits.size()> parts;
  std::map<std::string, Truncation> truncated;
  std::string fingerprint;

  const SplitContent& part(Split split) const { return parts[static_cast<std::size_t>(split)]; }
};

/// One row of a batch.
struct Draw {
  std::size_t example = 0;
  /// Training: seed, epoch and offset, from which augmentation and exchange follow. Without them
  /// the example is given as it is.
  std::optional<std::array<std::uint64_t, 3>> origin;
};

/// The batch of these rows, with its keys and without groups.
Batch assemble(const Dataset::Content& content, Split split, std::span<const Draw> draws);

}  // namespace weft::host
