// SPDX-License-Identifier: Apache-2.0
#include "host/distribution/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "host/base/error.hpp"

namespace weft::test {
namespace {

using Variables = std::map<std::string, std::string>;

host::World world(const Variables& variables) {
  return host::world_from([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
  });
}

std::string refusal(const Variables& variables) {
  try {
    world(variables);
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::usage);
    return error.what();
  }
  return "";
}

TEST(World, IsOneProcessWithoutALauncher) {
  EXPECT_EQ(world({}).size, 1);
  EXPECT_EQ(world({}).launcher, "");
}

TEST(World, ReadsTorchrun) {
  const host::World found = world({{"RANK", "3"},
                                   {"WORLD_SIZE", "4"},
                                   {"LOCAL_RANK", "1"},
                                   {"LOCAL_WORLD_SIZE", "2"},
                                   {"MASTER_ADDR", "node7"},
                                   {"MASTER_PORT", "29400"},
                                   {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                   {"TORCHELASTIC_RESTART_COUNT", "2"},
                                   {"TORCHELASTIC_RUN_ID", "job5"}});
  EXPECT_EQ(found.rank, 3);
  EXPECT_EQ(found.size, 4);
  EXPECT_EQ(found.local_rank, 1);
  EXPECT_EQ(found.local_size, 2);
  EXPECT_EQ(found.address, "node7");
  EXPECT_EQ(found.port, 29400);
  EXPECT_TRUE(found.launcher_serves);
  EXPECT_EQ(found.restart, 2);
  EXPECT_EQ(found.job, "job5");
  EXPECT_FALSE(found.is_local());
}

TEST(World, ReadsSlurmWhereSrunStartedTheProcess) {
  Variables variables{{"SLURM_PROCID", "5"},    {"SLURM_NTASKS", "8"},
                      {"SLURM_LOCALID", "1"},   {"SLURM_STEP_ID", "0"},
                      {"SLURM_JOB_ID", "4711"}, {"SLURM_STEP_NODELIST", "gpu[03-04]"}};
  const host::World found = world(variables);
  EXPECT_EQ(found.launcher, "Slurm");
  EXPECT_EQ(found.rank, 5);
  EXPECT_EQ(found.size, 8);
  EXPECT_EQ(found.address, "gpu03");
  EXPECT_EQ(found.port, 24'711);
  EXPECT_EQ(found.job, "4711.0");
  EXPECT_EQ(found.local_size, 1) << "as nothing says how many";
  variables["SLURM_NTASKS_PER_NODE"] = "4";
  EXPECT_EQ(world(variables).local_size, 4);
  variables["SLURM_STEP_TASKS_PER_NODE"] = "2,6";
  variables["SLURM_NODEID"] = "1";
  EXPECT_EQ(world(variables).local_size, 6);
  EXPECT_EQ(world(variables).address, "gpu03");
  variables.erase("SLURM_STEP_ID");
  EXPECT_EQ(world(variables).size, 1) << "an allocation alone starts nothing";
}

TEST(World, RanksThatSrunStartsOnOneMachineMeetOnItsLoopback) {
  Variables variables{{"SLURM_PROCID", "1"},    {"SLURM_NTASKS", "4"},
                      {"SLURM_LOCALID", "1"},   {"SLURM_STEP_ID", "0"},
                      {"SLURM_JOB_ID", "4711"}, {"SLURM_STEP_NODELIST", "node7"},
                      {"SLURM_NODEID", "0"},    {"SLURM_STEP_TASKS_PER_NODE", "4"}};
  EXPECT_TRUE(world(variables).is_local());
  EXPECT_EQ(world(variables).address, "");
  EXPECT_EQ(world(variables).port, 0);
  variables["MASTER_ADDR"] = "node7";
  EXPECT_EQ(world(variables).address, "node7");
}

TEST(World, CountsTheTasksOfANode) {
  EXPECT_EQ(host::tasks_of_node("4(x2),3", 0), 4);
  EXPECT_EQ(host::tasks_of_node("4(x2),3", 1), 4);
  EXPECT_EQ(host::tasks_of_node("4(x2),3", 2), 3);
  EXPECT_EQ(host::tasks_of_node("8", 0), 8);
  for (const char* wrong : {"", "x", "4(", "4(x", "4(x2", "4(y2)", "4;3", "4,"})
    EXPECT_EQ(host::tasks_of_node(wrong, 3), std::nullopt) << wrong;
}

TEST(World, ReadsOpenMpiAndMpichWhichNameNoAddress) {
  const host::World open = world({{"OMPI_COMM_WORLD_RANK", "1"},
                                  {"OMPI_COMM_WORLD_SIZE", "2"},
                                  {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                  {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
  EXPECT_EQ(open.launcher, "Open MPI");
  EXPECT_EQ(open.rank, 1);
  EXPECT_TRUE(open.is_local());
  EXPECT_EQ(open.address, "");
  EXPECT_EQ(open.port, 0);
  const host::World mpich = world({{"PMI_RANK", "0"}, {"PMI_SIZE", "3"}});
  EXPECT_EQ(mpich.launcher, "MPICH");
  EXPECT_EQ(mpich.size, 3);
}

TEST(World, RefusesWhatMakesNoSense) {
  EXPECT_EQ(refusal({{"RANK", "0"}}),
            "the environment has RANK and no WORLD_SIZE. Set both, or neither.");
  EXPECT_EQ(refusal({{"RANK", "x"}}),
            "the environment's RANK is \"x\", not a whole number. Start Weft with its launcher, "
            "or unset it.");
  EXPECT_EQ(refusal({{"RANK", "4"}, {"WORLD_SIZE", "4"}}),
            "the environment says rank 4 of 4 (RANK, WORLD_SIZE): ranks are counted from 0 to 3.");
}

TEST(World, TakesTheFirstHostOfAList) {
  EXPECT_EQ(host::first_host("gpu[03-05,9],login"), "gpu03");
  EXPECT_EQ(host::first_host("a1"), "a1");
  EXPECT_EQ(host::first_host("n7,n9"), "n7");
  EXPECT_EQ(host::first_host("c[1-2]-ib"), "c1-ib");
  EXPECT_EQ(host::first_host("x[8,9]"), "x8");
}

}  // namespace
}  // namespace weft::test
