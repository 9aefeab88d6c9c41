// SPDX-License-Identifier: Apache-2.0
/// Shards to batches: what training and evaluation read from.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/data/field.hpp"
#include "host/data/options.hpp"
#include "host/data/shard.hpp"
#include "host/data/source.hpp"

namespace weft::host {

class FeatureCache;
class RowPool;

struct Batch {
  std::int64_t size = 0;
  std::map<std::string, Array> fields;  ///< by FieldSpec::name; [size, FieldSpec::sizes…]
  std::vector<std::string> keys;        ///< one per example, for messages and predictions
  std::vector<std::string> groups;      ///< the values at `by` (EvaluationStream), or empty
};

/// How the texts or recordings of a field fit into its length.
struct Truncation {
  std::int64_t cut = 0;      ///< how many were longer and lost their end
  std::int64_t of = 0;       ///< among how many
  std::int64_t longest = 0;  ///< tokens or frames of the longest
  std::int64_t room = 0;     ///< tokens or frames that fit
  void add(std::int64_t length);
};

/// One data section of a recipe, opened: its shards indexed, its examples listed, its tokenizer
/// trained. Pictures, recordings and texts are decoded when a batch needs them. Copies share
/// everything. [any thread]
class Dataset {
 public:
  /// @param name          the section's name in the recipe, for messages
  /// @param data_json     the section of a resolved recipe, with absolute paths
  /// @param cache_folder  where the tokenizer and what is known of the shards are kept; made when
  ///                      it is not there
  /// @param cache         shared with the other sections of the recipe, or null
  /// @param kept          a file with the tokenizer as it was when a model was trained, which takes
  ///                      the place of the section's; or empty
  /// @param commands      whether the user allows those that the section is read from
  /// @throws Error (bad_recipe) on odd options; (usage) on a command that is refused; (no_input) on
  /// a missing shard; (bad_data) on a
  ///         damaged one, a part without examples, and where `each`, `where`, an exchange or the
  ///         tokenizer need a value that is missing; each sentence names the shard and the sample
  static Dataset open(const std::string& name, const std::string& data_json,
                      const std::string& cache_folder,
                      std::shared_ptr<FeatureCache> cache = nullptr, const std::string& kept = "",
                      Commands commands = Commands::refused);

  const std::string& name() const;

  /// As field_specs().
  const std::vector<FieldSpec>& fields() const;

  /// Number of examples; 0 for a part without shards, and for one that is streamed.
  std::int64_t size(Split split) const;

  /// XXH3-128 over the shards' contents and the section without its paths: 32 hexadecimal digits.
  const std::string& fingerprint() const;

  /// By field of texts or recordings: what did not fit, of all that batches were made of up to now.
  std::map<std::string, Truncation> truncated() const;

  /// What was set aside up to now because it cannot be used (bad_samples), in the order of its
  /// finding; those behind the first `from`.
  std::vector<BadSample> set_aside(std::size_t from = 0) const;

  /// The tokenizer's model file; empty without a tokenizer.
  const std::string& tokenizer_path() const;

  /// XXH3-128 of that file: 32 hexadecimal digits; empty without a tokenizer.
  std::string tokenizer_fingerprint() const;

  /// The text of the tokenizer's ids, up to the end token. The section has a tokenizer.
  std::string decode_tokens(std::span<const std::int64_t> ids) const;

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

/// A place in an endless training stream.
struct Position {
  std::int64_t taken = 0;  ///< examples that all ranks together have taken

  // In a part that is streamed, where the run of examples begins that are shuffled among
  // themselves, and how many of them are taken; else 0.
  std::int64_t epoch = 0;
  std::int64_t shard = 0;    ///< how many shards of the epoch were read before
  std::int64_t example = 0;  ///< in that shard
  std::int64_t offset = 0;   ///< in the run

  bool operator==(const Position&) const = default;
};

/// For checkpoints.
std::map<std::string, std::int64_t> numbers_of(const Position& position);
/// Nothing where `taken` is missing.
std::optional<Position> position_of(const std::map<std::string, std::int64_t>& numbers);

/// Which of several processes that train together this is.
struct Rank {
  std::int64_t number = 0, of = 1;
};

/// The training part without end. Each epoch holds every example exactly once, in an order of its
/// own (or in file order, if the section says so); a batch may reach into the next epoch. In a
/// blend each source has its own epochs. A batch depends on the data set, the seed, the rank and
/// its position alone. Threads prepare the next few.
///
/// With several ranks a step takes batch_size examples for each rank, one rank after the other,
/// from one and the same order: together they see what a single rank with the larger batch would
/// see, and all of them take the same number of steps. A run may be resumed on another number of
/// ranks.
///
/// A part that is streamed is read from front to back; each rank reads all of it and decodes its
/// own examples. Going on costs what reading from the beginning of the shard costs, or of
/// everything where it is standard input.
class TrainingStream {
 public:
  /// @param batch_size  examples of one step on this rank
  /// @param from        where to begin; as seek() there, and for standard input the only way
  /// @throws Error (bad_data) when the data set has no training part; (bad_recipe) on shares of a
  ///         blend that are too small
  TrainingStream(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed,
                 Rank rank = {}, const Position& from = {});
  TrainingStream(TrainingStream&&) noexcept;
  ~TrainingStream();

  /// @throws Error (bad_data) naming the sample that cannot be used
  Batch next();

  /// Where the batch begins that next() gives.
  Position position() const;

  /// Goes on from there as if the stream had never been elsewhere, at the same cost from any place.
  /// @throws Error (bad_checkpoint) when there is no such place
  void seek(const Position& position);

  /// Seconds that next() has waited for data.
  double waited() const;

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

/// A part once, in file order, without augmentation and exchange; the last batch may be smaller,
/// and others too where bad_samples leaves examples out.
class EvaluationStream {
 public:
  /// @param by  pointer to the value that Batch::groups gets, or empty
  /// @throws Error (bad_data) when the data set has no such part
  EvaluationStream(const Dataset& dataset, Split split, std::int64_t batch_size,
                   std::string by = "");
  EvaluationStream(EvaluationStream&&) noexcept;
  ~EvaluationStream();

  /// False, and the batch as it was, after the last one.
  /// @throws Error (bad_data) naming the sample that cannot be used or has no value at `by`
  bool next(Batch& batch);

  /// Seconds that next() has waited for data.
  double waited() const;

 private:
  std::unique_ptr<RowPool> pool_;
};

}  // namespace weft::host
