// SPDX-License-Identifier: Apache-2.0
/// Event files that TensorBoard reads: scalars alone.
///
/// A file is a row of records: length (uint64), masked CRC-32C of the length, an Event as protocol
/// buffer, masked CRC-32C of that; all little-endian.
/// Source  tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto,
///         tensorflow/core/framework/summary.proto; CRC-32C: RFC 3720, appendix B.4.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/base/open_folder.hpp"

namespace weft::host {

/// The record that begins a file. @param wall_time  seconds since 1970, as all below
std::string tensorboard_begin(double wall_time);

/// One Event with these scalars, as a record. TensorBoard holds numbers as float32.
std::string tensorboard_scalars(double wall_time, std::int64_t step,
                                const std::vector<std::pair<std::string, double>>& scalars);

/// A file events.out.tfevents.SECONDS.weft of a folder, a new one for each stretch of a run.
class TensorBoardWriter {
 public:
  /// @throws Error (cannot_create), (io)
  explicit TensorBoardWriter(const OpenFolder& folder);
  ~TensorBoardWriter();
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;

  void write(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

 private:
  void append(const std::string& bytes);

  std::string path_;
  int number_ = -1;
};

}  // namespace weft::host
