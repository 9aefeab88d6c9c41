// SPDX-License-Identifier: Apache-2.0
/// What an opened data set holds in memory, and how one row of a batch is put together from it.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/data/batch/batch_memory.hpp"
#include "host/data/batch/feature.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/dataset/example.hpp"
#include "host/data/dataset/skipped_samples.hpp"
#include "host/data/fields/feature_cache.hpp"
#include "host/data/image/visual_tokens.hpp"
#include "host/data/storage/shard_names.hpp"
#include "host/data/text/tokenizer.hpp"

namespace weft::host {

/// Exchange of one field (training part only).
struct Pools {
  std::vector<std::vector<std::uint32_t>> examples;  ///< lists to draw from
  std::vector<std::uint32_t> pool_of;                ///< by example: its list
};

/// The examples of one source of a blend; without one, of the whole part.
struct SourceRange {
  std::uint64_t first = 0, count = 0;  ///< examples
  std::uint64_t first_shard = 0, shard_count = 0;
  double weight = 1;
};

/// The examples of one split.
struct SplitContent {
  Shards shards;
  std::deque<ExampleRef> examples;         ///< which grows without being copied
  std::vector<std::uint32_t> shard_begin;  ///< the first example of each shard, and their number
  std::vector<SourceRange> sources;
  std::vector<Pools> pools;          ///< in the order of DataOptions::fields
  std::vector<std::string> entries;  ///< of a part that is streamed: what to read
  Split split = Split::train;        ///< which part it is
  std::size_t among = 0;             ///< how many samples bad_samples takes its share of
  std::size_t size() const { return examples.size(); }
};

/// How many texts and recordings did not fit. [any thread]
class TruncationCount {
 public:
  void add(const std::string& field, std::int64_t length, std::int64_t room);
  std::map<std::string, Truncation> all() const;

  struct Length {
    std::int64_t length, room;
  };

  /// While one lives, what its thread would add goes to it instead: the lengths of the row at hand,
  /// of several by one name the longest.
  class Watch {
   public:
    Watch();
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    const std::map<std::string, Length>& lengths() const { return lengths_; }

   private:
    friend class TruncationCount;
    std::map<std::string, Length> lengths_;
  };

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Truncation> fields_;
};

struct Dataset::Content {
  Content(const std::string& section, DataOptions parsed, Commands commands)
      : name(section),
        permission(section, commands),
        options(std::move(parsed)),
        quarantine(section, options.bad_share) {}

  std::string name;
  CommandPermission permission;
  DataOptions options;
  std::vector<FieldSpec> specs;
  std::set<std::string> row_sources;  ///< what rows need of an example's JSON and texts
  std::optional<Tokenizer> tokenizer;
  std::string tokenizer_path;
  MaskingVocabulary masking;  ///< of the tokenizer, where a field masks tokens
  std::map<std::string, VisualTokens> visual_tokens;  ///< by field
  std::array<SplitContent, k_splits.size()> parts;
  std::string fingerprint;
  std::shared_ptr<FeatureCache> cache;
  mutable TruncationCount truncated;
  mutable Quarantine quarantine;
  /// Whose training part texts show examples of; null: its own.
  std::shared_ptr<const Content> training;

  const SplitContent& part(Split split) const { return parts[static_cast<std::size_t>(split)]; }
};

/// The fingerprint of a shard that is no file: examples that were given by themselves.
inline constexpr const char* k_given = "given";

/// One row of a batch.
struct Draw {
  std::size_t example = 0;  ///< of the part, or of `run`
  std::size_t source = 0;   ///< of a blend
  /// Training: seed, epoch and offset, from which augmentation and exchange follow. Without them
  /// the example is given as it is.
  std::optional<std::array<std::uint64_t, 3>> origin;
  /// In a part that is streamed: the examples that were read last, held in memory.
  std::shared_ptr<const SplitContent> run = nullptr;
  /// Of packed documents: the examples that share the row, behind this one.
  std::vector<Draw> packed = {};
};

/// The examples that the draw chooses from.
inline const SplitContent& part_of(const Dataset::Content& content, Split split, const Draw& draw) {
  return draw.run ? *draw.run : content.part(split);
}

/// The feature of an example as the draw's row takes it: out of the cache, or made anew where the
/// part is streamed, and where training changes pixels, by `random`.
/// @throws Error as make_feature()
Feature feature_of(const Dataset::Content& content, const Draw& draw, const SplitContent& part,
                   std::size_t example, const FieldOptions& field, RandomSequence* random);

/// The value at a pointer of an example's JSON, as text.
/// @throws Error (bad_data) where there is none
std::string value_of(const Dataset::Content& content, const SplitContent& part, std::size_t example,
                     const std::string& pointer);

/// What the text fields of an example say, in their order; "" where an optional one is lacking.
std::vector<std::string> texts_of(const Dataset::Content& content, const SplitContent& part,
                                  std::size_t example, const std::vector<std::string>& fields);

/// Puts the example's sample into quarantine. @throws TooManyBad
void set_aside(const Dataset::Content& content, const SplitContent& part, std::size_t example,
               const std::string& reason);

/// A batch of `rows` rows that are still to be filled.
/// @param memory  unless null, where its larger arrays come from
Batch empty_batch(const Dataset::Content& content, std::size_t rows, BatchMemory* memory = nullptr);

/// Why one example cannot be used: a sentence for each field that cannot be filled.
/// @param batch  of one row
std::vector<std::string> faults_of(const Dataset::Content& content, Split split, const Draw& draw,
                                   Batch& batch);

/// Fills one row of every field, and its key. [any thread; one for each row]
/// @throws Error (bad_data) naming the sample that cannot be used
void fill_row(const Dataset::Content& content, Split split, const Draw& draw, Batch& batch,
              std::size_t row);

}  // namespace weft::host
