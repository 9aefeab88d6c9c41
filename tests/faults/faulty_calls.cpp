// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/faulty_calls.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <filesystem>

namespace weft::test {
namespace {

Fault now;
std::atomic<long> calls{0};

std::string path_of(int number) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(number), ignored);
}

std::string path_of(int folder, const char* name) {
  if (name[0] == '/') return name;
  return (folder == AT_FDCWD ? std::filesystem::current_path().string() : path_of(folder)) + "/" +
         name;
}

void log(const char* call, const std::string& path) {
  const std::string line = std::string(call) + " " + path + "\n";
  const auto file = static_cast<int>(syscall(SYS_openat, AT_FDCWD, (now.folder + ".calls").c_str(),
                                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  syscall(SYS_write, file, line.data(), line.size());
  syscall(SYS_close, file);
}

void wait_for_go() {
  for (int i = 0; i < 6000 && ::access((now.folder + "/go").c_str(), F_OK) != 0; ++i)
    ::usleep(10'000);
}

enum class Outcome { as_ever, fails, is_short };

/// Counts a call and does to it what the fault says. Sets errno where it fails.
Outcome met(const char* call, const std::string& path) {
  if (now.folder.empty() || !path.starts_with(now.folder) || path.find(".jsonl") != path.npos)
    return Outcome::as_ever;
  const long number = calls++;
  if (now.kind == "log") log(call, path);
  if (now.kind == "full" && number >= now.at && std::string_view(call) != "unlinkat")
    return errno = ENOSPC, Outcome::fails;
  if (number != now.at) return Outcome::as_ever;
  if (now.kind == "log, kill") log(call, path);
  if (now.kind.ends_with("kill")) ::kill(::getpid(), SIGKILL);
  if (now.kind == "hold") wait_for_go();
  if (now.kind == "EIO") return errno = EIO, Outcome::fails;
  if (now.kind == "EINTR" && std::string_view(call) == "write")
    return errno = EINTR, Outcome::fails;
  return now.kind == "short" ? Outcome::is_short : Outcome::as_ever;
}

/// What a preloaded library is told.
[[maybe_unused]] const bool told = [] {
  const char *kind = std::getenv("WEFT_FAULT"), *at = std::getenv("WEFT_FAULT_AT");
  const char* folder = std::getenv("WEFT_FAULT_FOLDER");
  const char *only = std::getenv("WEFT_FAULT_RANK"), *rank = std::getenv("RANK");
  if (only != nullptr && (rank == nullptr || std::string_view(only) != rank)) return false;
  if (kind != nullptr && folder != nullptr)
    set_fault({folder, kind, at != nullptr ? std::atol(at) : -1});
  return true;
}();

}  // namespace

void set_fault(const Fault& fault) {
  now = fault;
  calls = 0;
}

long counted_calls() {
  return calls;
}

}  // namespace weft::test

using weft::test::met;
using weft::test::Outcome;
using weft::test::path_of;

extern "C" {

// NOLINTBEGIN(cert-dcl50-cpp, readability-inconsistent-declaration-parameter-name)
int openat(int folder, const char* name, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode =
        va_arg(rest, mode_t);  // NOLINT(clang-analyzer-valist.Uninitialized): va_start is not seen
    va_end(rest);
    if (met("openat", path_of(folder, name)) == Outcome::fails) return -1;
  }
  return static_cast<int>(syscall(SYS_openat, folder, name, flags, mode));
}

ssize_t write(int number, const void* bytes, size_t count) {
  const Outcome outcome = met("write", path_of(number));
  if (outcome == Outcome::fails) return -1;
  if (outcome == Outcome::is_short) count = std::max<size_t>(count / 2, 1);
  return syscall(SYS_write, number, bytes, count);
}

int fsync(int number) {
  if (met("fsync", path_of(number)) == Outcome::fails) return -1;
  return static_cast<int>(syscall(SYS_fsync, number));
}

int mkdirat(int folder, const char* name, mode_t mode) noexcept {
  if (met("mkdirat", path_of(folder, name)) == Outcome::fails) return -1;
  return static_cast<int>(syscall(SYS_mkdirat, folder, name, mode));
}

int renameat(int from_folder, const char* from, int folder, const char* name) noexcept {
  if (met("renameat", path_of(folder, name)) == Outcome::fails) return -1;
  return static_cast<int>(syscall(SYS_renameat, from_folder, from, folder, name));
}

int renameat2(int from_folder, const char* from, int folder, const char* name,
              unsigned flags) noexcept {
  if (met("renameat2", path_of(folder, name)) == Outcome::fails) return -1;
  return static_cast<int>(syscall(SYS_renameat2, from_folder, from, folder, name, flags));
}

int unlinkat(int folder, const char* name, int flags) noexcept {
  if (met("unlinkat", path_of(folder, name)) == Outcome::fails) return -1;
  return static_cast<int>(syscall(SYS_unlinkat, folder, name, flags));
}
// NOLINTEND(cert-dcl50-cpp, readability-inconsistent-declaration-parameter-name)

}  // extern "C"
