// SPDX-License-Identifier: Apache-2.0
/// How a verb of libweft.so is exported to the program `weft`.

#pragma once

#include "host/command/ending.hpp"
#include "host/command/options.hpp"
#include "host/command/verb_output.hpp"

namespace weft::host {

/// Errors go back as values: exception types of two libraries need not be the same.
inline Ending ending_of(void (*verb)(const Options&), const Options& options) {
  const SharedOutput apart;
  try {
    verb(options);
    return {};
  } catch (...) {
    return current_ending();
  }
}

}  // namespace weft::host

/// Exports a function as weft_run_NAME, the symbol in the verb's row of verb_table.cpp. It stands
/// at the end of the verb's file, outside of all namespaces.
#define WEFT_EXPORT_VERB(name, function)                                   \
  extern "C" __attribute__((visibility("default")))                        \
  weft::host::Ending weft_run_##name(const weft::host::Options& options) { \
    return weft::host::ending_of(weft::host::function, options);           \
  }
