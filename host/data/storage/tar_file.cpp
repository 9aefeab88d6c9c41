// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/tar_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX does not declare it

namespace weft::host {
namespace {

void require_sound(const GzipCheck& gzip, const std::string& name) {
  if (gzip.is_sound()) return;
  throw Error(Exit::bad_data,
              concat("The shard ", name,
                     " is compressed by gzip, and cut off, or damaged: its checksum is wrong. Copy "
                     "it again from its source, or make it anew."));
}

}  // namespace

TarFile::TarFile(const std::string& path) : path_(path), input_(path) {
  if (input_.problem().empty()) return;
  const bool is_folder = input_.problem() == "is a folder";
  throw Error(Exit::no_input,
              concat("The shard ", path, " ", input_.problem(), ". ",
                     is_folder ? concat("Make shards of it, `weft data pack ", path,
                                        " --out PREFIX`, or name an index of its files (.jsonl).")
                               : "Check the path under data/shards."));
}

std::int64_t TarFile::read(const void** bytes) {
  const std::int64_t count = input_.read(buffer_.data(), buffer_.size());
  if (count > 0) {
    fingerprint_.add(buffer_.data(), static_cast<std::size_t>(count));
    gzip_.add(buffer_.data(), static_cast<std::size_t>(count));
    size_ += count;
  }
  *bytes = buffer_.data();
  return count;
}

void TarFile::finish() {
  finish_damaged();
  require_sound(gzip_, path_);
}

void TarFile::finish_damaged() {
  const void* unused = nullptr;
  std::int64_t count = 0;
  while ((count = read(&unused)) > 0) continue;
  if (count < 0) throw Error(Exit::io, concat(path_, " cannot be read: ", std::strerror(errno)));
  if (DataFile(path_).stamp() != stamp()) {
    throw Error(Exit::bad_data, concat("The shard ", path_,
                                       " changed while it was read. Copy it again from its source, "
                                       "or make it anew."));
  }
}

TarPipe::TarPipe(const std::string& command, const CommandPermission& permission,
                 const std::atomic<bool>& cancelled)
    : name_(command.empty() ? "on standard input" : concat("that `", command, "` writes")),
      cancelled_(cancelled) {
  if (command.empty()) return;
  permission.require(concat(k_command, command));
  int ends[2] = {-1, -1};
  int error = ::pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
  if (error == 0) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own, so that all of a pipeline can be ended, and the terminal's signals are
    // left to the host, which saves before it goes.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const char* const arguments[] = {"sh", "-c", command.c_str(), nullptr};
    error = ::posix_spawn(&process_, "/bin/sh", &actions, &attributes,
                          const_cast<char* const*>(arguments), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  if (error != 0) {
    if (ends[0] >= 0) ::close(ends[0]);
    throw Error(Exit::no_input, concat("The command `", command, "` cannot be started (",
                                       std::strerror(error), ")."));
  }
  number_ = ends[0];
}

TarPipe::~TarPipe() {
  if (number_ != STDIN_FILENO) ::close(number_);
  if (process_ < 0) return;
  ::kill(-process_, SIGKILL);
  int status = 0;
  ::waitpid(process_, &status, 0);
}

std::int64_t TarPipe::read(const void** bytes) {
  // Waits in short turns: a command may be silent for ever, and the host wants to end.
  pollfd ready{number_, POLLIN, 0};
  while (::poll(&ready, 1, 100) <= 0) {
    if (!cancelled_) continue;
    errno = ECANCELED;
    return -1;
  }
  ssize_t count = 0;
  do {
    count = ::read(number_, buffer_.data(), buffer_.size());
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    gzip_.add(buffer_.data(), static_cast<std::size_t>(count));
    size_ += count;
  }
  *bytes = buffer_.data();
  return count;
}

void TarPipe::finish() {
  const void* unused = nullptr;
  std::int64_t count = 0;
  while ((count = read(&unused)) > 0) continue;
  if (count < 0) {
    throw Error(Exit::io,
                concat("The shard ", name_, " cannot be read: ", std::strerror(errno), "."));
  }
  if (process_ < 0) return require_sound(gzip_, name_);
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return require_sound(gzip_, name_);
  throw Error(Exit::io,
              concat("The shard ", name_, " is not to be trusted: the command ended with ",
                     WIFEXITED(status) ? "status " : "signal ",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), " after ", size_,
                     " bytes. Correct the command, or try again."));
}

std::unique_ptr<TarInput> open_tar_input(const std::string& entry,
                                         const CommandPermission& permission,
                                         const std::atomic<bool>& cancelled) {
  if (entry == "-") return std::make_unique<TarPipe>("", permission, cancelled);
  if (is_command(entry)) {
    return std::make_unique<TarPipe>(entry.substr(k_command.size()), permission, cancelled);
  }
  return std::make_unique<TarFile>(entry);
}

}  // namespace weft::host
