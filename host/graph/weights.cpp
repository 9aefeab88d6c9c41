// SPDX-License-Identifier: Apache-2.0
#include "host/graph/weights.hpp"

#include <algorithm>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/parameters.hpp"

namespace weft::host {

Weights::Weights(const Wiring& wiring, std::uint64_t seed, DType dtype) {
  for (const WeightSet& plan : wiring.weights()) sets_.push_back({plan, {}, {}, {}});
  for (const Node& node : wiring.nodes()) {
    Set& set = sets_[node.weights];
    if (!node.is_viewed()) create(node, seed, dtype);
    Slots slots{node.weights, {}, {}};
    const auto add = [&](const ParameterDecl& one, std::vector<std::string>& paths) {
      const std::string path = concat(node.owner, ".", one.name);
      const auto tied = set.plan.ties.find(path);
      paths.push_back(tied == set.plan.ties.end() ? path : tied->second);
      set.needed[paths.back()] = one.sizes;
    };
    for (const ParameterDecl& one : node.instance.parameters()) add(one, slots.parameters);
    for (const ParameterDecl& one : node.instance.buffers()) add(one, slots.buffers);
    set.buffers.insert(slots.buffers.begin(), slots.buffers.end());
    slots_.push_back(std::move(slots));
  }
  for (Set& set : sets_)
    if (set.plan.kind == WeightSet::Kind::ema)
      for (const auto& [path, sizes] : set.needed)
        if (!set.buffers.contains(path)) set.own[path] = copied(sets_.front().own.at(path));
  lend();
}

void Weights::create(const Node& node, std::uint64_t seed, DType dtype) {
  Set& live = sets_.front();
  const auto make = [&](const std::vector<ParameterDecl>& declared, bool trainable,
                        std::vector<NamedTensor>& all) {
    for (const ParameterDecl& one : declared) {
      const std::string path = concat(node.name, ".", one.name);
      if (live.plan.ties.contains(path)) continue;
      all.push_back({path, make_parameter(abi_parameter(one), path, seed, dtype, trainable),
                     (one.flags & WEFT_PARAMETER_NO_DECAY) == 0});
      live.own[path] = all.back().tensor;
    }
  };
  make(node.instance.parameters(), true, parameters_);
  make(node.instance.buffers(), false, buffers_);
}

/// Handles of what nodes are called with, which `own` or the live weights keep.
void Weights::lend() {
  leases_.clear();
  for (const Slots& slots : slots_) {
    Lease& lease = leases_.emplace_back();
    const Set& live = sets_.front();
    const auto handle = [&](const std::string& path) {
      const Set& set = sets_[slots.set];
      const auto own = set.own.find(path);
      if (own != set.own.end()) return own->second.get();
      return set.plan.kind == WeightSet::Kind::run ? nullptr : live.own.at(path).get();
    };
    for (const std::string& path : slots.parameters) lease.parameters.push_back(handle(path));
    for (const std::string& path : slots.buffers) lease.buffers.push_back(handle(path));
  }
}

std::vector<std::string> Weights::live_parameters(std::size_t node) const {
  const Slots& slots = slots_[node];
  const Set& set = sets_[slots.set];
  std::vector<std::string> paths;
  for (const std::string& path : slots.parameters)
    if (slots.set == 0 || !set.own.contains(path)) paths.push_back(path);
  return paths;
}

void Weights::freeze(const Predicate& changes) {
  for (Set& set : sets_) {
    if (set.plan.kind != WeightSet::Kind::frozen) continue;
    set.own.clear();
    for (const auto& [path, sizes] : set.needed)
      if (changes(path)) set.own[path] = copied(sets_.front().own.at(path));
  }
  lend();
}

bool Weights::has_averages() const {
  return std::ranges::any_of(sets_,
                             [](const Set& set) { return set.plan.kind == WeightSet::Kind::ema; });
}

void Weights::average() {
  for (const Set& set : sets_)
    if (set.plan.kind == WeightSet::Kind::ema)
      for (const auto& [path, tensor] : set.own)
        move_towards(tensor, sets_.front().own.at(path), 1.0 - set.plan.decay);
}

std::map<std::string, Array> Weights::views() const {
  std::map<std::string, Array> saved;
  for (const Set& set : sets_) {
    if (set.plan.kind != WeightSet::Kind::frozen && set.plan.kind != WeightSet::Kind::ema) continue;
    Array count = Array::empty(DType::int64, {1});  // tells none from not saved
    *count.data<std::int64_t>() = static_cast<std::int64_t>(set.own.size());
    saved[set.plan.label()] = count;
    for (const auto& [path, tensor] : set.own)
      saved[concat(set.plan.label(), "/", path)] = to_array(tensor);
  }
  return saved;
}

/// A copy of what is saved under the name. @throws Error (bad_checkpoint) saying whose it is
Tensor Weights::checked(const std::map<std::string, Array>& saved, const std::string& name,
                        const std::vector<std::int64_t>& sizes, const std::string& whose) const {
  const auto found = saved.find(name);
  if (found == saved.end())
    throw Error(Exit::bad_checkpoint, concat(whose, " lacks \"", name, "\"."));
  if (found->second.sizes != sizes)
    throw Error(Exit::bad_checkpoint,
                concat(whose, ": \"", name, "\" is ", shape_text(found->second.sizes),
                       " there and ", shape_text(sizes), " here."));
  return copied(from_array(found->second));
}

void Weights::load_views(const std::map<std::string, Array>& saved, const Predicate& changes) {
  for (Set& set : sets_) {
    const bool is_frozen = set.plan.kind == WeightSet::Kind::frozen;
    if (!is_frozen && set.plan.kind != WeightSet::Kind::ema) continue;
    const std::string whose = concat("the checkpoint's weights of views (", set.plan.pointer, ")");
    std::map<std::string, Tensor> own;
    checked(saved, set.plan.label(), {1}, whose);
    for (const auto& [path, sizes] : set.needed) {
      const std::string name = concat(set.plan.label(), "/", path);
      const bool is_due = is_frozen ? changes(path) : !set.buffers.contains(path);
      if (is_due || saved.contains(name)) own[path] = checked(saved, name, sizes, whose);
    }
    set.own = std::move(own);
  }
  lend();
}

std::vector<std::string> Weights::runs() const {
  std::vector<std::string> folders;
  for (const Set& set : sets_)
    if (set.plan.kind == WeightSet::Kind::run) folders.push_back(set.plan.run);
  return folders;
}

void Weights::load_run(const std::string& run, const std::map<std::string, Array>& saved) {
  for (Set& set : sets_) {
    if (set.plan.kind != WeightSet::Kind::run || set.plan.run != run) continue;
    for (const auto& [path, sizes] : set.needed)
      set.own[path] = checked(saved, path, sizes, concat("the checkpoint of ", run));
  }
  lend();
}

}  // namespace weft::host
