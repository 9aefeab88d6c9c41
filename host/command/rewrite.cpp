// SPDX-License-Identifier: Apache-2.0
#include "host/command/rewrite.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

// Beside the recipe and then in its place: on a full disk the recipe is the user's only one.
void rewrite(const std::string& path, const std::string& text) {
  const std::filesystem::path target = std::filesystem::canonical(path);
  const std::filesystem::path draft = concat(target.string(), ".", ::getpid(), ".tmp");
  std::error_code problem;
  std::ofstream file(draft, std::ios::binary | std::ios::trunc);
  if (!file)
    throw Error(Exit::cannot_create, concat("cannot write \"", path, "\" (", std::strerror(errno),
                                            "). May you write to its folder?"));
  file << text;
  file.close();
  if (!file) {
    std::filesystem::remove(draft, problem);
    throw Error(Exit::io, concat("cannot write \"", path,
                                 "\": the disk may be full. The recipe is as it was."));
  }
  std::filesystem::permissions(draft, std::filesystem::status(target).permissions(), problem);
  std::filesystem::rename(draft, target, problem);
  if (!problem) return;
  std::filesystem::remove(draft);
  throw Error(Exit::cannot_create,
              concat("cannot write \"", path, "\" (", problem.message(), ")."));
}

}  // namespace weft::host
