// SPDX-License-Identifier: Apache-2.0
#include "host/data/member_survey.hpp"

#include <map>
#include <set>

namespace weft::host {
namespace {

constexpr std::size_t k_shown = 10;

/// What fields call members of which they take the first that a sample has, by each of the names.
std::map<std::string, std::string> alternatives(const std::vector<FieldOptions>& fields) {
  std::map<std::string, std::string> names;
  for (const FieldOptions& field : fields) {
    const std::string& all = field.source.text;
    if (field.source.is_pointer() || all.find(';') == std::string::npos) continue;
    for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
      end = all.find(';', begin);
      names[all.substr(begin, end - begin)] = all;
    }
  }
  return names;
}

}  // namespace

std::vector<MemberSurvey> members_of(const SplitContent& part,
                                     const std::vector<FieldOptions>& fields) {
  const std::map<std::string, std::string> known = alternatives(fields);
  const auto names_of = [&](const Shard& shard, std::size_t sample) {
    std::set<std::string> names;
    for (const std::string& member : shard.members(sample)) {
      const auto all = known.find(member);
      names.insert(all == known.end() ? member : all->second);
    }
    return names;
  };
  std::map<std::string, MemberSurvey> members;
  std::int64_t samples = 0;
  for (const auto& shard : part.shards) {
    samples += static_cast<std::int64_t>(shard->size());
    for (std::size_t i = 0; i < shard->size(); ++i) {
      for (const std::string& name : names_of(*shard, i)) ++members[name].samples;
    }
  }
  std::vector<MemberSurvey> list;
  for (auto& [name, member] : members) {
    member.name = name;
    for (const auto& shard : part.shards) {
      if (member.samples == samples) break;
      for (std::size_t i = 0; i < shard->size() && member.lacking.size() < k_shown; ++i) {
        if (!names_of(*shard, i).contains(name)) member.lacking.emplace_back(shard->key(i));
      }
    }
    list.push_back(std::move(member));
  }
  return list;
}

}  // namespace weft::host
