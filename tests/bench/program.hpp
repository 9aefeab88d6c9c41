// SPDX-License-Identifier: Apache-2.0
/// Programs as ways to do something, for side_by_side().

#pragma once

#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/bench/side_by_side.hpp"

namespace weft::bench {

/// Runs a program with its output thrown away, and waits for it.
inline void run(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1 /* O_WRONLY */, 0);
  pid_t child = 0;
  int status = 0;
  if (posix_spawnp(&child, arguments[0], &quiet, nullptr, arguments.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0) {
    std::fprintf(stderr, "%s failed\n", words[0].c_str());
    std::exit(1);
  }
  posix_spawn_file_actions_destroy(&quiet);
}

inline Way command(const std::string& name, const std::vector<std::string>& words) {
  return {name, [words] { run(words); }};
}

}  // namespace weft::bench
