// SPDX-License-Identifier: Apache-2.0
/// The tables through which plug-ins compute; the host puts them into its weft_host.

#pragma once

#include <weft/abi.h>

#include <memory>

#include "host/base/entry.hpp"
#include "host/engine/export.hpp"

namespace weft::host {

/// Each lives as long as the process. abi.h says what the entries do; none lets an exception out.
WEFT_ENGINE_API const weft_tensor_api* tensor_api();
WEFT_ENGINE_API const weft_op_api* op_api();
WEFT_ENGINE_API const weft_grad_api* grad_api();
WEFT_ENGINE_API const weft_migration_api* migration_api();

/// Names the table that keeps error records. Until it is called, a failing entry gives its status
/// only. Call once, before the first use of the tables; `core` must outlive them.
WEFT_ENGINE_API void set_error_sink(const weft_core_api* core);

/// Names the slot in which plug-in code that runs on a thread is written down. Until it is called,
/// callbacks of custom operations are not. Call once, before the first use of the tables.
WEFT_ENGINE_API void set_entry_slot(EntrySlot slot);

/// While it lives, custom operations made on this thread keep `library` loaded for as long as their
/// autograd nodes or callbacks exist. Scopes nest; the innermost counts.
class WEFT_ENGINE_API LibraryScope {
 public:
  explicit LibraryScope(std::shared_ptr<const void> library);
  ~LibraryScope();
  LibraryScope(const LibraryScope&) = delete;
  LibraryScope& operator=(const LibraryScope&) = delete;

 private:
  std::shared_ptr<const void> outer_;
};

}  // namespace weft::host
