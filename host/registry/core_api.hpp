// SPDX-License-Identifier: Apache-2.0
/// The host's side of weft_core_api: error records, the log, and the declarations of create().
///
/// Errors lie in a record per thread. Whoever fails writes it, on either side of the border;
/// whoever sees the failed status reads it. There must be one copy of this room in a process: a
/// second one would have records of its own.

#pragma once

#include <weft/abi.h>

#include <functional>
#include <string>
#include <string_view>

namespace weft::host {

/// The table, alive as long as the process.
const weft_core_api* core_api();

/// From now on get_extension() answers `id` with this table, which must live as long as the
/// process: for tables of rooms that come after this one.
void offer_extension(const char* id, const void* table);

/// This thread's error text, context first; leaves the record empty. Empty if there was none.
std::string take_error();

/// Receives each line of the log with its WEFT_LOG_… level; may be called on any thread, one call
/// at a time.
using LogSink = std::function<void(std::uint32_t level, std::string_view text)>;

/// Sends the log elsewhere; an empty sink brings back standard error.
void set_log_sink(LogSink sink);

}  // namespace weft::host
