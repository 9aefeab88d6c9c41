// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/member_statistics.hpp"

#include <map>
#include <set>

namespace weft::host {
namespace {

constexpr std::size_t k_shown = 10;

/// What the section calls the members that it asks for.
std::set<std::string> asked_for(const DataOptions& options) {
  std::set<std::string> asked;
  const auto add = [&](const Source& source) {
    if (!source.is_pointer()) asked.insert(source.text);
  };
  for (const FieldOptions& field : options.fields) {
    add(field.source);
    const auto* const document = std::get_if<DocumentOptions>(&field.kind);
    if (document == nullptr) continue;
    for (const DocumentPart& part : document->parts) add({part.value});
  }
  if (options.tokenizer) std::ranges::for_each(options.tokenizer->texts, add);
  return asked;
}

}  // namespace

std::vector<MemberSurvey> members_of(const SplitContent& part, const DataOptions& options) {
  const std::set<std::string> asked = asked_for(options);
  std::set<std::string> lists, covered;  // names that stand for each other, and all of them
  for (const std::string& members : asked) {
    const std::vector<std::string_view> names = member_names(members);
    if (names.size() == 1) continue;
    lists.insert(members);
    covered.insert(names.begin(), names.end());
  }
  for (const std::string& member : asked) covered.erase(member);
  std::map<std::string, MemberSurvey> members;
  std::int64_t samples = 0;
  for (const auto& shard : part.shards) {
    samples += static_cast<std::int64_t>(shard->size());
    for (std::size_t i = 0; i < shard->size(); ++i) {
      for (const std::string& name : shard->members(i)) {
        if (!covered.contains(name)) ++members[name].samples;
      }
      for (const std::string& names : lists) {
        if (shard->has_any(i, names)) ++members[names].samples;
      }
    }
  }
  std::vector<MemberSurvey> found;
  for (auto& [name, member] : members) {
    member.name = name;
    const bool is_list = lists.contains(name);
    for (const auto& shard : part.shards) {
      if (member.samples == samples) break;
      for (std::size_t i = 0; i < shard->size() && member.lacking.size() < k_shown; ++i) {
        const bool is_there = is_list ? shard->has_any(i, name) : shard->has(i, name);
        if (!is_there) member.lacking.emplace_back(shard->key(i));
      }
    }
    found.push_back(std::move(member));
  }
  return found;
}

}  // namespace weft::host
