// SPDX-License-Identifier: Apache-2.0
/// One created component: what it declared, and the way to call it.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/registry/declarations.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

/// Owns the component's `self` and holds its library; copies are the same component. Every failure
/// is an Error whose sentence begins with the place and the part: `fusion (fusion.mean 1.0.0): <the
/// plug-in's words>`.
class Instance {
 public:
  /// Creates the component and checks what it declares.
  /// @param path    the component's place in the recipe, for messages
  /// @param config  a JSON object, checked against the part's schema and with defaults filled in
  /// @param wired   number of wires per input port
  /// @param unless_named  the number of those that `wired` does not name
  /// Throws Exit::bad_recipe if the component refuses the configuration, Exit::plugin if it is at
  /// fault itself.
  Instance(const Part& part, const std::string& path, const std::string& config,
           const std::map<std::string, std::uint32_t>& wired, std::uint32_t unless_named = 0);
  /// The part it was created from, as the registry knew it.
  const Part& part() const;

  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;
  const std::vector<ParameterDecl>& parameters() const;
  const std::vector<ParameterDecl>& buffers() const;
  /// Sizes of parameters and buffers, by name.
  std::map<std::string, std::vector<std::int64_t>> tensor_sizes() const;
  const std::vector<StateDecl>& states() const;
  const std::vector<CacheDecl>& caches() const;
  /// Symbols of the port shapes that the component fixed.
  const std::map<std::string, std::int64_t>& sizes() const;
  /// WEFT_COUPLES_SAMPLES and the like.
  std::uint32_t traits() const;

  /// Lets the component replace the unknowns (-1) in `out`; arrays as in weft_component.infer.
  /// Without an infer function nothing happens.
  void infer(const weft_spec* in, const std::uint32_t* in_count, weft_spec* out) const;
  /// Computes; the caller has filled in every field. Throws if the component fails, or succeeds
  /// without writing an output that its role demands.
  void call(weft_call& call) const;
  /// Whether the part can bring older checkpoints to its state version.
  bool can_migrate() const;
  /// Brings the tensors of state version `from` to the part's own.
  void migrate(std::uint32_t from, weft_migration saved) const;
  /// A table of this instance by its id, or null.
  const void* extension(const char* id) const;

  /// To be held for as long as anything that came out of the library is in use.
  std::shared_ptr<const LibraryHold> library() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weft::host
