// SPDX-License-Identifier: Apache-2.0
/// `weft new recipe DATA`: looks at data as it lies, and drafts a recipe that trains.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/prefix.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/computing/recipe_draft.hpp"
#include "host/data/storage/file_folder.hpp"
#include "host/report/table.hpp"
#include "host/session/session.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

[[noreturn]] void wrong(Exit exit, const std::string& what) {
  throw Error(exit, concat("weft new recipe: ", what));
}

/// The parts of a data set that lie in folders of these names, by the names of the parts.
std::vector<std::pair<std::string, fs::path>> parts_of(const fs::path& data) {
  std::vector<std::pair<std::string, fs::path>> parts;
  for (const auto& [part, names] :
       std::initializer_list<std::pair<const char*, std::vector<const char*>>>{
           {"train", {"train"}},
           {"val", {"val", "valid", "validation", "dev"}},
           {"test", {"test"}}}) {
    for (const char* const name : names) {
      if (fs::is_directory(data / name)) {
        parts.emplace_back(part, data / name);
        break;
      }
    }
  }
  if (fs::is_directory(data) && metadata_of(data.string())) return {};
  const bool has_train = !parts.empty() && parts.front().first == "train";
  return has_train && parts.size() > 1 ? parts : decltype(parts)();
}

std::string recipe_name(const fs::path& data) {
  fs::path path = fs::absolute(data).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  std::string name = path.filename().string();
  if (!fs::is_directory(data)) name = name.substr(0, name.find('.'));
  if (name == "metadata") name = path.parent_path().filename().string();
  return drafted_name(name, "data_");
}

DraftedData drafted_data(const fs::path& data, const fs::path& out) {
  const fs::path folder = fs::absolute(out).lexically_normal().parent_path();
  const auto relative = [&](const fs::path& path) {
    const std::string text =
        fs::absolute(path).lexically_normal().lexically_relative(folder).string();
    return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
  };
  DraftedData drafted;
  drafted.name = recipe_name(data);
  Json shards = Json::object();
  for (const auto& [part, path] : parts_of(data)) shards[part] = {relative(path)};
  drafted.has_parts = !shards.empty();
  drafted.evaluated = drafted.has_parts && !shards.contains("test") ? "val" : "test";
  if (shards.empty()) shards["train"] = {relative(data)};
  drafted.shards = shards.dump();
  const fs::path schema = installed_prefix() / "share/weft/schemas/recipe.schema.json";
  if (fs::exists(schema)) drafted.schema = schema.string();
  return drafted;
}

std::string kind_text(const Column& column) {
  const std::size_t values = column.counts.size();
  const std::string different =
      concat(values > k_most_categories ? concat("more than ", k_most_categories) : concat(values),
             " different");
  switch (column.kind) {
    case Column::Kind::number:
      return concat("numbers, mean ", number(column.mean, "%.4g"), ", deviation ",
                    number(column.deviation, "%.4g"));
    case Column::Kind::category: return concat("values, ", different);
    case Column::Kind::text:
      return concat("texts of up to ", column.longest, " words, ", different);
    case Column::Kind::structure: return "lists or objects";
    case Column::Kind::counter: return "a running number";
    case Column::Kind::other: break;
  }
  return concat("neither numbers nor values that recur nor texts; ", different);
}

void print_look(const std::string& data, const FirstLook& look) {
  std::cout << printable(data) << " holds " << look.samples << " samples:\n\n";
  Table table({"what", "samples", "holds"});
  const auto add = [&](const std::string& name, std::int64_t samples, const std::string& what) {
    table.add({printable(name), std::to_string(samples), what});
  };
  if (const MediaLook& seen = look.pictures; !seen.members.empty())
    add(seen.members, seen.samples,
        concat("pictures of about ", seen.width, " x ", seen.height, " pixels"));
  if (const MediaLook& heard = look.recordings; !heard.members.empty())
    add(heard.members, heard.samples,
        concat("recordings of up to ", number(heard.seconds, "%.3g"), " s"));
  for (const Column& column : look.columns) add(column.name, column.samples, kind_text(column));
  for (const std::string& member : look.other_members) add(member, look.samples, "files; not used");
  std::cout << table.text() << "\n";
}

void print_choice(const FirstLook& look, const Choice& choice) {
  const char* const verb = choice.task == Task::classify     ? "tell"
                           : choice.task == Task::write_text ? "write"
                                                             : "estimate";
  std::cout << "The recipe learns to " << verb << " \"" << printable(choice.target->name)
            << "\", because " << choice.why
            << ".\nIt learns from: " << printable(enumerate(drafted_inputs(choice))) << ".\n";
  std::vector<std::string> unused, known;
  for (const Column& column : look.columns) {
    const bool is_input = &column == choice.text || &column == choice.target ||
                          std::ranges::find(choice.numbers, &column) != choice.numbers.end();
    if (!is_input) unused.push_back(column.name);
    if (&column != choice.target) known.push_back(column.name);
  }
  if (!unused.empty()) std::cout << "Not used: " << printable(enumerate(unused)) << ".\n";
  if (!known.empty())
    std::cout << "Another target: --target " << printable(known.front())
              << (known.size() > 1 ? ", for example" : "") << ".\n";
}

void print_next(const std::string& out, const std::string& name, const Choice& choice) {
  std::string fields;
  for (const std::string& input : drafted_inputs(choice)) {
    const bool is_file = input == "picture" || input == "sound";
    fields += concat(" --", input, is_file ? " FILE" : input == "numbers" ? " '[…]'" : " \"…\"");
  }
  const std::pair<std::string, const char*> lines[] = {
      {"check " + out, "the recipe, its parts and shapes"},
      {"data check " + out, "every sample: what cannot be used"},
      {"train " + out, "the trained model goes to runs/NAME"},
      {"eval runs/" + name + " --samples 5", "what it says, and what is right"},
      {"predict runs/" + name + fields, "what it says of something new"}};
  std::size_t width = 0;
  for (const auto& [command, unused] : lines) width = std::max(width, command.size());
  std::cout << "\n" << printable(out) << " is written. Go on:\n\n";
  for (const auto& [command, what] : lines) {
    std::cout << "  weft " << printable(command) << std::string(width + 2 - command.size(), ' ')
              << "# " << what << "\n";
  }
}

}  // namespace

void new_recipe(const Options& options) {
  if (options.operands.size() != 2)
    wrong(Exit::usage, "expected one folder, table, index or shard.");
  const std::string& data = options.operands[1];
  if (!fs::exists(data)) {
    wrong(Exit::no_input, concat("there is no ", data,
                                 ". Name a folder, a table (.csv, .tsv), lines of "
                                 "JSON (.jsonl) or a shard."));
  }
  const std::string out = options.out.empty() ? recipe_name(data) + ".json" : options.out;
  if (fs::exists(out) && !options.overwrite) {
    wrong(Exit::cannot_create,
          concat(out, " exists already. Name another file with --out, or add --overwrite."));
  }
  const auto parts = parts_of(data);
  const std::string seen = parts.empty() ? fs::absolute(data).lexically_normal().string()
                                         : fs::absolute(parts.front().second).string();
  const FirstLook look = first_look(read_shard(seen, cache_folder(), Damage::refuse));
  print_look(parts.empty() ? data : parts.front().second.string(), look);
  const Choice choice = choose(look, options.target);
  print_choice(look, choice);
  const DraftedData drafted = drafted_data(data, out);
  write_text(out, draft_recipe(look, choice, drafted));
  print_next(out, drafted.name, choice);
}

}  // namespace weft::host

WEFT_EXPORT_VERB(new_recipe, new_recipe)
