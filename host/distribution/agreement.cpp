// SPDX-License-Identifier: Apache-2.0
#include "host/distribution/agreement.hpp"

#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Facts = std::map<std::string, std::string>;

std::string said(const Facts& facts, const std::string& name) {
  const auto fact = facts.find(name);
  return fact == facts.end() ? "nothing" : concat("\"", fact->second, "\"");
}

}  // namespace

void require_same(Collective& ranks, const Facts& facts) {
  const std::vector<std::string> all = ranks.texts(nlohmann::json(facts).dump());
  const Facts first = nlohmann::json::parse(all[0]).get<Facts>();
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    const Facts other = nlohmann::json::parse(all[rank]).get<Facts>();
    Facts names = first;
    names.insert(other.begin(), other.end());
    for (const auto& [name, value] : names) {
      if (said(first, name) == said(other, name)) continue;
      throw Error(Exit::bad_recipe,
                  concat("the ranks cannot train together: ", name, " is ", said(first, name),
                         " on rank 0 and ", said(other, name), " on rank ", rank,
                         ". Give all of them the same recipe, plug-ins, data and version of "
                         "Weft."));
    }
  }
}

}  // namespace weft::host
