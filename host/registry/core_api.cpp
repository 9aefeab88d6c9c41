// SPDX-License-Identifier: Apache-2.0
#include "host/registry/core_api.hpp"

#include <weft/drafts.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "host/base/printable.hpp"
#include "host/registry/declarations.hpp"
#include "host/registry/guard.hpp"

namespace weft::host {
namespace {

// ---- errors ------------------------------------------------------------------------------------

thread_local std::string error_record;

void error_set(weft_status, const char* text, std::uint64_t length) noexcept try {
  error_record.assign(text == nullptr ? "" : text, text == nullptr ? 0 : length);
} catch (...) {  // out of memory: the status alone must do
}

void error_context(const char* text, std::uint64_t length) noexcept try {
  if (error_record.empty() || text == nullptr) return;
  error_record = std::string(text, length) + ": " + error_record;
} catch (...) {
}

const char* error_text() noexcept {
  return error_record.c_str();
}

weft_status fail(weft_status code, std::string_view text) {
  error_set(code, text.data(), text.size());
  return code;
}

// ---- log ---------------------------------------------------------------------------------------

std::mutex log_mutex;

LogSink& log_sink() {
  static LogSink sink;
  return sink;
}

void log_line(std::uint32_t level, const char* text, std::uint64_t length) noexcept try {
  std::string_view line(text == nullptr ? "" : text, text == nullptr ? 0 : length);
  const std::lock_guard lock(log_mutex);
  if (log_sink()) return log_sink()(level, line);
  const char* word = level == WEFT_LOG_DEBUG  ? "debug"
                     : level == WEFT_LOG_INFO ? "info"
                                              : "warning";
  if (line.ends_with('\n')) line.remove_suffix(1);
  std::fprintf(stderr, "%s: %s\n", word, printable(line, k_sentence_bytes).c_str());
} catch (...) {  // a line that cannot be logged must not stop the work
}

// ---- extensions of the host --------------------------------------------------------------------

std::mutex offered_mutex;
std::map<std::string, const void*, std::less<>> offered;

const void* offered_extension(std::string_view id) {
  const std::lock_guard lock(offered_mutex);
  const auto found = offered.find(id);
  return found == offered.end() ? nullptr : found->second;
}

weft_status declare_cache(weft_context, const weft_cache*, std::uint32_t* slot) noexcept;

const void* get_extension(const char* id) noexcept {
  static constexpr weft_host_version version{sizeof(weft_host_version), 0, WEFT_VERSION};
  if (id == nullptr) return nullptr;
  if (std::string_view(id) == WEFT_HOST_VERSION) return &version;
  // It says that the host knows WEFT_INIT_ORTHOGONAL; there is nothing to call.
  if (std::string_view(id) == WEFT_DRAFT_ORTHOGONAL) return &version;
  static constexpr weft_caches_api caches{sizeof(weft_caches_api), 0, declare_cache};
  if (std::string_view(id) == WEFT_DRAFT_CACHES) return &caches;
  return offered_extension(id);
}

// ---- declarations ------------------------------------------------------------------------------

/// Runs one declaration. Its refusal is kept on the context too: create() then fails even if the
/// plug-in does not look at the status.
template <class Work>
weft_status declare(weft_context context, Work&& work) noexcept try {
  if (context == nullptr || !context->open) {
    constexpr const char* k_late = "declarations are possible only within create()";
    if (context != nullptr) context->was_late = true;
    return fail(WEFT_INVALID, k_late);
  }
  try {
    work(context->declared);
    return WEFT_OK;
  } catch (const OutOfRange& refusal) {
    context->out_of_range = context->out_of_range || context->refused.empty();
    if (context->refused.empty()) context->refused = refusal.what();
    return fail(WEFT_INVALID, refusal.what());
  } catch (const std::invalid_argument& refusal) {
    if (context->refused.empty()) context->refused = refusal.what();
    return fail(WEFT_INVALID, refusal.what());
  }
} catch (const std::exception& exception) {
  return fail(WEFT_INTERNAL, exception.what());
}

template <class T>
const T& not_null(const T* pointer) {
  if (pointer == nullptr) throw std::invalid_argument("a declaration received a null pointer");
  return *pointer;
}

weft_status wired(weft_context context, const char* name, std::uint32_t* count) noexcept {
  return declare(context, [&](Declarations&) {
    not_null(name), not_null(count);
    const auto at = context->wired.find(name);
    *count = at == context->wired.end() ? context->wires_unless_named : at->second;
  });
}

weft_status declare_size(weft_context context, const char* symbol, std::int64_t value) noexcept {
  return declare(context, [&](Declarations& all) { all.add_size(symbol, value); });
}

weft_status declare_port(weft_context context, const weft_port* port) noexcept {
  return declare(context, [&](Declarations& all) { all.add_port(not_null(port)); });
}

weft_status declare_parameter(weft_context context, const weft_parameter* parameter,
                              std::uint32_t* slot) noexcept {
  return declare(context, [&](Declarations& all) {
    not_null(slot);
    *slot = all.add_parameter(not_null(parameter), all.parameters);
  });
}

weft_status declare_buffer(weft_context context, const weft_parameter* buffer,
                           std::uint32_t* slot) noexcept {
  return declare(context, [&](Declarations& all) {
    not_null(slot);
    *slot = all.add_parameter(not_null(buffer), all.buffers);
  });
}

weft_status declare_state(weft_context context, const weft_state* state,
                          std::uint32_t* slot) noexcept {
  return declare(context, [&](Declarations& all) {
    not_null(slot);
    *slot = all.add_state(not_null(state));
  });
}

weft_status declare_cache(weft_context context, const weft_cache* cache,
                          std::uint32_t* slot) noexcept {
  return declare(context, [&](Declarations& all) {
    not_null(slot);
    *slot = all.add_cache(not_null(cache));
  });
}

weft_status declare_traits(weft_context context, std::uint32_t traits) noexcept {
  return declare(context, [&](Declarations& all) { all.add_traits(traits); });
}

}  // namespace

const weft_core_api* core_api() {
  static constexpr weft_core_api table = {
      sizeof(weft_core_api),
      0,
      error_set,
      error_context,
      error_text,
      log_line,
      get_extension,
      wired,
      declare_size,
      declare_port,
      declare_parameter,
      declare_buffer,
      declare_state,
      declare_traits,
  };
  return &table;
}

void offer_extension(const char* id, const void* table) {
  const std::lock_guard lock(offered_mutex);
  offered[id] = table;
}

std::string take_error() {
  return std::exchange(error_record, {});
}

void set_log_sink(LogSink sink) {
  const std::lock_guard lock(log_mutex);
  log_sink() = std::move(sink);
}

std::string failure_reason(weft_status status) {
  if (std::string text = take_error(); !text.empty()) return text;
  const char* meaning = "the status is unknown";
  switch (status) {
    case WEFT_INVALID: meaning = "an argument or the configuration is wrong"; break;
    case WEFT_NOT_FOUND: meaning = "something was not found"; break;
    case WEFT_TYPE: meaning = "an element type or argument type is wrong"; break;
    case WEFT_INDEX: meaning = "an index is out of range"; break;
    case WEFT_NO_MEMORY: meaning = "the memory is used up"; break;
    case WEFT_UNSUPPORTED: meaning = "it is not supported"; break;
    case WEFT_FAILED: meaning = "the computation failed"; break;
    case WEFT_INTERNAL: meaning = "the plug-in has a fault"; break;
  }
  return "it failed without giving a reason (status " + std::to_string(status) + ": " + meaning +
         ")";
}

}  // namespace weft::host
