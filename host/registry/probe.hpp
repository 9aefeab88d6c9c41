// SPDX-License-Identifier: Apache-2.0
/// A look at a plug-in's descriptor from a process of its own, which the plug-in may kill or hang.

#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "host/base/error.hpp"
#include "host/registry/manifest.hpp"

namespace weft::host {

struct ProbeReport {
  Exit exit = Exit::ok;
  /// If exit is ok the manifest's text as the descriptor tells it, else a finished sentence.
  std::string text;
  /// The plug-in killed, ended or hung the process: it must not come near another one.
  bool fatal = false;
};

constexpr std::chrono::milliseconds probe_limit{5000};

/// Runs the program weft-probe, which lies beside this one (WEFT_PROBE names another), on `file`:
/// it loads the plug-in into a host that only describes, and tells its descriptor.
/// @throws Error only if weft-probe itself cannot be run
ProbeReport probe(const std::filesystem::path& file, const SealFacts& facts,
                  std::chrono::milliseconds limit = probe_limit);

/// What weft-probe does; its report goes to the file descriptor `out`.
/// @param token  ends the report, so that what a plug-in writes there itself is not taken for one
void tell_descriptor(const std::filesystem::path& file, const SealFacts& facts,
                     const std::string& token, int out);

/// The program that probe() runs.
std::filesystem::path probe_program();

}  // namespace weft::host
