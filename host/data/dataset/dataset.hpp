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

#include "host/data/batch/batch.hpp"
#include "host/data/fields/field.hpp"
#include "host/data/fields/options.hpp"
#include "host/data/storage/shard.hpp"
#include "host/data/storage/shard_names.hpp"

namespace weft::host {

class FeatureCache;

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
  /// @param training      opened, whose training part texts show examples of (`shots`); null: this
  ///                      section's own
  /// @throws Error (bad_recipe) on odd options; (usage) on a command that is refused; (no_input) on
  /// a missing shard; (bad_data) on a
  ///         damaged one, a part without examples, and where `explode`, `filter`, `swap_within` or
  ///         the tokenizer need a value that is missing; each sentence names the shard and the
  ///         sample
  static Dataset open(const std::string& name, const std::string& data_json,
                      const std::string& cache_folder,
                      std::shared_ptr<FeatureCache> cache = nullptr, const std::string& kept = "",
                      Commands commands = Commands::refused, const Dataset* training = nullptr);

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

}  // namespace weft::host
