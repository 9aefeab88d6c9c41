// SPDX-License-Identifier: Apache-2.0
/// `weft data check`: what cannot be used, and what looks like an oversight.

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/command/computing/bare_data.hpp"
#include "host/command/computing/data_section.hpp"
#include "host/command/json_document.hpp"
#include "host/data/inspect/statistics.hpp"
#include "host/data/storage/reasons.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// What is found in the splits, a list of objects each.
struct Findings {
  OrderedJson truncated = OrderedJson::array(), lacking = OrderedJson::array(),
              outliers = OrderedJson::array(), ill_formed = OrderedJson::array(),
              silent = OrderedJson::array(), passed_over = OrderedJson::array();

  void add(const char* part, const FieldSurvey& field);
  void add(const char* part, const SplitSurvey& split);
};

void add_odd(OrderedJson& list, const char* part, const std::string& field, const Oddity& odd) {
  if (odd.count == 0) return;
  list.push_back({{"split", part}, {"field", field}, {"examples", odd.count}, {"keys", odd.keys}});
}

void Findings::add(const char* part, const FieldSurvey& field) {
  if (field.cut > 0)
    truncated.push_back({{"split", part},
                         {"field", field.name},
                         {"cut", field.cut},
                         {"of", field.lengths.count()},
                         {"longest", field.lengths.largest()},
                         {"room", field.room}});
  add_odd(ill_formed, part, field.name, field.ill_formed);
  add_odd(silent, part, field.name, field.silent);
  if (const std::int64_t far = field.lengths.outliers(); far > 0)
    outliers.push_back({{"split", part},
                        {"field", field.name},
                        {"examples", far},
                        {"median", field.lengths.quantile(0.5)},
                        {"longest", field.longest.front().key},
                        {"shortest", field.shortest.front().key}});
}

void Findings::add(const char* part, const SplitSurvey& split) {
  for (const FieldSurvey& field : split.fields) add(part, field);
  for (const auto& [shard, files] : split.passed_over)
    passed_over.push_back(
        {{"split", part}, {"shard", shard}, {"files", files.count}, {"names", files.names}});
  for (const MemberSurvey& member : split.members)
    if (member.samples < split.samples)
      lacking.push_back({{"split", part},
                         {"member", member.name},
                         {"lacking", split.samples - member.samples},
                         {"of", split.samples},
                         {"keys", member.lacking}});
}

OrderedJson document(const std::string& name, const Survey& survey) {
  OrderedJson unusable = OrderedJson::array(), reasons = OrderedJson::array(),
              same = OrderedJson::array(), streamed = OrderedJson::array(),
              splits = OrderedJson::object();
  for (const BadReason& reason : by_reason(survey.unusable))
    reasons.push_back({{"reason", reason.reason}, {"samples", reason.count}});
  for (const BadSample& bad : survey.unusable)
    unusable.push_back({{"shard", bad.shard}, {"key", bad.key}, {"reason", bad.reason}});
  Findings found;
  for (const SplitSurvey& split : survey.splits) {
    const char* const part = split_name(split.split);
    splits[part] = {{"samples", split.samples}, {"examples", split.examples}};
    found.add(part, split);
  }
  for (const Split split : survey.streamed) streamed.push_back(split_name(split));
  for (const SameContent& entry : survey.same)
    same.push_back({{"field", entry.field},
                    {"split", split_name(entry.split)},
                    {"of", split_name(entry.of)},
                    {"samples", entry.samples},
                    {"pairs", entry.shown}});
  return {{"data", name},
          {"splits", splits},
          {"unusable", unusable},
          {"reasons", reasons},
          {"truncated", found.truncated},
          {"lacking", found.lacking},
          {"same_content", same},
          {"outliers", found.outliers},
          {"ill_formed", found.ill_formed},
          {"silent", found.silent},
          {"passed_over", found.passed_over},
          {"streamed", streamed}};
}

void print_split(const SplitSurvey& split) {
  const char* const part = split_name(split.split);
  for (const FieldSurvey& field : split.fields) {
    if (field.cut > 0)
      std::cout << "  " << part << ": " << field.name << ": " << field.cut << " of "
                << field.lengths.count() << " are cut to " << field.room << ' ' << field.unit
                << (field.lengths.largest() > field.room ? "" : ", or a recording in them is")
                << "; the longest has " << field.lengths.largest() << "\n";
    const auto print_odd = [&](const Oddity& odd, const char* what) {
      if (odd.count == 0) return;
      std::cout << "  " << part << ": " << field.name << ": " << counted(odd.count, "example")
                << ' ' << what << ", e.g. " << printable(odd.keys.front()) << "\n";
    };
    print_odd(field.ill_formed, "with bytes that are not UTF-8");
    print_odd(field.silent, "of silence");
    if (const std::int64_t far = field.lengths.outliers(); far > 0)
      std::cout << "  " << part << ": " << field.name << ": " << counted(far, "example")
                << " of unusual length; the median is " << field.lengths.quantile(0.5)
                << ", the shortest " << field.shortest.front().length << " ("
                << printable(field.shortest.front().key) << "), the longest "
                << field.longest.front().length << " (" << printable(field.longest.front().key)
                << ")\n";
  }
  for (const auto& [shard, files] : split.passed_over)
    std::cout << "  " << part << ": " << counted(files.count, "file") << " of " << printable(shard)
              << (files.count == 1 ? " is" : " are") << " passed over, " << files.reason << ": "
              << printable(enumerate(files.names))
              << (std::ssize(files.names) < files.count ? " …" : "") << "\n";
  for (const MemberSurvey& member : split.members) {
    const std::int64_t lacking = split.samples - member.samples;
    if (lacking == 0) continue;
    std::cout << "  " << part << ": " << lacking << " of " << split.samples
              << " samples lack the member " << printable(member.name) << ", e.g. "
              << printable(member.lacking.front()) << "\n";
  }
}

/// The sentence, which most often names shard and key itself.
std::string sentence(const BadSample& bad) {
  // A reason quotes them as they are printed.
  const bool has_shard = bad.reason.find(printable(bad.shard)) != std::string::npos;
  if (has_shard && bad.reason.find(printable(bad.key)) != std::string::npos) return bad.reason;
  return concat(bad.shard, bad.key.empty() ? "" : ", sample ", bad.key, ": ", bad.reason);
}

void print(const std::string& name, const Survey& survey) {
  std::cout << "data " << name << ":";
  const char* separator = " ";
  for (const SplitSurvey& split : survey.splits) {
    std::cout << separator << split_name(split.split) << ' ' << counted(split.examples, "example");
    separator = ", ";
  }
  std::cout << "\n";
  for (const Split split : survey.streamed)
    std::cout << "  " << split_name(split)
              << ": what comes from a command or standard input is not looked at\n";
  for (const BadReason& reason : by_reason(survey.unusable)) {
    if (reason.count > k_told_singly) {
      std::cout << "  cannot be used: " << printable(reason.sentence(), k_sentence_bytes) << "\n";
      continue;
    }
    for (const BadSample& bad : reason.shown)
      std::cout << "  cannot be used: " << printable(sentence(bad), k_sentence_bytes) << "\n";
  }
  for (const SplitSurvey& split : survey.splits) print_split(split);
  for (const SameContent& entry : survey.same) {
    const auto& [key, twin] = entry.shown.front();
    std::cout << "  " << split_name(entry.split) << ": " << entry.field << ": "
              << counted(entry.samples, "sample")
              << (entry.split == entry.of
                      ? std::string(" with the same content as another")
                      : concat(" with the same content as one of ", split_name(entry.of)))
              << ", e.g. " << printable(key) << " and " << printable(twin) << "\n";
  }
}

}  // namespace

void data_check(const Options& options) {
  const Recipe recipe = recipe_or_data(options);
  OrderedJson all = OrderedJson::array();
  std::size_t unusable = 0;
  for (const DataPlan& plan : chosen_sections(options, recipe)) {
    const Survey found = survey(open_listed(plan), /*statistics=*/false);
    unusable += found.unusable_samples();
    if (options.json)
      all.push_back(document(plan.name, found));
    else
      print(plan.name, found);
  }
  if (options.json) std::cout << document_text(OrderedJson{{"check", all}});
  std::cout.flush();
  if (unusable > 0)
    throw Error(
        Exit::bad_data,
        concat(counted(static_cast<std::int64_t>(unusable), "sample"),
               " cannot be used; standard output lists them. Replace them, or allow a share "
               "with on_bad_sample."));
}

}  // namespace weft::host
