// SPDX-License-Identifier: Apache-2.0
#include "host/registry/library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <boost/dll/shared_library.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/registry/descriptor.hpp"
#include "host/registry/guard.hpp"
#include "host/registry/plugin_file.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

constexpr int most_operations = 100000;  // a longer chain is a ring

boost::dll::shared_library load(const fs::path& file, const std::string& name) {
  boost::dll::shared_library library;
  std::error_code failed;
  library.load(fs::absolute(file),
               boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local, failed);
  if (!failed) return library;
  const char* reason = ::dlerror();  // Boost keeps only an error code
  throw Error(Exit::plugin,
              concat(name, " cannot be loaded: ", reason ? reason : "no reason", "."));
}

/// Fills the slots of the chain of operations that the plug-in needs.
void resolve(const weft_operation* operation, const weft_op_api& api, const std::string& name) {
  for (int count = 0; operation != nullptr; operation = operation->next, ++count) {
    const bool whole = WEFT_HAS(operation, slot) && operation->name && operation->slot;
    if (!whole || count == most_operations)
      throw Error(Exit::plugin,
                  name + " has a malformed descriptor: its chain of operations is broken.");
    const char* overload = operation->overload ? operation->overload : "";
    take_error();
    const weft_status found =
        api.lookup(operation->name, overload, operation->schema, operation->slot);
    if (found == WEFT_OK) continue;
    throw Error(Exit::abi_mismatch,
                concat(name, " needs the operation ", operation->name, *overload ? "." : "",
                       overload, ", which this host lacks: ", failure_reason(found), "."));
  }
}

using FileIdentity = std::pair<dev_t, ino_t>;

FileIdentity identity_of(const fs::path& file) {
  struct stat status {};
  ::stat(file.c_str(), &status);
  return {status.st_dev, status.st_ino};
}

struct LoadedLibraries {
  std::mutex mutex;
  std::map<FileIdentity, std::weak_ptr<const Library>> by_file;
};

LoadedLibraries& loaded_libraries() {
  static LoadedLibraries libraries;
  return libraries;
}

}  // namespace

struct Library::State {
  fs::path file;
  std::string name;  ///< of the file, without its folder
  std::string sha256;
  HostTables tables;
  boost::dll::shared_library shared;
  weft_host host{};
  const weft_plugin* plugin = nullptr;
  bool initialised = false;
  std::mutex mutex;  ///< of `holds`
  std::vector<std::weak_ptr<const LibraryHold>> holds;

  State(const fs::path& path, const HostTables& host_tables, const std::string& expected)
      : file(path), name(file.filename().string()), tables(host_tables) {
    const std::string before = file_key(file);
    sha256 = read_plugin_file(file).sha256;
    require_unchanged(expected);
    {
      const Entry loading = at("a static constructor");
      const EntryScope scope(thread_entry(), loading);
      shared = load(file, name);
    }
    if (file_key(file) != before)
      throw Error(Exit::plugin, name + " was replaced while it was loaded. Start again.");
    host = {sizeof host,
            WEFT_ABI_MAJOR,
            WEFT_ABI_MINOR,
            0,
            tables.core != nullptr ? tables.core : core_api(),
            tables.tensor,
            tables.op,
            tables.grad,
            tables.migration};

    if (!shared.has(WEFT_ENTRY_NAME))  // the full symbol table may name what the dynamic one hides
      throw Error(Exit::plugin, name + " is no plug-in: it hides its symbol " WEFT_ENTRY_NAME ".");
    const auto entry =
        shared.get<weft_status(const weft_host*, const weft_plugin**)>(WEFT_ENTRY_NAME);
    const Outcome entered = attempt(at(WEFT_ENTRY_NAME), [&] { return entry(&host, &plugin); });
    if (entered.status != WEFT_OK)
      throw Error(Exit::plugin,
                  concat(name, " failed in " WEFT_ENTRY_NAME ": ", entered.reason, "."));
    check_descriptor(plugin, name);
    if (tables.op != nullptr) resolve(plugin->operations, *tables.op, name);
    if (plugin->init != nullptr) {
      const Outcome begun = attempt(at("init"), [&] { return plugin->init(&host); });
      if (begun.status != WEFT_OK)
        throw Error(Exit::plugin, concat(name, " failed in init: ", begun.reason, "."));
    }
    initialised = true;
  }

  void require_unchanged(const std::string& expected) const {
    if (!expected.empty() && sha256 != expected)
      throw Error(Exit::plugin, name + " changed while it was in use. Start again.");
  }

  Entry at(const char* entry) const { return {name.c_str(), nullptr, nullptr, entry}; }

  ~State() {
    if (!initialised || plugin->deinit == nullptr) return;
    const Outcome ended = attempt(at("deinit"), [&] {
      plugin->deinit();
      return WEFT_OK;
    });
    if (ended.status == WEFT_OK) return;
    const std::string line = concat(name, " failed in deinit: ", ended.reason);
    core_api()->log(WEFT_LOG_WARNING, line.data(), line.size());
  }
};

std::shared_ptr<const LibraryHold> Library::hold(const std::string& place) const {
  auto hold = std::make_shared<LibraryHold>();
  hold->library = shared_from_this();
  hold->place = place;
  const std::lock_guard lock(state_->mutex);
  std::erase_if(state_->holds, [](const auto& old) { return old.expired(); });
  state_->holds.push_back(hold);
  return hold;
}

std::vector<std::string> Library::holders() const {
  std::vector<std::string> names;
  const std::lock_guard lock(state_->mutex);
  for (const std::weak_ptr<const LibraryHold>& weak : state_->holds) {
    const std::shared_ptr<const LibraryHold> hold = weak.lock();
    if (!hold) continue;
    long operations = hold.use_count() - 1;  // one is ours
    if (hold->instance) {
      names.push_back(concat("the instance at \"", hold->place, "\""));
      --operations;
    }
    if (operations > 0)
      names.push_back(concat(operations,
                             operations == 1 ? " custom operation" : " custom operations", " of \"",
                             hold->place, "\" in a live graph"));
  }
  return names;
}

Library::Library(std::unique_ptr<State> state) : state_(std::move(state)) {}
Library::~Library() = default;
const fs::path& Library::file() const {
  return state_->file;
}
const std::string& Library::name() const {
  return state_->name;
}
const std::string& Library::sha256() const {
  return state_->sha256;
}
const weft_plugin& Library::plugin() const {
  return *state_->plugin;
}

std::shared_ptr<const Library> Library::held(const fs::path& file) {
  LoadedLibraries& loaded = loaded_libraries();
  const std::lock_guard lock(loaded.mutex);
  const auto found = loaded.by_file.find(identity_of(file));
  return found == loaded.by_file.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const Library> Library::open(const fs::path& file, const HostTables& tables,
                                             const std::string& sha256) {
  LoadedLibraries& loaded = loaded_libraries();
  const std::lock_guard lock(loaded.mutex);
  const FileIdentity identity = identity_of(file);
  if (std::shared_ptr<const Library> library = loaded.by_file[identity].lock()) {
    library->state_->require_unchanged(sha256);
    if (library->state_->tables == tables) return library;
    throw std::logic_error(file.string() + " is in use with other host tables");
  }
  std::shared_ptr<const Library> library(
      new Library(std::make_unique<State>(file, tables, sha256)));
  loaded.by_file[identity] = library;
  return library;
}

}  // namespace weft::host
