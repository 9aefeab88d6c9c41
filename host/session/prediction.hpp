// SPDX-License-Identifier: Apache-2.0
/// What a trained run says of examples: classes with their scores, texts that it writes, numbers,
/// or the values of any wire.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/data/loading/given.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/generation/write.hpp"
#include "host/session/runs.hpp"
#include "host/session/token_maps.hpp"

namespace weft::host {

struct Normalization;

/// One of the texts that a decoder writes.
struct WrittenText {
  std::string text;
  double log_probability = 0;       ///< of its tokens together
  double score = 0;                 ///< log_probability / length^length_penalty
  std::int64_t tokens = 0;          ///< written, the end token included
  std::optional<bool> is_complete;  ///< whether it is what its constraint says, where it has one
};

/// What one output says of one example.
struct Answer {
  std::string name;  ///< the node's, or the wire's as it was asked for
  /// The class's name, or the text that was written; empty for values.
  std::string text;
  std::optional<std::int64_t> index;  ///< of the class
  std::vector<float> scores;          ///< a class's probability each: softmax of the logits
  std::vector<float> values;          ///< numbers, or a wire that was asked for, row-major
  std::vector<std::int64_t> sizes;    ///< of `values`, without the batch axis
  std::vector<WrittenText> texts;     ///< all that were asked for, the best first
  std::optional<std::string> target;  ///< what the example itself says, where it does
  std::vector<float> target_values;   ///< the same of numbers, in their own units as `values` are
};

struct Prediction {
  std::string key;
  std::vector<Answer> answers;
  std::vector<TokenMap> maps = {};  ///< where they are asked for
};

struct PredictSettings {
  std::string section;             ///< whose fields examples have; empty: the evaluation's
  std::vector<std::string> wires;  ///< NODE or NODE.PORT; none: what the evaluation's metrics read
  std::int64_t batch = 0;          ///< examples at a time; 0: the evaluation's
  /// The texts of all entries of `evaluate.generate`, whatever metrics read. What an example gives
  /// for a field that a decoder writes is what its text begins with.
  bool only_texts = false;
  /// Is told how each text of a batch grows: the decoder's name, and what can be shown already of
  /// the text of row and sample. Not of strategy beam.
  std::function<void(const std::string& node, std::size_t text, const std::string& more)> watch =
      {};
  /// Take turns with the examples of a split or shard, a batch each. What is taken is this rank's.
  Collective* ranks = &one_rank();
  /// Called by all of them when each has taken its batch: those are neighbours, by rank.
  std::function<void()> after_round = [] {};
  /// Also what parts give on demand of attention and gates, of the parts that run anyway.
  bool maps = false;
};

/// A trained run that answers. No training shard is opened; texts are tokenized with the run's
/// tokenizers.
class Predictor {
 public:
  /// @throws Error (usage) for a wire or section that the recipe does not have, and where no metric
  ///         reads a class or a text and no wire is named
  Predictor(TrainedRun run, const SessionSettings& settings, PredictSettings predict);

  /// Those that an example must have, and with their targets those that it may have.
  const std::set<std::string>& required() const { return required_; }
  std::set<std::string> known() const;

  /// Whether a field is a picture, a recording or a video.
  bool is_media(const std::string& field) const;

  /// The classes of an answer, by index; none where they have no names or it is no class.
  std::vector<std::string> classes(const std::string& answer) const;

  using Take = std::function<void(const Prediction&)>;

  /// @throws Error (usage) naming a field that is missing, or that the section does not have;
  ///         (bad_data) naming the example that cannot be used
  Prediction predict(const GivenExample& example);

  /// Of each example of a split of the section, in file order.
  void predict_split(Split split, const Take& take);

  /// Of each sample of a shard: an index of JSON lines, a tar, or a text (docs/formats/shards.md).
  void predict_shard(const std::string& path, const Take& take);

 private:
  enum class Kind { classes, text, frames, numbers, values };
  struct Head {
    Kind kind;
    std::string name;
    std::size_t node = 0, port = 0;
    std::string target;      ///< the field that says what is right, or empty
    InputSource mask = {};   ///< of `frames`: which there are
    std::int64_t blank = 0;  ///< of the same: the token that says nothing
  };

  void add_heads_of_metrics();
  void add_heads_of_entries();
  void add_frames(const Node& metric, const InputSource* mask, const InputSource& logits,
                  const std::string& target);
  const FieldOptions* find_field(const std::string& name) const;  // or null
  const Normalization* normalization_of(const std::string& field) const;
  void add_wire(const std::string& wire);
  void add(Head head);
  void find_required();
  std::string field_of(const std::string& batch_field) const;
  Dataset open(const std::set<std::string>& fields, const PredictedShards& shards) const;
  /// The decoders behind the `logits` of an entry.
  /// @param before  gets what must run before them
  std::vector<std::size_t> steering(const GenerationPlan& entry, std::size_t decoder,
                                    std::vector<std::size_t>& before) const;
  void predict_all(const Dataset& data, Split split, const Take& take);
  std::vector<Prediction> predict_batch(const Dataset& data, const Batch& batch,
                                        std::uint64_t first_row);
  std::map<std::size_t, Written> write(const Dataset& data, const Batch& batch,
                                       const Values& values, const TensorMap& tensors,
                                       std::uint64_t first_row);
  void add_said(const Head& head, const Dataset& data, const Values& values,
                const TensorMap& tensors, std::vector<Prediction>& predictions) const;
  void answer(const Head& head, const Values& values, const Written* written,
              std::vector<Prediction>& predictions) const;
  void add_targets(const Dataset& data, const Batch& batch,
                   std::vector<Prediction>& predictions) const;

  TrainedRun run_;
  SessionSettings settings_;
  PredictSettings predict_;
  DataPlan plan_;
  DataOptions options_;
  std::vector<Head> heads_;
  std::vector<std::size_t> order_;
  std::vector<std::pair<std::size_t, std::size_t>> map_ports_;  ///< none where they are not wanted
  std::vector<std::size_t> writers_;  ///< decoders, those that only others need included
  std::set<std::string> required_;
  std::optional<Constraints> constraints_;  ///< of the section, for all batches
  std::optional<std::pair<std::set<std::string>, Dataset>> given_;  ///< for the last fields
};

/// The first `count` examples of a split that the run answers wrongly, and where these are fewer
/// the first of the others behind them.
std::vector<ShownSample> show_samples(Predictor& predictor, Split split, std::size_t count);

}  // namespace weft::host
