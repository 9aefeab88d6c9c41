// SPDX-License-Identifier: Apache-2.0
/// Shards to batches: what training and evaluation read from.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/data/field.hpp"
#include "host/data/options.hpp"

namespace weft::host {

class FeatureCache;

struct Batch {
  std::int64_t size = 0;
  std::map<std::string, Array> fields;  ///< by FieldSpec::name; [size, FieldSpec::sizes…]
  std::vector<std::string> keys;        ///< one per example, for messages and predictions
  std::vector<std::string> groups;      ///< the values at `by` (EvaluationStream), or empty
};

/// How the texts or recordings of a field, over all parts, fit into its length.
struct Truncation {
  std::int64_t cut = 0;      ///< how many were longer and lost their end
  std::int64_t of = 0;       ///< among how many
  std::int64_t longest = 0;  ///< tokens or frames of the longest
  std::int64_t room = 0;     ///< tokens or frames that fit
  void add(std::int64_t length);
};

/// One data section of a recipe, opened: its shards read, its tokenizer trained, its pictures and
/// recordings decoded once and kept as features. It does not change; copies share everything.
/// [any thread]
class Dataset {
 public:
  /// @param name          the section's name in the recipe, for messages
  /// @param data_json     the section of a resolved recipe, with absolute paths
  /// @param cache_folder  where the tokenizer and what is known of the shards are kept; made when
  ///                      it is not there
  /// @param cache         shared with the other sections of the recipe, or null
  /// @throws Error (bad_recipe) on odd options; (no_input) on a missing shard; (bad_data) on a
  ///         damaged one, a part without examples, a member or value that is missing, an unknown
  ///         class; each sentence names the shard and the sample
  static Dataset open(const std::string& name, const std::string& data_json,
                      const std::string& cache_folder, FeatureCache* cache = nullptr);

  const std::string& name() const;

  /// As field_specs().
  const std::vector<FieldSpec>& fields() const;

  /// Number of examples; 0 for a part without shards.
  std::int64_t size(Split split) const;

  /// XXH3-128 over the shards' contents and the section without its paths: 32 hexadecimal digits.
  const std::string& fingerprint() const;

  /// By field of texts or recordings: what did not fit.
  const std::map<std::string, Truncation>& truncated() const;

  /// The tokenizer's model file; empty without a tokenizer.
  const std::string& tokenizer_path() const;

  /// What ids of a text or class field say: the text up to the end token, or the class.
  /// @throws std::out_of_range for another field
  std::string decode_text(const std::string& field, std::span<const std::int64_t> ids) const;

  /// The value at a pointer of an example's JSON, as text, such as a reference answer.
  /// @throws Error (bad_data) where there is none
  std::string value(Split split, std::int64_t example, const std::string& pointer) const;

  struct Content;
  const Content& content() const { return *content_; }

 private:
  explicit Dataset(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
  std::shared_ptr<const Content> content_;
};

/// A place in an endless training stream: the next example.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t offset = 0;  ///< examples already taken out of this epoch
  bool operator==(const Position&) const = default;
};

/// The training part without end. Each epoch holds every example exactly once, in an order of its
/// own (or in file order, if the section says so); a batch may reach into the next epoch. A batch
/// depends on the data set, the seed and its position alone. A thread prepares the next few.
class TrainingStream {
 public:
  /// @throws Error (bad_data) when the data set has no training part
  TrainingStream(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed);
  TrainingStream(TrainingStream&&) noexcept;
  ~TrainingStream();

  Batch next();

  /// Where the batch begins that next() gives.
  Position position() const;

  /// Goes on from there as if the stream had never been elsewhere; costs one shuffle.
  /// @throws Error (bad_checkpoint) when the data set has no such place
  void seek(const Position& position);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

/// A part once, in file order, without augmentation and exchange; the last batch may be smaller.
class EvaluationStream {
 public:
  /// @param by  pointer to the value that Batch::groups gets, or empty
  /// @throws Error (bad_data) when the data set has no such part
  EvaluationStream(const Dataset& dataset, Split split, std::int64_t batch_size,
                   std::string by = "");

  /// False, and the batch as it was, after the last one.
  /// @throws Error (bad_data) when an example has no value at `by`
  bool next(Batch& batch);

 private:
  Dataset dataset_;
  Split split_;
  std::int64_t batch_size_;
  std::string by_;
  std::int64_t done_ = 0;
};

}  // namespace weft::host
