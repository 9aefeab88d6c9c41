// SPDX-License-Identifier: Apache-2.0
#include "host/distribution/world.hpp"

#include <charconv>
#include <cstdlib>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// The names that a launcher gives.
struct Names {
  const char *launcher, *rank, *size, *local_rank, *local_size;
  const char* only_with;  ///< a variable without which it did not start this process; or null
};

constexpr Names k_launchers[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", nullptr},
    {"Slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE",
     "SLURM_STEP_ID"},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE", nullptr},
    {"MPICH", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS", nullptr}};

class Environment {
 public:
  explicit Environment(const Lookup& variable) : variable_(variable) {}

  std::string text(const char* name) const { return variable_(name).value_or(""); }

  std::optional<int> number(const char* name) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    int number = 0;
    const char* const end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end)
      throw Error(Exit::usage, concat("the environment's ", name, " is \"", value,
                                      "\", not a whole number. Start Weft with its launcher, or "
                                      "unset it."));
    return number;
  }

 private:
  const Lookup& variable_;
};

void place(World& world, const Environment& environment, const Names& names) {
  const std::optional<int> rank = environment.number(names.rank);
  const std::optional<int> size = environment.number(names.size);
  if (!size)
    throw Error(Exit::usage, concat("the environment has ", names.rank, " and no ", names.size,
                                    ". Set both, or neither."));
  world.launcher = names.launcher;
  world.rank = *rank;
  world.size = *size;
  world.local_rank = environment.number(names.local_rank).value_or(0);
  world.local_size = environment.number(names.local_size).value_or(1);
  if (world.rank < 0 || world.rank >= world.size)
    throw Error(Exit::usage, concat("the environment says rank ", world.rank, " of ", world.size,
                                    " (", names.rank, ", ", names.size,
                                    "): ranks are counted from 0 to ", world.size - 1, "."));
}

void find_meeting(World& world, const Environment& environment) {
  world.address = environment.text("MASTER_ADDR");
  world.port = environment.number("MASTER_PORT").value_or(0);
  world.launcher_serves = environment.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  world.restart = environment.number("TORCHELASTIC_RESTART_COUNT").value_or(0);
  world.listening = environment.number("WEFT_LISTENING").value_or(-1);
  for (const char* name : {"TORCHELASTIC_RUN_ID", "SLURM_JOB_ID", "PMIX_NAMESPACE", "PMI_JOBID"})
    if (world.job.empty()) world.job = environment.text(name);
  if (world.launcher != "Slurm") return;
  const std::string counts = environment.text("SLURM_STEP_TASKS_PER_NODE");
  world.local_size = tasks_of_node(counts, environment.number("SLURM_NODEID").value_or(0))
                         .value_or(world.local_size);
  world.job = concat(world.job, ".", environment.text("SLURM_STEP_ID"));
  if (world.is_local()) return;
  std::string hosts = environment.text("SLURM_STEP_NODELIST");
  if (hosts.empty()) hosts = environment.text("SLURM_JOB_NODELIST");
  if (world.address.empty()) world.address = first_host(hosts);
  if (world.port == 0)
    world.port = 20'000 + environment.number("SLURM_JOB_ID").value_or(0) % 20'000;
}

}  // namespace

std::string first_host(const std::string& list) {
  const std::size_t bracket = list.find_first_of("[,");
  if (bracket == std::string::npos || list[bracket] == ',') return list.substr(0, bracket);
  const std::size_t number_end = list.find_first_of("-,]", bracket + 1);
  const std::size_t close = list.find(']', bracket);
  if (number_end == std::string::npos || close == std::string::npos) return list;
  const std::size_t end = list.find(',', close);
  const std::size_t rest = end == std::string::npos ? std::string::npos : end - close - 1;
  return list.substr(0, bracket) + list.substr(bracket + 1, number_end - bracket - 1) +
         list.substr(close + 1, rest);
}

std::optional<int> tasks_of_node(const std::string& list, int node) {
  const char *at = list.data(), *const end = at + list.size();
  while (at != end) {
    int tasks = 0, nodes = 1;
    auto read = std::from_chars(at, end, tasks);
    if (read.ec != std::errc()) return std::nullopt;
    if (read.ptr != end && *read.ptr == '(') {  // "(x2)"
      if (end - read.ptr < 4 || read.ptr[1] != 'x') return std::nullopt;
      read = std::from_chars(read.ptr + 2, end, nodes);
      if (read.ec != std::errc() || read.ptr == end || *read.ptr++ != ')') return std::nullopt;
    }
    if (node < nodes) return tasks;
    node -= nodes;
    at = read.ptr;
    if (at != end && *at++ != ',') return std::nullopt;
  }
  return std::nullopt;
}

World world_from(const Lookup& variable) {
  const Environment environment(variable);
  World world;
  for (const Names& names : k_launchers) {
    if (names.only_with != nullptr && !variable(names.only_with)) continue;
    if (!environment.number(names.rank)) continue;
    place(world, environment, names);
    find_meeting(world, environment);
    break;
  }
  return world;
}

World world_from_environment() {
  return world_from([](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  });
}

}  // namespace weft::host
