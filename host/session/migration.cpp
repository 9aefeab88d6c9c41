// SPDX-License-Identifier: Apache-2.0
#include "host/session/migration.hpp"

#include <cstring>
#include <iterator>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/migration.hpp"
#include "host/engine/tables.hpp"

namespace weft::host {
namespace {

using Arrays = std::map<std::string, Array>;

/// Takes the tensors of one node out of a checkpoint's, by their names without the node's.
Arrays take(Arrays& all, const std::string& node) {
  Arrays own;
  const std::string prefix = node + ".";
  for (auto it = all.lower_bound(prefix); it != all.end() && it->first.starts_with(prefix);) {
    own[it->first.substr(prefix.size())] = it->second;
    it = all.erase(it);
  }
  return own;
}

bool equal(const Array& a, const Array& b) {
  return a.dtype == b.dtype && a.sizes == b.sizes &&
         std::memcmp(a.bytes.get(), b.bytes.get(), a.byte_count()) == 0;
}

void require_declared(const Node& node, const Arrays& tensors) {
  std::set<std::string> declared;
  for (const auto& [name, sizes] : node.instance.tensor_sizes()) declared.insert(name);
  std::string wrong;
  for (const auto& [name, tensor] : tensors)
    if (declared.erase(name) == 0) wrong += concat(" It leaves \"", name, "\" over.");
  for (const std::string& name : declared) wrong += concat(" It lacks \"", name, "\".");
  if (!wrong.empty())
    throw Error(
        Exit::plugin,
        concat(node.name, " (", node.instance.part().id, " ", node.instance.part().version.text(),
               "): what migrate made of the checkpoint is not what the part declares.", wrong,
               " This is a fault of the plug-in."));
}

/// Forgets the moments of the tensors that are no longer what they were; counts those.
std::size_t forget_moments(Arrays& optimizer, const std::string& node, const Arrays& before,
                           const Arrays& after) {
  std::size_t changed = 0;
  for (const auto& [name, tensor] : before) {
    const auto now = after.find(name);
    if (now != after.end() && equal(tensor, now->second)) continue;
    const std::string path = concat(node, ".", name);
    const std::size_t found = std::erase_if(optimizer, [&](const auto& moment) {
      return moment.first.substr(0, moment.first.rfind('.')) == path;
    });
    if (found > 0) ++changed;
  }
  return changed;
}

}  // namespace

std::vector<std::string> migrate(Checkpoint& checkpoint, const Model& model) {
  std::vector<std::string> told;
  for (const Node& node : model.wiring().nodes()) {
    if (node.is_viewed()) continue;
    const Part& part = node.instance.part();
    const auto saved = checkpoint.parts.find(node.name);
    if (saved == checkpoint.parts.end() || saved->second.first != part.id) continue;
    const int from = saved->second.second;
    if (from < 0 || from >= static_cast<int>(part.state_version) || !node.instance.can_migrate())
      continue;
    const Arrays before = take(checkpoint.model, node.name);
    const Migration migration(before);
    const LibraryScope library(node.instance.library());
    node.instance.migrate(static_cast<std::uint32_t>(from), migration.handle());
    const Arrays after = migration.result();
    require_declared(node, after);
    const std::size_t restarted = forget_moments(checkpoint.optimizer, node.name, before, after);
    for (const auto& [name, tensor] : after)
      checkpoint.model[concat(node.name, ".", name)] = tensor;
    saved->second.second = static_cast<int>(part.state_version);
    told.push_back(concat(node.name, " (", part.id, " ", part.version.text(),
                          "): the checkpoint's state ", from, " was brought to state ",
                          part.state_version, "; the optimiser begins anew for ", restarted,
                          " of its tensors."));
  }
  return told;
}

std::vector<std::string> bring_up_to_date(Checkpoint& checkpoint, const std::string& run,
                                          const Session& session) {
  std::vector<std::string> told = migrate(checkpoint, *session.model);
  require_same_model(checkpoint, run, shapes_of(*session.model), parts_of(*session.model));
  return told;
}

}  // namespace weft::host
