// SPDX-License-Identifier: Apache-2.0
/// Text files line by line: indices of folders, and texts of which each line is a sample.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/fingerprint.hpp"
#include "host/data/storage/data_file.hpp"

namespace weft::host {

/// Reads a file once, holding one line of it. Lines without anything but blanks are passed over; a
/// line ends with LF or CR LF, and a byte order mark before the first one is left out.
class Lines {
 public:
  /// @param sort  what a message calls the file: `index`
  /// @throws Error (no_input) when there is no such file
  Lines(std::string path, std::string sort);

  /// The next line without its end, until the next call; nothing behind the last one.
  /// @throws Error (bad_data) on a line above 256 MiB, or a file in UTF-16; (io) when it cannot be
  ///         read
  std::optional<std::string_view> next();

  std::size_t number() const { return number_; }   ///< of the line at hand, from 1
  std::int64_t offset() const { return offset_; }  ///< where in the file it begins
  const FileStamp& stamp() const { return file_.stamp(); }

  /// XXH3-128 of what was read: of the whole file once there is no next line.
  std::string fingerprint() const { return fingerprint_.hex(); }

 private:
  bool fill();
  void pass_mark();

  std::string path_, sort_;
  DataFile file_;
  Fingerprint fingerprint_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< of the line at hand, in the buffer
  std::int64_t before_ = 0;          ///< bytes of the file before the buffer
  std::int64_t offset_ = 0;
  std::size_t number_ = 0;
};

}  // namespace weft::host
