// SPDX-License-Identifier: Apache-2.0
#include "host/session/agreed.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/text.hpp"
#include "host/distribution/agreement.hpp"

namespace weft::host {
namespace {

std::map<std::string, std::string> facts_of(const Session& session, const RunLock& lock,
                                            const std::string& weights) {
  std::map<std::string, std::string> facts{
      {"Weft's version", lock.host_version},
      {"LibTorch's version", lock.torch_version},
      // Each rank has a GPU of its own, or none has one.
      {"the kind of device", lock.device.substr(0, lock.device.find(':'))}};
  // Where data lies may differ from machine to machine; what it holds may not.
  const std::set<std::string> paths(session.recipe.paths.begin(), session.recipe.paths.end());
  const nlohmann::json values = nlohmann::json::parse(session.recipe.resolved).flatten();
  for (const auto& [pointer, value] : values.items())
    if (!paths.contains(pointer)) facts[concat("the recipe's ", pointer)] = value.dump();
  for (const auto& [section, fingerprint] : lock.data)
    facts[concat("data \"", section, "\"")] = fingerprint;
  for (const auto& [section, fingerprint] : lock.tokenizers)
    facts[concat("the tokenizer of data \"", section, "\"")] = fingerprint;
  for (const auto& [node, part] : lock.parts)
    facts[concat("the plug-in of \"", node, "\"")] =
        concat(part.id, " ", part.version, " ", part.sha256);
  for (const auto& [run, hash] : lock.runs) facts[concat("the run ", run)] = hash;
  if (!weights.empty()) facts["the run's weights"] = weights;
  return facts;
}

}  // namespace

void require_agreement(Collective& ranks, const Session& session, const RunLock& lock,
                       const std::string& weights) {
  require_same(ranks, facts_of(session, lock, weights));
}

}  // namespace weft::host
