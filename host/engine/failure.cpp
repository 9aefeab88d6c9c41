// SPDX-License-Identifier: Apache-2.0
#include "host/engine/failure.hpp"

#include <c10/util/Exception.h>

#include <atomic>
#include <cstring>
#include <new>

#include "host/engine/tables.hpp"

namespace weft::host {
namespace {

std::atomic<const weft_core_api*> sink{nullptr};

weft_status status_of(const c10::Error& error, const std::string& text) {
  // The CPU allocator throws the base class.
  if (text.find("can't allocate memory") != std::string::npos) return WEFT_NO_MEMORY;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return WEFT_NO_MEMORY;
  if (dynamic_cast<const c10::IndexError*>(&error) != nullptr) return WEFT_INDEX;
  if (dynamic_cast<const c10::TypeError*>(&error) != nullptr) return WEFT_TYPE;
  if (dynamic_cast<const c10::ValueError*>(&error) != nullptr) return WEFT_INVALID;
  if (dynamic_cast<const c10::NotImplementedError*>(&error) != nullptr) return WEFT_UNSUPPORTED;
  return WEFT_FAILED;
}

}  // namespace

void set_error_sink(const weft_core_api* core) {
  sink = core;
}

void clear_error() {
  if (const weft_core_api* core = sink) core->error_set(WEFT_OK, "", 0);
}

std::string error_text() {
  const weft_core_api* core = sink;
  const std::string text = core != nullptr ? core->error_text() : "";
  return text.empty() ? "it gave no reason" : text;
}

Failure current_failure(const std::string& place) {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    return Failure(status_of(error, text), place + ": " + text);
  } catch (const std::bad_alloc&) {
    return Failure(WEFT_NO_MEMORY, place + ": there is not enough memory");
  } catch (const std::exception& error) {
    return Failure(WEFT_INTERNAL, place + ": " + error.what());
  } catch (...) {
    return Failure(WEFT_INTERNAL, place + ": an unknown exception");
  }
}

weft_status report(const Failure& failure) noexcept {
  if (const weft_core_api* core = sink)
    core->error_set(failure.status(), failure.what(), std::strlen(failure.what()));
  return failure.status();
}

}  // namespace weft::host
