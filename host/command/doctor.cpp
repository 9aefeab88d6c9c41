// SPDX-License-Identifier: Apache-2.0
/// `weft doctor`: whether this machine and this installation can train.

#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "host/base/error.hpp"
#include "host/base/prefix.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/chaos.hpp"
#include "host/command/computing.hpp"
#include "host/command/json_document.hpp"
#include "host/command/options.hpp"
#include "host/graph/memory_check.hpp"
#include "host/registry/registry.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// What was looked at, what was found, and what to do; nothing to do where it is fine.
struct Finding {
  std::string what, found, remedy;
  bool is_grave = false;  ///< nothing can be trained before that is done
};

Finding processor() {
  const char* vectors = __builtin_cpu_supports("avx512f") ? "AVX512"
                        : __builtin_cpu_supports("avx2")  ? "AVX2"
                                                          : "neither AVX2 nor AVX512";
  const unsigned cores = std::thread::hardware_concurrency();
  Finding finding{"processor",
                  concat(cores, cores == 1 ? " core, " : " cores, ", vectors, " vectors"), "",
                  false};
  if (!__builtin_cpu_supports("avx2"))
    finding.remedy = "Training works, several times slower; use a newer processor.";
  return finding;
}

Finding memory() {
  const double total = machine_memory();
  Finding finding{"memory", concat(number(total / (1 << 30), "%.1f"), " GiB"), "", false};
  if (total < 2.0 * (1 << 30)) finding.remedy = "`weft plan RECIPE` says whether a recipe fits.";
  return finding;
}

Finding libtorch() try {
  return {"LibTorch", concat("loaded by ", require_computing_library()), "", false};
} catch (const Error& error) {
  return {"LibTorch", error.what(), "Name the folder of LibTorch in WEFT_TORCH_DIR.", true};
}

std::vector<Finding> plugins(const Options& options) {
  std::vector<Finding> findings;
  const std::vector<fs::path> folders = search_path(options);
  std::string places;
  for (const fs::path& folder : folders) places += (places.empty() ? "" : ", ") + folder.string();
  const Registry registry(folders);
  const std::size_t count = registry.parts().size();
  findings.push_back(
      {"plug-ins", concat(count, " parts in ", places.empty() ? "no folder" : places),
       count > 0 ? "" : "Name a folder with plug-ins in WEFT_PLUGIN_PATH.", count == 0});
  for (const Rejected& file : registry.rejected())
    findings.push_back({"plug-in", file.reason,
                        "Rebuild or remove it, or correct WEFT_PLUGIN_PATH or --plugins."});
  return findings;
}

/// Whether files can be written into the folder, or where it is missing into the one above.
Finding writable(const char* what, const fs::path& folder, const char* remedy) {
  fs::path there = folder;
  while (!fs::exists(there) && there.has_parent_path() && there != there.parent_path())
    there = there.parent_path();
  struct statvfs disk {};
  const bool known = ::statvfs(there.c_str(), &disk) == 0;
  const double room =
      known ? static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) : 0.0;
  const bool allowed = ::access(there.c_str(), W_OK | X_OK) == 0;
  Finding finding{what,
                  concat(folder.string(), allowed ? ", " : " cannot be written, ",
                         number(room / (1 << 30), "%.1f"), " GiB free"),
                  "", false};
  constexpr double k_little = 1.0 * (1 << 30);
  if (!allowed || (known && room < k_little)) finding.remedy = remedy;
  finding.is_grave = !allowed;
  return finding;
}

Finding chaos(const Options& options) try {
  return {"chaos", train_in_chaos(options.chaos, options.plugins), "", false};
} catch (const Error& error) {
  if (error.exit() == Exit::interrupted) throw;
  return {"chaos", error.what(), "Report it, with what stands above.", true};
} catch (const std::exception& error) {  // a folder that cannot be made, no memory
  return {"chaos", error.what(), "Mend what it names, and try again.", true};
}

fs::path cache() {
  if (const char* folder = std::getenv("XDG_CACHE_HOME"); folder != nullptr && *folder != '\0')
    return fs::path(folder) / "weft";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / ".cache" / "weft";
}

}  // namespace

void doctor(const Options& options) {
  std::vector<Finding> findings{
      {"weft", concat(WEFT_VERSION, " in ", installed_prefix().string()), "", false},
      processor(),
      memory(),
      libtorch()};
  for (Finding& finding : plugins(options)) findings.push_back(std::move(finding));
  findings.push_back(writable("run folders", fs::absolute("runs"),
                              "Make room, or change to a folder that you may write to, or use "
                              "--run."));
  findings.push_back(
      writable("cache", cache(), "Make room, or name another one in XDG_CACHE_HOME."));
  findings.push_back(writable("temporary files", fs::temp_directory_path(),
                              "Make room, or name another one in TMPDIR."));
  if (options.chaos > 0) findings.push_back(chaos(options));
  std::size_t grave = 0;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  Table table({"", "what", "found", "what to do"});
  for (const Finding& finding : findings) {
    grave += finding.is_grave ? 1 : 0;
    const char* state = finding.is_grave ? "FAIL" : finding.remedy.empty() ? "ok" : "warn";
    table.add({state, finding.what, finding.found, finding.remedy});
    list.push_back({{"state", state},
                    {"what", finding.what},
                    {"found", finding.found},
                    {"remedy", finding.remedy}});
  }
  if (options.json)
    std::cout << document_text({{"findings", list}, {"sound", grave == 0}});
  else
    std::cout << table.text();
  if (grave > 0)
    throw Error(Exit::failed, concat(grave, grave == 1 ? " finding keeps" : " findings keep",
                                     " Weft from training; the table says what to do."));
}

}  // namespace weft::host
