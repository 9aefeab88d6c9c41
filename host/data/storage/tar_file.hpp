// SPDX-License-Identifier: Apache-2.0
/// Inputs of tar readers: a file, a command's output, standard input.

#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "host/base/fingerprint.hpp"
#include "host/data/storage/data_file.hpp"
#include "host/data/storage/gzip_check.hpp"
#include "host/data/storage/shard_names.hpp"
#include "host/data/storage/tar_reader.hpp"

namespace weft::host {

/// A file, read once from front to back, and fingerprinted on the way.
class TarFile : public TarInput {
 public:
  /// @throws Error (no_input) when there is no such file
  explicit TarFile(const std::string& path);

  std::int64_t read(const void** bytes) override;

  /// Reads what is left behind the closing block. @throws Error (io); (bad_data) when the file has
  /// changed meanwhile, or the checksum of its gzip is wrong
  void finish() override;
  /// The same of one that is known to be damaged.
  void finish_damaged();

  std::int64_t size() const override { return size_; }
  const std::string& name() const override { return path_; }
  const FileStamp& stamp() const { return input_.stamp(); }
  std::string fingerprint() const { return fingerprint_.hex(); }

 private:
  std::string path_;
  DataFile input_;
  std::array<char, 1 << 16> buffer_{};
  std::int64_t size_ = 0;
  Fingerprint fingerprint_;
  GzipCheck gzip_;
};

/// What a shell command writes, or standard input where the command is empty.
class TarPipe : public TarInput {
 public:
  /// Starts `/bin/sh -c COMMAND`. @throws Error (usage) without permission; (no_input) when it
  /// cannot be started
  /// @param cancelled  set by another thread: read() fails soon; must outlive the pipe
  TarPipe(const std::string& command, const CommandPermission& permission,
          const std::atomic<bool>& cancelled);
  TarPipe(const TarPipe&) = delete;
  TarPipe& operator=(const TarPipe&) = delete;

  /// Ends the command if it is still running.
  ~TarPipe() override;

  std::int64_t read(const void** bytes) override;

  /// Reads what is left and waits for the command. @throws Error (io) when it failed
  void finish() override;

  std::int64_t size() const override { return size_; }
  const std::string& name() const override { return name_; }

 private:
  std::string name_;
  const std::atomic<bool>& cancelled_;
  int number_ = 0;  ///< to read from
  GzipCheck gzip_;
  pid_t process_ = -1;  ///< of the command; -1: none, or waited for
  std::array<char, 1 << 16> buffer_{};
  std::int64_t size_ = 0;
};

/// Opens an entry: `-`, `pipe:COMMAND` or a path.
std::unique_ptr<TarInput> open_tar_input(const std::string& entry,
                                         const CommandPermission& permission,
                                         const std::atomic<bool>& cancelled);

}  // namespace weft::host
