// SPDX-License-Identifier: Apache-2.0
/// One plug-in file, vetted, loaded and initialised.
///
/// The order is fixed: the file as bytes (plugin_file.hpp) → dlopen → entry → descriptor →
/// operations → init. Up to dlopen no code of the file runs. Whoever holds something out of the
/// library (a part, an instance, an autograd node) holds a shared_ptr to it; the last one to let go
/// unloads it. Instances and what descends from them hold it by name, so that Registry::unload()
/// can say who is in the way.

#pragma once

#include <weft/abi.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace weft::host {

/// The tables behind weft_host. With the first four null, a host that only describes and checks.
struct HostTables {
  const weft_tensor_api* tensor = nullptr;
  const weft_op_api* op = nullptr;
  const weft_grad_api* grad = nullptr;
  const weft_migration_api* migration = nullptr;
  const weft_core_api* core = nullptr;  ///< null: core_api()

  bool operator==(const HostTables&) const = default;
};

class Library;

/// What an instance keeps its library with, and hands on to the autograd nodes of its custom
/// operations, which may outlive it.
struct LibraryHold {
  std::shared_ptr<const Library> library;
  std::string place;                          ///< of the instance in the recipe
  mutable std::atomic<bool> instance = true;  ///< whether the instance itself still lives
};

class Library : public std::enable_shared_from_this<Library> {
 public:
  /// Loads `file`, or returns it as it is when this process already holds it: a plug-in is
  /// initialised once. Throws Error with the reason why the file cannot be used; throws
  /// std::logic_error if the file is held with other tables, which it would go on using.
  /// @param sha256  of the file as it was vetted and probed; any other content is refused before it
  ///                is loaded. Empty: whatever is there.
  static std::shared_ptr<const Library> open(const std::filesystem::path& file,
                                             const HostTables& tables,
                                             const std::string& sha256 = "");

  /// The library of `file` if this process holds it, else null.
  static std::shared_ptr<const Library> held(const std::filesystem::path& file);

  /// A hold for the instance at `place`.
  std::shared_ptr<const LibraryHold> hold(const std::string& place) const;
  /// Who has a hold now, in words: `the instance at "fusion"`, `2 custom operations of "fusion" in
  /// a live graph`.
  std::vector<std::string> holders() const;

  /// Calls deinit, then unloads. Happens on the thread that let go last.
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const std::filesystem::path& file() const;
  /// The file's name without its folder, which begins every sentence about it.
  const std::string& name() const;
  /// Of the file as it was when it was vetted for this loading.
  const std::string& sha256() const;
  const weft_plugin& plugin() const;

 private:
  struct State;
  explicit Library(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weft::host
