// SPDX-License-Identifier: Apache-2.0
#include "host/command/ending.hpp"

#include <sys/resource.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "host/base/text.hpp"
#include "host/command/json_document.hpp"

namespace weft::host {
namespace {

Exit exit_of(const std::error_code& code) {
  switch (code.default_error_condition().value()) {
    case ENOENT: return Exit::no_input;
    case EACCES:
    case EPERM:
    case EROFS:
    case EEXIST:
    case ENOTEMPTY:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV: return Exit::cannot_create;
    case ENOMEM:
    case EAGAIN:
    case EMFILE:
    case ENFILE: return Exit::no_resources;
    default: return Exit::io;
  }
}

Ending of_file_system(const std::filesystem::filesystem_error& error) {
  const std::string path = error.path2().empty() ? error.path1() : error.path2();
  return {exit_of(error.code()),
          concat(path.empty() ? "a file or folder" : path, ": ", error.code().message(),
                 ". Check the path, its rights and the room on the disk."),
          {}};
}

/// The number behind `key` in a file of lines "KEY:  NUMBER kB", in MiB.
std::string mebibytes(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string word; lines >> word;) {
    std::int64_t kilobytes = 0;
    if (word == key && lines >> kilobytes) return concat(kilobytes / 1024, " MiB");
  }
  return "an unknown part";
}

/// What was there when it did not suffice: whether it was the machine's, or a limit.
std::string of_memory_at_hand() {
  rlimit limit{};
  const bool is_limited = ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return concat("this process holds ", mebibytes("/proc/self/status", "VmRSS:"),
                ", of the machine's ", mebibytes("/proc/meminfo", "MemAvailable:"),
                " are free, and ",
                is_limited ? concat("its limit (ulimit -v) is ", limit.rlim_cur >> 20, " MiB")
                           : std::string("it has no limit of its own"));
}

/// @param cause  why more was asked for than there is
Ending of_memory(const std::string& cause) {
  return {Exit::no_resources,
          concat("there is not enough memory: ", cause,
                 ". Make the batch or the model smaller, or use a machine with more."),
          {}};
}

}  // namespace

Ending current_ending() {
  try {
    throw;
  } catch (const VerbFailed& failed) {
    return failed.ending();
  } catch (const RecipeError& error) {
    return {error.exit(), error.what(), error.problems()};
  } catch (const Error& error) {
    return {error.exit(), error.what(), {}};
  } catch (const std::filesystem::filesystem_error& error) {
    return of_file_system(error);
  } catch (const std::system_error& error) {
    return {exit_of(error.code()), concat(error.what(), ". Check the system's limits."), {}};
  } catch (const std::bad_alloc&) {
    return of_memory(of_memory_at_hand());
  } catch (const std::length_error& error) {
    return of_memory(
        concat("a list or text larger than any memory was asked for (", error.what(), ")"));
  } catch (const std::exception& error) {
    return {Exit::plugin, concat("internal error: ", error.what()), {}};
  } catch (...) {
    return {Exit::plugin, "internal error: an exception that is no std::exception", {}};
  }
}

std::string json_text(const Ending& ending) {
  using OrderedJson = nlohmann::ordered_json;
  OrderedJson error{{"exit", static_cast<int>(ending.exit)}, {"sentence", ending.sentence}};
  for (const Problem& problem : ending.problems)
    error["problems"].push_back({{"file", problem.file},
                                 {"line", problem.line},
                                 {"column", problem.column},
                                 {"pointer", problem.pointer},
                                 {"text", problem.text}});
  return document_text(OrderedJson{{"error", error}});
}

}  // namespace weft::host
