// SPDX-License-Identifier: Apache-2.0
/// `weft launch`: the ranks of one machine, started, watched and started again.

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/launch.hpp"
#include "host/distribution/socket.hpp"

namespace weft::host {
namespace {

using Clock = std::chrono::steady_clock;

/// How long the others have, once a rank has ended badly, to find out and end with a sentence; the
/// first also to write the checkpoint that it is at (what_is_saved()).
constexpr std::chrono::seconds k_grace{10}, k_grace_of_first{45};

struct Process {
  pid_t id = 0;
  bool is_over = false;
  int status = 0;  ///< as waitpid() gives it

  bool is_bad() const { return is_over && status != 0; }
};

/// Signals come one by one through wait_signal() as long as this lives.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGXCPU}) sigaddset(&held_, number);
    sigprocmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() { release(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  void release() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  /// 0 where none came for a while.
  int wait() const {
    const timespec a_while{0, 200'000'000};
    return std::max(sigtimedwait(&held_, nullptr, &a_while), 0);
  }

 private:
  sigset_t held_, before_;
};

/// One start of all ranks.
class Attempt {
 public:
  Attempt(int count, int number, const std::vector<std::string>& command,
          const HeldSignals& signals)
      : signals_(signals) {
    const Listening listening = listen_at("127.0.0.1", 0);
    for (int rank = 0; rank < count; ++rank)
      ranks_.push_back({start(rank, count, number, listening, command)});
    ::close(listening.descriptor);
  }

  /// Returns when all have ended.
  void await() {
    while (!is_over()) {
      const int signal = signals_.wait();
      if (signal != 0 && signal != SIGCHLD) {
        was_asked_ = true;
        send(signal);
      }
      collect();
      if (first_bad_ >= 0) end_late();
    }
  }

  bool is_good() const { return first_bad_ < 0; }

  /// Whether another start may help: a rank was killed or lost, its plug-in failed, or the machine
  /// had not enough of something.
  bool may_start_again() const {
    return !was_asked_ && std::ranges::all_of(ranks_, [](const Process& one) {
      if (!one.is_bad() || !WIFEXITED(one.status)) return true;
      const int code = WEXITSTATUS(one.status);
      return code == static_cast<int>(Exit::plugin) || code == static_cast<int>(Exit::io) ||
             code == static_cast<int>(Exit::no_resources) ||
             code == static_cast<int>(Exit::interrupted);
    });
  }

  /// `rank 1 was ended by signal 9 (Killed)`.
  std::string what_happened() const {
    const Process& bad = ranks_[static_cast<std::size_t>(first_bad_)];
    if (WIFSIGNALED(bad.status))
      return concat("rank ", first_bad_, " was ended by signal ", WTERMSIG(bad.status), " (",
                    ::strsignal(WTERMSIG(bad.status)), ")");
    return concat("rank ", first_bad_, " ended with exit code ", WEXITSTATUS(bad.status));
  }

  /// Of a rank that says more than that it was interrupted, where one does.
  Exit exit() const {
    Exit exit = Exit::interrupted;
    for (const Process& one : ranks_)
      if (WIFEXITED(one.status) && WEXITSTATUS(one.status) != 0 && exit == Exit::interrupted)
        exit = static_cast<Exit>(WEXITSTATUS(one.status));
    return exit;
  }

 private:
  pid_t start(int rank, int count, int number, const Listening& listening,
              const std::vector<std::string>& command) const {
    const pid_t launcher = ::getpid(), id = ::fork();
    if (id < 0)
      throw Error(
          Exit::no_resources,
          concat("rank ", rank, " cannot be started: ", std::strerror(errno), ". Start fewer."));
    if (id > 0) return id;
    // A group of its own: what the terminal sends comes once, through the launcher.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launcher) ::_exit(static_cast<int>(Exit::interrupted));
    signals_.release();
    const auto set = [](const char* name, int value) {
      ::setenv(name, std::to_string(value).c_str(), 1);
    };
    set("RANK", rank);
    set("WORLD_SIZE", count);
    set("LOCAL_RANK", rank);
    set("LOCAL_WORLD_SIZE", count);
    ::setenv("MASTER_ADDR", "127.0.0.1", 1);
    set("MASTER_PORT", listening.port);
    set("TORCHELASTIC_RESTART_COUNT", number);
    ::setenv("TORCHELASTIC_RUN_ID", concat("weft-", launcher).c_str(), 1);
    ::unsetenv("TORCHELASTIC_USE_AGENT_STORE");
    ::unsetenv("WEFT_LISTENING");
    if (rank == 0)
      set("WEFT_LISTENING", listening.descriptor);
    else
      ::close(listening.descriptor);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv("/proc/self/exe", words.data());
    ::_exit(static_cast<int>(Exit::no_resources));
  }

  bool is_over() const { return std::ranges::all_of(ranks_, &Process::is_over); }

  void send(int signal) const {
    for (const Process& one : ranks_)
      if (!one.is_over) ::kill(one.id, signal);
  }

  void end_late() const {
    const Clock::duration time = Clock::now() - first_bad_since_;
    for (const Process& one : ranks_)
      if (!one.is_over && time > (&one == &ranks_.front() ? k_grace_of_first : k_grace))
        ::kill(one.id, SIGKILL);
  }

  void collect() {
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
      Process& one = ranks_[rank];
      if (one.is_over || ::waitpid(one.id, &one.status, WNOHANG) != one.id) continue;
      one.is_over = true;
      if (!one.is_bad() || first_bad_ >= 0) continue;
      first_bad_ = static_cast<int>(rank);
      first_bad_since_ = Clock::now();
    }
  }

  const HeldSignals& signals_;
  std::vector<Process> ranks_;
  int first_bad_ = -1;
  bool was_asked_ = false;
  Clock::time_point first_bad_since_;
};

struct Wanted {
  int processes = 0, restarts = 0;
  std::vector<std::string> command{"weft"};
};

[[noreturn]] void wrong(const std::string& what) {
  throw Error(Exit::usage, concat("weft launch: ", what, " `weft launch --help` shows how."));
}

int number_of(const std::string& option, const std::string& text, int least) {
  int number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < least ||
      number > 1024)
    wrong(concat(option, " takes a number from ", least, " to 1024, found \"", text, "\"."));
  return number;
}

/// Everything from the verb on is for the processes.
Wanted wanted_of(const std::vector<std::string>& arguments) {
  Wanted wanted;
  const auto command = std::ranges::find_if(arguments, is_launched);
  for (auto word = arguments.begin(); word != command; ++word) {
    const std::size_t equals = word->find('=');
    const std::string option = word->substr(0, equals);
    if (option != "--nproc" && option != "--restarts")
      wrong(concat("expected --nproc, --restarts, train, eval or predict, found \"", *word, "\"."));
    if (equals == std::string::npos && word + 1 == command) wrong(option + " wants a number.");
    const std::string value = equals == std::string::npos ? *++word : word->substr(equals + 1);
    if (option == "--nproc")
      wanted.processes = number_of(option, value, 1);
    else
      wanted.restarts = number_of(option, value, 0);
  }
  if (wanted.processes == 0) wrong("--nproc N is missing.");
  if (command == arguments.end()) wrong("expected train, eval or predict and what follows it.");
  wanted.command.insert(wanted.command.end(), command, arguments.end());
  return wanted;
}

}  // namespace

bool is_launched(const std::string& verb) {
  return verb == "train" || verb == "eval" || verb == "predict";
}

Ending launch(const std::vector<std::string>& arguments) {
  const Wanted wanted = wanted_of(arguments);
  const HeldSignals signals;
  for (int number = 0;; ++number) {
    Attempt attempt(wanted.processes, number, wanted.command, signals);
    attempt.await();
    if (attempt.is_good()) return {};
    if (number >= wanted.restarts || !attempt.may_start_again())
      return {attempt.exit(), concat(attempt.what_happened(), "."), {}};
    std::cerr << "note: " << attempt.what_happened() << "; start " << number + 1 << " of "
              << wanted.restarts << " again.\n";
  }
}

}  // namespace weft::host
