// SPDX-License-Identifier: Apache-2.0
#include "host/registry/registry.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "host/base/text.hpp"
#include "host/registry/scan_cache.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> libraries_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".so") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// `use` taken apart.
struct Wanted {
  PartId id;
  std::string range_text;  ///< empty: any version
  VersionRange range;
};

Wanted parse_use(const std::string& use) {
  const auto at = use.find('@');
  const auto id = PartId::parse(std::string_view(use).substr(0, at));
  if (!id)
    throw Error(Exit::bad_recipe,
                concat('"', use,
                       "\" is no part id; expected [vendor/]kind.name[@range], such as "
                       "\"fusion.mean\" or \"acme/fusion.perceiver@^2.1\"."));
  const std::string range_text = at == std::string::npos ? "" : use.substr(at + 1);
  const auto range = VersionRange::parse(range_text);
  if (!range || (at != std::string::npos && range_text.empty()))
    throw Error(
        Exit::bad_recipe,
        concat('"', use, "\": \"", range_text,
               "\" is no version range; expected one such as ^1.2, ~1.2, >=1.2 or =1.2.3."));
  return {*id, range_text, *range};
}

/// True if a file of this name may well have been meant to hold the part.
bool resembles(const fs::path& file, const PartId& id) {
  std::string stem = file.stem().string();
  if (stem.starts_with("lib")) stem.erase(0, 3);
  if (stem.starts_with("weft_")) stem.erase(0, 5);
  const bool holds_name = id.name.size() >= 3 && stem.find(id.name) != std::string::npos;
  return holds_name || edit_distance(stem, id.kind + "_" + id.name) <= 2;
}

std::vector<Part> parts_in(const fs::path& file, const Seen& seen) {
  const Manifest& manifest = seen.manifest;
  std::vector<Part> parts;
  for (const ManifestPart& part : manifest.parts)
    parts.push_back({part.id, part.kind, part.version, part.summary, part.config_schema,
                     part.state_version, manifest.vendor, manifest.license, manifest.version, file,
                     seen.sha256, nullptr, nullptr});
  return parts;
}

/// Loads the part's library.
void load(Part& part, const HostTables& tables) {
  if (part.component != nullptr) return;
  std::shared_ptr<const Library> library = Library::open(part.file, tables, part.sha256);
  const weft_plugin& plugin = library->plugin();
  for (std::uint32_t i = 0; i < plugin.n_components; ++i) {
    const weft_component& component = *plugin.components[i];
    if (PartId::parse(component.id)->text() != part.id ||
        parse_version(component.version) != part.version)
      continue;
    part.component = &component;
    part.library = std::move(library);
    return;
  }
  throw Error(Exit::plugin, concat(part.file.filename().string(), " holds no ", part.id, " ",
                                   part.version.text(), ", though its manifest says so."));
}

}  // namespace

Registry::Registry(const std::vector<fs::path>& search_path, HostTables tables)
    : search_path_(search_path), tables_(tables) {
  std::set<fs::path> seen;
  ScanCache cache;
  for (const fs::path& folder : search_path) {
    std::vector<fs::path> files;
    try {
      files = libraries_in(folder);
    } catch (const fs::filesystem_error& error) {
      rejected_.push_back({folder, Exit::no_input,
                           concat(folder.string(), " is in the plug-in path but cannot be read: ",
                                  error.code().message(), ".")});
    }
    for (const fs::path& file : files) {
      std::error_code unreachable;  // look_at() says what is wrong with such a file
      const fs::path real = fs::canonical(file, unreachable);
      if (!seen.insert(unreachable ? file : real).second) continue;
      const Seen verdict = look_at(file, cache);
      if (verdict.exit != Exit::ok) rejected_.push_back({file, verdict.exit, verdict.reason});
      for (Part& part : parts_in(file, verdict)) parts_.push_back(std::move(part));
    }
  }
}

std::vector<Part> Registry::parts_of(const fs::path& file) {
  ScanCache cache;
  const Seen verdict = look_at(file, cache);
  if (verdict.exit != Exit::ok) throw Error(verdict.exit, verdict.reason);
  return parts_in(file, verdict);
}

std::vector<Part> Registry::load_file(const fs::path& file, HostTables tables) {
  std::vector<Part> parts = parts_of(file);
  for (Part& part : parts) load(part, tables);
  return parts;
}

const Part& Registry::find(const std::string& use) const {
  Part& part = parts_[static_cast<std::size_t>(&which(use) - parts_.data())];
  load(part, tables_);
  return part;
}

const Part& Registry::which(const std::string& use) const {
  const Wanted wanted = parse_use(use);
  const std::string id = wanted.id.text();
  std::vector<const Part*> same_id;
  for (const Part& part : parts_)
    if (part.id == id) same_id.push_back(&part);
  if (same_id.empty()) throw_unknown(wanted.id);
  std::stable_sort(same_id.begin(), same_id.end(),
                   [](const Part* a, const Part* b) { return a->version > b->version; });

  const auto fits = [&](const Part* part) { return wanted.range.contains(part->version); };
  const auto best = std::find_if(same_id.begin(), same_id.end(), fits);
  if (best == same_id.end()) {
    std::vector<std::string> there;
    for (const Part* part : same_id) there.push_back(part->version.text());
    there.erase(std::unique(there.begin(), there.end()), there.end());
    throw Error(
        Exit::bad_recipe,
        concat("no version of ", id, " is inside ", wanted.range_text, "; there ",
               there.size() == 1 ? "is " : "are ", enumerate(there),
               ". Widen the range in the recipe, or install a plug-in that holds such a version."));
  }
  const auto next = best + 1;
  if (next != same_id.end() && (*next)->version == (*best)->version)
    throw Error(Exit::plugin, concat(id, " ", (*best)->version.text(), " is in two libraries: ",
                                     (*best)->file.string(), " and ", (*next)->file.string(),
                                     ". Remove one, or take its folder out of WEFT_PLUGIN_PATH."));
  return **best;
}

void Registry::unload(const fs::path& file) {
  // By path first: the file may have been replaced since it was loaded.
  std::shared_ptr<const Library> library;
  for (const Part& part : parts_)
    if (part.library && part.file == file) library = part.library;
  if (!library) library = Library::held(file);
  if (!library) return;
  std::vector<std::string> holders = library->holders();
  const long own = std::count_if(parts_.begin(), parts_.end(),
                                 [&](const Part& part) { return part.library == library; });
  if (holders.empty() && library.use_count() > own + 1)
    holders.emplace_back("something else in this process");
  if (!holders.empty())
    throw Error(Exit::plugin, concat(library->name(), " cannot be unloaded: it is in use by ",
                                     enumerate(holders), ". Let go of that first."));
  for (Part& part : parts_) {
    if (part.library != library) continue;
    part.component = nullptr;
    part.library.reset();
  }
}

void Registry::throw_unknown(const PartId& id) const {
  std::string sentence = concat("no part is called \"", id.text(), "\".");
  std::set<std::string> all, same_kind;
  for (const Part& part : parts_) {
    all.insert(part.id);
    if (PartId::parse(part.id)->kind == id.kind) same_kind.insert(part.id);
  }
  const std::vector<std::string> near = nearest(id.text(), {all.begin(), all.end()});
  if (!near.empty())
    sentence += suggestion(id.text(), near);
  else if (!same_kind.empty())
    sentence += " Known: " + enumerate({same_kind.begin(), same_kind.end()}) + ".";
  else if (!all.empty())
    sentence += concat(" There is no ", id.kind, " part at all.");
  else {
    std::vector<std::string> folders;
    for (const fs::path& folder : search_path_) folders.push_back(folder.string());
    sentence += folders.empty() ? " The plug-in path is empty; set WEFT_PLUGIN_PATH."
                                : " No usable plug-in is in " + enumerate(folders) + ".";
  }
  Exit exit = Exit::bad_recipe;
  std::size_t others = 0;
  for (const Rejected& file : rejected_) {
    if (!resembles(file.file, id)) {
      ++others;
      continue;
    }
    sentence += " A file that may hold it was rejected: " + file.reason;
    exit = file.exit;
  }
  if (others > 0)
    sentence += concat(" ", others, others == 1 ? " entry" : " entries",
                       " of the plug-in path cannot be used: `weft plugin list` says why.");
  throw Error(exit, sentence);
}

}  // namespace weft::host
