// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/checker.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <set>

#include "host/base/child_process.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/engine/caches.hpp"
#include "host/engine/runtime.hpp"
#include "host/engine/tables.hpp"
#include "host/registry/core_api.hpp"
#include "host/registry/crash_report.hpp"
#include "host/registry/open_calls.hpp"
#include "host/registry/plugin_file.hpp"

namespace weft::host {
namespace {

using Clock = std::chrono::steady_clock;

// A child reports "OUTCOME EXIT\nREMEDY\nTEXT" and this.
constexpr const char* end_of_report = "\nWEFT-CHECK-END\n";

constexpr int time_is_over = 124;  // exit code of a child that ran out of time

/// Ends a child whose time is over, saying which entry of the plug-in it was in.
void on_alarm(int) {
  const Entry* const entry = current_entry();
  const char* const words = entry != nullptr ? entry->entry : "no entry";
  write_all(STDERR_FILENO, words);
  end_process(time_is_over);  // past those that watch who ends the process
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

std::string report(TestOutcome outcome, Exit exit, const std::string& remedy,
                   const std::string& text) {
  return concat(static_cast<int>(outcome), " ", static_cast<int>(exit), "\n", one_line(remedy),
                "\n", one_line(text));
}

/// What to do about a failure that the host itself puts into words, whichever test meets it; empty:
/// what the catalogue says of the test.
std::string remedy_of(const std::string& sentence) {
  struct Known {
    const char* words;
    const char* remedy;
  };
  constexpr Known known[] = {
      {"failed without giving a reason",
       "call core->error_set with a sentence before the failing status is returned."},
      {"an exception crossed the plug-in border",
       "catch every exception inside the entry, and return a status with its text."},
      {"it wrote no tensor to output",
       "write every output before success is returned; one that depends on a case needs a value in "
       "the other one too."},
      {"that it was only lent", "retain a tensor before it is written to an output."},
      {"which belong to the host",
       "leave streams, locale and floating-point mode as they were when the call began."},
      {"declarations are possible only within create()",
       "declare ports, parameters, buffers and traits in create() alone."},
  };
  for (const Known& one : known)
    if (sentence.find(one.words) != std::string::npos) return one.remedy;
  return "";
}

std::string run_test(const Test& test, const Examination& examination) {
  try {
    test.run(examination);
    return report(TestOutcome::passed, Exit::ok, "", "");
  } catch (const Remark& remark) {
    return report(TestOutcome::passed, Exit::ok, "", remark.what());
  } catch (const NotApplicable& reason) {
    return report(TestOutcome::not_applicable, Exit::ok, "", reason.what());
  } catch (const Fault& fault) {
    const std::string known = remedy_of(fault.what());
    return report(TestOutcome::failed, fault.exit(), known.empty() ? fault.remedy() : known,
                  fault.what());
  } catch (const Error& error) {
    return report(TestOutcome::failed, error.exit(), remedy_of(error.what()), error.what());
  } catch (const std::exception& error) {
    return report(TestOutcome::failed, Exit::plugin, "", error.what());
  }
}

[[noreturn]] void be_child(const Test& test, const Examination& examination,
                           std::chrono::milliseconds limit, int out, int errors, pid_t checker) {
  ::setpgid(0, 0);
  // In a group of its own it does not hear of Ctrl-C: it ends with the checker.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != checker) std::raise(SIGKILL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // a crash here is expected and no news
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, 0);
  ::dup2(nothing, 1);
  ::dup2(errors, 2);
  report_crashes("");
  std::signal(SIGALRM, on_alarm);
  const itimerval time{{0, 0}, {limit.count() / 1000, limit.count() % 1000 * 1000}};
  ::setitimer(ITIMER_REAL, &time, nullptr);
  write_all(out, concat(run_test(test, examination), end_of_report));
  ::_exit(0);
}

struct EndInWords {
  std::string text, remedy;
};

/// What the end of a child that did not report says.
EndInWords end_in_words(const ChildEnd& child, std::chrono::milliseconds limit) {
  constexpr const char* k_waits =
      "look for a loop without an end, a lock that is not given back, or a thread that is waited "
      "for: a debugger that is attached to a run shows which.";
  const std::string said = last_line(child.complaint);
  const double seconds = static_cast<double>(limit.count()) / 1000;
  if (!child.status) return {concat("the plug-in did not let go within ", seconds, " s"), k_waits};
  const int code = WEXITSTATUS(*child.status);
  if (WIFEXITED(*child.status) && code == time_is_over)
    return {concat("the plug-in did not return within ", seconds, " s from ", said), k_waits};
  const auto crash = said.find("SIG"), rest = said.find(". This is");
  if (WIFEXITED(*child.status) && code == static_cast<int>(Exit::plugin) &&
      crash != std::string::npos)
    return {concat("the plug-in killed the process: ", said.substr(crash, rest - crash)),
            "build the plug-in with -g -fsanitize=address and mend the entry that is named: a null "
            "or stale pointer, an index past an end, or an exception that nobody catches."};
  return {concat("the plug-in ended the process (",
                 WIFSIGNALED(*child.status) ? concat("SIG", ::sigabbrev_np(WTERMSIG(*child.status)))
                                            : concat("exit code ", code),
                 ")", said.empty() ? "" : ": ", said),
          "return a failing status with a text instead of ending the process."};
}

/// What the child of one test said, or what its end says.
void read_end(const ChildEnd& child, std::chrono::milliseconds limit, TestResult& result) {
  const auto first = child.report.find('\n'), second = child.report.find('\n', first + 1);
  if (child.status && child.whole && WIFEXITED(*child.status) && second != std::string::npos) {
    result.outcome = static_cast<TestOutcome>(child.report[0] - '0');
    result.exit = static_cast<Exit>(std::atoi(child.report.c_str() + 1));
    const std::string remedy = child.report.substr(first + 1, second - first - 1);
    if (!remedy.empty()) result.remedy = remedy;
    result.text = child.report.substr(second + 1);
    return;
  }
  result.outcome = TestOutcome::failed;
  result.exit = Exit::plugin;
  const EndInWords end = end_in_words(child, limit);
  result.text = end.text;
  result.contract = "abi.h, weft_component";
  result.remedy = end.remedy;
}

TestResult run_apart(const Test& test, const Examination& examination,
                     std::chrono::milliseconds limit) {
  TestResult result{test.name,           test.level, test.of_part ? examination.part.id : "",
                    TestOutcome::passed, "",         test.contract,
                    test.remedy,         0};
  Pipe out, errors;
  const Clock::time_point begin = Clock::now();
  const pid_t checker = ::getpid(), pid = ::fork();
  if (pid < 0) throw Error(Exit::io, "no process can be started; too many are running.");
  if (pid == 0) be_child(test, examination, limit, out.ends[1], errors.ends[1], checker);
  ::setpgid(pid, pid);                          // whoever comes first
  const std::chrono::milliseconds grace(1000);  // for the child to say where it is
  read_end(attend(pid, out, errors, end_of_report, limit + grace), limit, result);
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (result.outcome != TestOutcome::failed) result.remedy.clear();
  return result;
}

/// Runs the catalogue on one file.
class Checker {
 public:
  Checker(const CheckRequest& request, const std::function<void(const TestResult&)>& done)
      : request_(request), done_(done) {}

  CheckReport check() {
    const PluginFile file = read_plugin_file(request_.file);
    report_.sha256 = file.sha256;
    const std::vector<Test> tests = catalogue();
    for (const Test& test : tests)
      if (test.level == 1) run(test, {request_.file, {}, request_.config, request_.sizes});
    if (report_.exit == Exit::ok || !failed_.contains("loads")) read_parts(file);
    if (report_.parts.empty()) return stop(file);
    for (const Test& test : tests)
      if (test.level > 1 && test.level <= request_.level) run_for_parts(test);
    return std::move(report_);
  }

 private:
  void read_parts(const PluginFile& file) {
    try {
      for (const ManifestPart& part : checked_manifest(file).parts) {
        Examination& one = parts_.emplace_back();
        one = {request_.file, {}, request_.config, request_.sizes};
        one.part.id = part.id;
        one.part.kind = part.kind;
        one.part.version = part.version;
        report_.parts.push_back(part.id);
      }
    } catch (const Error& error) {
      report_.exit = error.exit();
    }
  }

  CheckReport stop(const PluginFile& file) {
    report_.stopped =
        concat("Later levels were not run, because ", file.name(), " cannot be loaded as it is.");
    return std::move(report_);
  }

  void run_for_parts(const Test& test) {
    if (!test.of_part) return run(test, {request_.file, {}, request_.config, request_.sizes});
    for (const Examination& part : parts_) run(test, part);
  }

  void run(const Test& test, const Examination& examination) {
    const std::string part = test.of_part ? examination.part.id : "";
    TestResult result{test.name, test.level,    part, TestOutcome::not_applicable,
                      "",        test.contract, "",   0};
    const bool vain =
        failed_.contains(test.needs) || failed_.contains(concat(part, " ", test.needs));
    if (vain)
      result.text = concat("test ", test.needs, " has to pass first");
    else
      result = run_apart(test, examination, request_.limit);
    // What needs this one makes no sense either.
    if (vain || result.outcome == TestOutcome::failed)
      failed_.insert(part.empty() ? test.name : concat(part, " ", test.name));
    if (result.outcome == TestOutcome::failed) {
      // At level 1 another code says more: the file is not for this host.
      if (report_.exit == Exit::ok || (test.level == 1 && report_.exit == Exit::plugin))
        report_.exit = test.level == 1 ? result.exit : Exit::plugin;
    }
    if (done_) done_(result);
    report_.tests.push_back(std::move(result));
  }

  const CheckRequest& request_;
  const std::function<void(const TestResult&)>& done_;
  CheckReport report_;
  std::vector<Examination> parts_;
  std::set<std::string>
      failed_;  ///< or not run for one that did: "NAME", or "PART NAME" of a part's
};

}  // namespace

const char* outcome_name(TestOutcome outcome) {
  switch (outcome) {
    case TestOutcome::passed: return "passed";
    case TestOutcome::failed: return "failed";
    case TestOutcome::not_applicable: break;
  }
  return "not applicable";
}

CheckReport check_plugin(const CheckRequest& request,
                         const std::function<void(const TestResult&)>& done) {
  set_threads(1);  // a child has only the thread that forked it
  set_error_sink(core_api());
  offer_extension(WEFT_DRAFT_SEQUENCE, sequence_api());
  set_entry_slot(thread_entry);
  return Checker(request, done).check();
}

}  // namespace weft::host
