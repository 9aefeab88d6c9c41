// SPDX-License-Identifier: Apache-2.0
#include "host/registry/scan_cache.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/base/text.hpp"
#include "host/registry/plugin_file.hpp"
#include "host/registry/probe.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Empty if there is no place for a cache.
fs::path cache_folder() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string named = variable("WEFT_CACHE"); !named.empty()) return named;
  if (const std::string caches = variable("XDG_CACHE_HOME"); !caches.empty())
    return fs::path(caches) / "weft";
  const std::string home = variable("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache" / "weft";
}

/// Another build of the host may judge otherwise.
std::string host_key() {
  return concat(WEFT_VERSION " torch " WEFT_TORCH_VERSION " ", file_key(probe_program()), " ",
                ::geteuid());
}

Json to_json(const Seen& seen) {
  Json parts = Json::array();
  for (const ManifestPart& part : seen.manifest.parts)
    parts.push_back({part.id, part.kind, part.version.text(), part.summary, part.config_schema,
                     part.state_version});
  return {{"sha256", seen.sha256},
          {"version", seen.manifest.version},
          {"vendor", seen.manifest.vendor},
          {"license", seen.manifest.license},
          {"abi", {seen.manifest.abi_major, seen.manifest.abi_minor}},
          {"tier", seen.manifest.tier},
          {"torch", seen.manifest.torch},
          {"parts", parts}};
}

Seen from_json(const Json& json) {
  Seen seen;
  json.at("sha256").get_to(seen.sha256);
  json.at("version").get_to(seen.manifest.version);
  json.at("vendor").get_to(seen.manifest.vendor);
  json.at("license").get_to(seen.manifest.license);
  json.at("abi").at(0).get_to(seen.manifest.abi_major);
  json.at("abi").at(1).get_to(seen.manifest.abi_minor);
  json.at("tier").get_to(seen.manifest.tier);
  json.at("torch").get_to(seen.manifest.torch);
  for (const Json& part : json.at("parts"))
    seen.manifest.parts.push_back({part.at(0), part.at(1),
                                   parse_version(part.at(2).get_ref<const std::string&>()).value(),
                                   part.at(3), part.at(4), part.at(5)});
  return seen;
}

fs::path blocked_file(const std::string& sha256) {
  const fs::path folder = cache_folder();
  return folder.empty() ? fs::path() : folder / "blocked" / sha256;
}

/// Replaces a file as a whole; readers see the old one or the new one.
void replace(const fs::path& file, const std::string& text) {
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  const fs::path temporary = fs::path(file).concat(concat(".", ::getpid()));
  std::ofstream stream(temporary, std::ios::binary);
  stream << text;
  stream.close();
  if (stream) fs::rename(temporary, file, ignored);
  fs::remove(temporary, ignored);
}

constexpr const char* blocked_until =
    " It is blocked until it changes or `weft plugin unblock` names it.";

/// A verdict on a file that may be replaced meanwhile.
struct Verdict {
  Seen seen;
  bool is_fatal = false;  ///< the process that looked at it did not come to its end
};

Verdict judge(const fs::path& file) {
  Verdict verdict;
  Seen& seen = verdict.seen;
  try {
    const PluginFile read = read_plugin_file(file);
    seen.sha256 = read.sha256;
    if (const auto reason = blocked(read.sha256)) throw Error(Exit::plugin, *reason);
    seen.manifest = checked_manifest(read);
    const ProbeReport report = probe(file, {seen.manifest.tier, seen.manifest.torch});
    verdict.is_fatal = report.fatal;
    if (report.exit != Exit::ok) throw Error(report.exit, report.text);
    const std::string difference = first_difference(read.manifest, report.text);
    if (!difference.empty())
      throw Error(Exit::plugin, concat(read.name(), " lies in its manifest: ", difference,
                                       ". Seal it again with `weft plugin seal`."));
  } catch (const Error& error) {
    seen.exit = error.exit();
    seen.reason = error.what();
    seen.manifest = {};
  } catch (const std::exception& error) {  // one bad file must not end the look at the others
    seen.exit = Exit::plugin;
    seen.reason = concat(file.filename().string(), " cannot be examined: ", error.what(), ".");
    seen.manifest = {};
  }
  return verdict;
}

/// The verdict on a file that is not in the cache. What was read may be another file than what the
/// probe opened, if somebody replaced it in between: then neither verdict counts, and above all
/// nothing is blocked.
Seen examine(const fs::path& file) {
  constexpr int k_attempts = 5;
  for (int attempt = 0; attempt < k_attempts; ++attempt) {
    const std::string key = file_key(file);
    Verdict verdict = judge(file);
    if (file_key(file) != key) continue;
    Seen& seen = verdict.seen;
    if (verdict.is_fatal && block(seen.sha256, seen.reason + blocked_until))
      seen.reason += blocked_until;
    return std::move(seen);
  }
  Seen seen;
  seen.exit = Exit::plugin;
  seen.reason = concat(file.filename().string(), " was replaced each of ", k_attempts,
                       " times that it was looked at. Let its writer finish, then start again.");
  return seen;
}

}  // namespace

ScanCache::ScanCache() {
  const fs::path folder = cache_folder();
  if (folder.empty()) return;
  std::ifstream stream(folder / "plugins.json", std::ios::binary);
  if (!stream) return;
  try {
    const Json cache = Json::parse(stream);
    if (cache.at("host") != host_key()) return;
    for (const auto& [file, entry] : cache.at("files").items())
      entries_[file] = {entry.at(0), from_json(entry.at(1))};
  } catch (const std::exception&) {
    entries_.clear();
    changed_ = true;
  }
}

ScanCache::~ScanCache() {
  const fs::path folder = cache_folder();
  if (!changed_ || folder.empty()) return;
  Json files = Json::object();
  for (const auto& [file, entry] : entries_)
    if (file_key(file) == entry.key) files[file] = {entry.key, to_json(entry.seen)};
  const Json cache{{"host", host_key()}, {"files", files}};
  replace(folder / "plugins.json", cache.dump(-1, ' ', false, Json::error_handler_t::replace));
}

const Seen* ScanCache::find(const fs::path& file) const {
  const auto entry = entries_.find(fs::absolute(file).string());
  if (entry == entries_.end() || entry->second.key != file_key(file)) return nullptr;
  return &entry->second.seen;
}

void ScanCache::remember(const fs::path& file, const std::string& key, Seen seen) {
  entries_[fs::absolute(file).string()] = {key, std::move(seen)};
  changed_ = true;
}

std::optional<std::string> blocked(const std::string& sha256) {
  if (sha256.empty()) return std::nullopt;
  std::ifstream stream(blocked_file(sha256), std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

bool block(const std::string& sha256, const std::string& reason) {
  const fs::path file = blocked_file(sha256);
  if (!file.empty()) replace(file, reason);
  return blocked(sha256).has_value();
}

bool unblock(const std::string& sha256) {
  std::error_code ignored;
  const fs::path file = blocked_file(sha256);
  return !file.empty() && fs::remove(file, ignored);
}

Seen look_at(const fs::path& file, ScanCache& cache) {
  const Seen* const known = cache.find(file);
  if (known != nullptr && !blocked(known->sha256)) return *known;
  const std::string key = file_key(file);
  Seen seen = examine(file);
  // A refusal may depend on what is around the file (rights, libraries, a licence): it is found
  // anew each time. A file that was replaced meanwhile is not the one that was judged.
  if (seen.exit == Exit::ok && file_key(file) == key) cache.remember(file, key, seen);
  return seen;
}

}  // namespace weft::host
