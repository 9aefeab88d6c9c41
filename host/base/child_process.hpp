// SPDX-License-Identifier: Apache-2.0
/// A process that may crash, hang or leave, and what can be learnt from it.

#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weft::host {

/// A pipe whose ends close themselves and are closed on exec. ends[0] is read, ends[1] written.
/// Both are above the streams 0 to 3, which a child gets anew, also where some of those are closed
/// here.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  /// @throws Error (io) if no more files can be opened
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t end);
};

/// How a child process ended.
struct ChildEnd {
  std::string report;  ///< without the text that ends it
  /// The report ended as it must; without that the process did not finish its work, whatever its
  /// exit code says.
  bool whole = false;
  std::string complaint;  ///< its standard error
  std::optional<int>
      status;  ///< as waitpid() gives it; nothing: it was killed when its time was over
};

/// Reads both streams of a child until its report ends with `end_of_report`, then waits for it.
/// When its time is over, and after its end, everything left in its process group is killed: the
/// child must lead one. Closes the written ends.
/// @param limit  of the processor time that the child takes, and of the time in which it waits for
///               something; that in which it could run but others do does not count
ChildEnd attend(pid_t pid, Pipe& report, Pipe& errors, std::string_view end_of_report,
                std::chrono::milliseconds limit);

/// Writes everything; gives up when the reader is gone.
void write_all(int to, std::string_view text);

/// The last line that says something, at most 200 printable characters.
std::string last_line(const std::string& text);

}  // namespace weft::host
