// SPDX-License-Identifier: Apache-2.0
/// The tensors of one part while it brings them to its present state version.

#pragma once

#include <weft/abi.h>

#include <map>
#include <memory>
#include <string>

#include "host/base/array.hpp"
#include "host/engine/export.hpp"

namespace weft::host {

class WEFT_ENGINE_API Migration {
 public:
  /// @param saved  parameters and buffers by the names of their declaration
  explicit Migration(const std::map<std::string, Array>& saved);
  ~Migration();
  Migration(const Migration&) = delete;
  Migration& operator=(const Migration&) = delete;

  /// For weft_component.migrate.
  weft_migration handle() const { return map_.get(); }
  /// What they have become.
  std::map<std::string, Array> result() const;

 private:
  std::unique_ptr<weft_migration_s> map_;
};

}  // namespace weft::host
