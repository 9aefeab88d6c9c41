// SPDX-License-Identifier: Apache-2.0
#include "host/command/trial_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/prefix.hpp"
#include "host/base/text.hpp"
#include "host/command/process.hpp"

extern char** environ;

namespace weft::host {
namespace {

using Clock = std::chrono::steady_clock;

pid_t start(const TrialCommand& command) {
  const std::string program = (installed_prefix() / "bin" / "weft").string();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, command.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0644);
  if (command.errors.empty())
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  else
    ::posix_spawn_file_actions_addopen(&actions, 2, command.errors.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const std::string& word : command.arguments)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, program.c_str(), &actions, &attributes, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    throw Error(Exit::io, concat(program, " cannot be run: ", std::strerror(failed),
                                 ". Build or install Weft again."));
  return pid;
}

struct Running {
  std::size_t index;
  Clock::time_point begun;
};

int exit_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

void run_trials(const std::vector<TrialCommand>& commands, int jobs,
                const std::function<void(std::size_t index, const TrialEnd&)>& ended) {
  std::map<pid_t, Running> running;
  std::size_t next = 0;
  bool is_told = false;
  for (;;) {
    while (!stop_requested() && next < commands.size() &&
           running.size() < static_cast<std::size_t>(jobs)) {
      const pid_t pid = start(commands[next]);
      running[pid] = {next++, Clock::now()};
    }
    if (running.empty()) return;
    if (stop_requested() && !std::exchange(is_told, true))
      for (const auto& [pid, trial] : running) ::kill(pid, SIGTERM);
    bool any = false;
    for (auto one = running.begin(); one != running.end();) {
      int status = 0;
      if (::waitpid(one->first, &status, WNOHANG) != one->first) {
        ++one;
        continue;
      }
      any = true;
      const Running trial = one->second;
      one = running.erase(one);
      ended(trial.index,
            {exit_of(status), std::chrono::duration<double>(Clock::now() - trial.begun).count()});
    }
    if (!any) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace weft::host
