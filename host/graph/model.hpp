// SPDX-License-Identifier: Apache-2.0
/// A wired recipe with its parameters: what trains, evaluates and generates.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "host/engine/comm/sharded_weights.hpp"
#include "host/engine/tensor.hpp"
#include "host/graph/shape.hpp"
#include "host/graph/weights.hpp"
#include "host/graph/wiring.hpp"

namespace weft::host {

using TensorMap = std::map<std::string, Tensor>;

/// The outputs of the nodes that ran, by node index and output port.
struct Values {
  std::string data;        ///< the section that the batch is from
  std::uint64_t seed = 0;  ///< of the step: decides in which order views shuffle rows
  std::map<std::size_t, std::vector<Tensor>> outputs;
  std::map<std::size_t, Tensor> generated;  ///< tokens [B, S] of autoregressive decoders
  /// The same as texts, and their masks: uint8 and bool [B, L].
  std::map<std::size_t, std::pair<Tensor, Tensor>> generated_texts;
};

class Caches;
class StepStates;

/// Who asks for outputs on demand.
struct Asked {
  std::set<std::size_t> readers;                               ///< nodes whose wires are wanted
  std::set<std::pair<std::size_t, std::size_t>> outputs = {};  ///< node and port, besides
};

struct CallOptions {
  bool training = false;
  std::uint64_t seed = 0;  ///< of this step's random numbers; every node draws from its own stream
  std::string data = {};   ///< the section that the batch is from
  StepStates* states = nullptr;      ///< gets what live parts accumulate in training; may be null
  bool recomputes = false;           ///< the call is made again for its gradient
  DType precision = DType::float32;  ///< of products: graph nodes run under autocast to it
  Caches* caches = nullptr;  ///< of the texts that the call goes on with; null: a whole pass
  /// Nodes, by index, that keep nothing for their gradient but run again; may be null.
  const std::set<std::size_t>* again = nullptr;
  /// Null: the nodes that forward() runs; in a single call nobody.
  std::shared_ptr<const Asked> asked = nullptr;
};

/// The tensors of one node's input ports; an absent mask is an absent tensor.
using InputTensors = std::vector<std::vector<Tensor>>;

class Model {
 public:
  /// Creates every parameter from `seed` and its path: adding or removing a part leaves the others'
  /// initial weights as they are.
  Model(Wiring wiring, std::uint64_t seed, DType dtype = DType::float32);

  const Wiring& wiring() const { return wiring_; }
  /// Those that train.
  const std::vector<NamedTensor>& parameters() const { return weights_.parameters(); }
  const std::vector<NamedTensor>& buffers() const { return weights_.buffers(); }
  /// With those that views have.
  Weights& weights() { return weights_; }
  const Weights& weights() const { return weights_; }

  /// Of the live parameters this rank keeps what it owns, and fetches the rest for each call that
  /// is recorded or made by all. All ranks make the same calls, but while WholeWeights lives.
  /// @param owners  path → rank, of every parameter
  void shard(Collective& ranks, const std::map<std::string, int>& owners);
  /// All ranks have all of them again.
  void unshard();
  /// The gradients of what forward() and call() recorded have been computed.
  void end_backward() const;
  /// After a step of the optimiser: Weights::average().
  void average();

  /// Leaves buffers as they are from now on, also where a part moves them in training: those for
  /// which `moves` is false. A part all of whose buffers stay runs as in evaluation. Views move
  /// none.
  void keep_buffers(const std::function<bool(const Node&, const std::string& buffer)>& moves);

  /// Whether a step moves a buffer of a node, by their indices.
  bool moves(std::size_t node, std::size_t buffer) const;

  /// Runs graph nodes and losses in the order that Wiring::needed() gave. Metrics are left out.
  /// @param known  what need not be computed
  Values forward(const std::vector<std::size_t>& order, const TensorMap& batch,
                 const CallOptions& options, Values known = {}) const;

  /// What one node receives. Where `only_batch` is set, wires from nodes are absent tensors.
  InputTensors gather(std::size_t node, const Values& values, const TensorMap& batch,
                      bool only_batch = false) const;

  /// One call of one node. Its outputs are checked against its ports' shapes.
  /// @param states  a metric's accumulators, replaced where the metric changes them; those of
  ///                another part begin anew in each call and go to options.states
  /// @throws Error (plugin) naming the node, its part and what the plug-in said; (bad_recipe,
  ///         bad_data) where a field of the batch holds an index that is too large for the part
  std::vector<Tensor> call(std::size_t node, std::uint32_t role, const InputTensors& inputs,
                           const CallOptions& options, std::vector<Tensor>* states = nullptr) const;

  /// A forward call that keeps nothing for its gradient and is made again for it; the same bits.
  std::vector<Tensor> call_again(std::size_t node, const InputTensors& inputs,
                                 const CallOptions& options) const;

  /// All live parameters and buffers by path, and back again.
  std::map<std::string, Array> state() const;
  void load(const std::map<std::string, Array>& state);
  /// What a rank saves of them: the parameters that it owns, which need no other rank, and rank 0
  /// the buffers too.
  std::map<std::string, Array> state_of(const std::map<std::string, int>& owners, int rank) const;

 private:
  struct Ports {
    std::vector<ShapePattern> inputs, outputs;
    std::vector<std::size_t> kept;  // buffers that a call in training may not change
    bool evaluates = false;         // it never runs as in training
    /// By output: which nodes read it, where it is on demand.
    std::vector<std::set<std::size_t>> readers = {};
  };
  friend class WholeWeights;
  std::vector<Tensor> call_held(std::size_t node, std::uint32_t role, const InputTensors& inputs,
                                const CallOptions& options, std::vector<Tensor>* states) const;
  Tensor field(const std::string& name, std::uint64_t seed, const TensorMap& batch) const;
  Tensor rows_present(const std::vector<std::vector<std::string>>& all_of, std::uint64_t seed,
                      const TensorMap& batch) const;
  std::vector<std::uint8_t> wanted(std::size_t node, const CallOptions& options) const;
  void check_outputs(const Node& node, const Ports& ports, const InputTensors& inputs,
                     const std::vector<Tensor>& outputs, std::uint32_t role) const;

  Wiring wiring_;
  std::uint64_t seed_;
  Weights weights_;
  std::vector<Ports> ports_;                 // by node
  bool has_demand_ = false;                  // some output is computed on demand
  std::shared_ptr<ShardedWeights> sharded_;  // null: each rank keeps all; a unit is a node
};

/// While it lives all ranks have all of the model's weights, and each may call what it wants to.
class WholeWeights {
 public:
  explicit WholeWeights(const Model& model);
  ~WholeWeights();
  WholeWeights(const WholeWeights&) = delete;
  WholeWeights& operator=(const WholeWeights&) = delete;

 private:
  std::shared_ptr<ShardedWeights> sharded_;
};

/// Another order of `count` rows in which none stays where it is, as far as there are two: one
/// cycle through all of them, each as likely (Sattolo 1986). It follows from the seed alone.
std::vector<std::int64_t> shuffled_rows(std::int64_t count, std::uint64_t seed);

}  // namespace weft::host
