// SPDX-License-Identifier: Apache-2.0
/// What holds for the whole process, whatever the verb.

#pragma once

#include <atomic>
#include <string>

namespace weft::host {

/// Opens /dev/null for each of the descriptors 0 to 2 that is closed, so that no file that is
/// opened later takes its number and receives what is meant for a terminal.
void open_standard_streams();

/// A reader that goes away (SIGPIPE) and a file that outgrows its limit (SIGXFSZ) make writes fail,
/// which has a sentence, instead of ending the process without one. Programs that are started from
/// here find the signals as they were.
void fail_writes_instead_of_ending();

/// Whether a signal asked to stop, once stop_on_signals() was called.
const std::atomic<bool>& stop_requested();

/// As a signal would.
void request_stop();

/// From now on SIGINT, SIGTERM, SIGHUP and SIGXCPU set stop_requested(); a second SIGINT or SIGTERM
/// ends the process at once, with Exit::interrupted. SIGHUP stays ignored where it was (nohup).
/// @param answer  is written at once to standard error at the first SIGINT or SIGTERM
void stop_on_signals(const std::string& answer = "");

/// From now on those signals end the process with Exit::interrupted after this line on standard
/// error.
void end_on_signals(const std::string& line);

}  // namespace weft::host
