// SPDX-License-Identifier: Apache-2.0
/// How the engine fails: exceptions inside, a status and a sentence for plug-ins, Error for the
/// host. Internal to host/engine.

#pragma once

#include <weft/abi.h>

#include <stdexcept>
#include <string>

#include "host/base/error.hpp"

namespace weft::host {

/// A status of the ABI and its sentence, finished: nobody puts anything before it.
class Failure : public std::runtime_error {
 public:
  Failure(weft_status status, const std::string& sentence)
      : std::runtime_error(sentence), status_(status) {}
  weft_status status() const noexcept { return status_; }

 private:
  weft_status status_;
};

/// Empties this thread's error record, before a callback that may or may not fill it.
void clear_error();
/// What a callback left in this thread's error record, or "it gave no reason".
std::string error_text();

/// The exception being handled as a Failure. `place` goes before its text, unless it is one
/// already. To be called within a handler only.
Failure current_failure(const std::string& place);
/// Writes the failure to this thread's error record and returns its status.
weft_status report(const Failure& failure) noexcept;

/// Runs the body of a table entry. Whatever it throws becomes a status and an error record.
/// @param place  says what was run, "aten::add(self float32[2])"; only called for an exception that
///               is no Failure
template <class Body, class Place>
weft_status guarded(const Place& place, const Body& body) noexcept {
  try {
    try {
      body();
      return WEFT_OK;
    } catch (const Failure& failure) {
      return report(failure);
    } catch (...) {
      return report(current_failure(place()));
    }
  } catch (...) {  // there was no memory for the sentence
    return WEFT_NO_MEMORY;
  }
}

/// Runs the body of a function that the host calls. Whatever it throws becomes an Error.
template <class Body>
auto checked(const char* place, const Body& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const Failure& failure) {  // only plug-ins' callbacks end a host function this way
    throw Error(Exit::plugin, failure.what());
  } catch (...) {
    throw Error(Exit::failed, current_failure(place).what());
  }
}

}  // namespace weft::host
