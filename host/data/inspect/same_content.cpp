// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/same_content.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "host/data/dataset/example.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_shown = 10;

}  // namespace

std::string key_of(const Dataset::Content& content, Split split, std::size_t example) {
  const SplitContent& part = content.part(split);
  const ExampleRef& ref = part.examples[example];
  return example_key(*part.shards[ref.shard], ref, content.options);
}

void find_same(const Dataset::Content& content, const std::string& field,
               std::vector<ContentMet> met, std::vector<SameContent>& same) {
  std::ranges::sort(met, {},
                    [](const ContentMet& m) { return std::tuple(m.hash, m.split, m.example); });
  std::map<std::pair<std::uint32_t, std::uint32_t>, SameContent> found;  // by split and of
  for (std::size_t begin = 0, end = 0; begin < met.size(); begin = end) {
    std::array<const ContentMet*, k_splits.size()> first{};  // of the group, by split
    for (end = begin; end < met.size() && met[end].hash == met[begin].hash; ++end) {
      const std::uint32_t split = met[end].split;
      bool has_leaked = false;
      for (std::uint32_t of = 0; of <= split; ++of) {
        if (first[of] == nullptr || (of < split && has_leaked)) continue;
        has_leaked = true;  // one earlier part is enough
        SameContent& entry = found[{split, of}];
        ++entry.samples;
        if (entry.shown.size() < k_shown) {
          entry.shown.emplace_back(key_of(content, static_cast<Split>(split), met[end].example),
                                   key_of(content, static_cast<Split>(of), first[of]->example));
        }
      }
      if (first[met[end].split] == nullptr) first[met[end].split] = &met[end];
    }
  }
  for (auto& [place, entry] : found) {
    entry.field = field;
    entry.split = static_cast<Split>(place.first);
    entry.of = static_cast<Split>(place.second);
    same.push_back(std::move(entry));
  }
}

}  // namespace weft::host
