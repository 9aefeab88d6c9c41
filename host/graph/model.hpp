// SPDX-License-Identifier: Apache-2.0
/// A wired recipe with its parameters: what trains, evaluates and generates.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

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

struct CallOptions {
  bool training = false;
  std::uint64_t seed = 0;  ///< of this step's random numbers; every node draws from its own stream
  std::string data = {};   ///< the section that the batch is from
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

  /// Leaves buffers as they are from now on, also where a part moves them in training: those for
  /// which `moves` is false. A part all of whose buffers stay runs as in evaluation. Views move
  /// none.
  void keep_buffers(const std::function<bool(const Node&, const std::string& buffer)>& moves);

  /// Runs graph nodes and losses in the order that Wiring::needed() gave. Metrics are left out.
  Values forward(const std::vector<std::size_t>& order, const TensorMap& batch,
                 const CallOptions& options) const;

  /// What one node receives. Where `only_batch` is set, wires from nodes are absent tensors.
  InputTensors gather(std::size_t node, const Values& values, const TensorMap& batch,
                      bool only_batch = false) const;

  /// One call of one node. Its outputs are checked against its ports' shapes.
  /// @param states  a metric's accumulators, replaced where the metric changes them
  /// @throws Error (plugin) naming the node, its part and what the plug-in said; (bad_recipe,
  ///         bad_data) where a field of the batch holds an index that is too large for the part
  std::vector<Tensor> call(std::size_t node, std::uint32_t role, const InputTensors& inputs,
                           const CallOptions& options, std::vector<Tensor>* states = nullptr) const;

  /// All live parameters and buffers by path, and back again.
  std::map<std::string, Array> state() const;
  void load(const std::map<std::string, Array>& state);

 private:
  struct Ports {
    std::vector<ShapePattern> inputs, outputs;
    std::vector<std::size_t> kept;  // buffers that a call in training may not change
    bool evaluates = false;         // it never runs as in training
  };
  Tensor field(const std::string& name, std::uint64_t seed, const TensorMap& batch) const;
  Tensor rows_present(const std::vector<std::vector<std::string>>& all_of, std::uint64_t seed,
                      const TensorMap& batch) const;
  void check_outputs(const Node& node, const Ports& ports, const InputTensors& inputs,
                     const std::vector<Tensor>& outputs, std::uint32_t role) const;

  Wiring wiring_;
  std::uint64_t seed_;
  Weights weights_;
  std::vector<Ports> ports_;  // by node
};

/// Another order of `count` rows in which none stays where it is, as far as there are two: one
/// cycle through all of them, each as likely (Sattolo 1986). It follows from the seed alone.
std::vector<std::int64_t> shuffled_rows(std::int64_t count, std::uint64_t seed);

}  // namespace weft::host
