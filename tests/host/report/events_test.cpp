// SPDX-License-Identifier: Apache-2.0
#include "host/report/events.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

class Events : public ::testing::Test {
 protected:
  ~Events() override { std::filesystem::remove(path_); }
  std::vector<Json> lines() const {
    std::ifstream file(path_);
    std::vector<Json> all;
    for (std::string line; std::getline(file, line);) all.push_back(Json::parse(line));
    return all;
  }
  std::string path_ = ::testing::TempDir() + "events-" + std::to_string(getpid()) + ".jsonl";
};

TEST_F(Events, AreOneObjectALine) {
  EventWriter events(path_);
  events.write("step", {{"stage", std::string("see")},
                        {"step", std::int64_t{7}},
                        {"rate", 0.25},
                        {"losses", std::map<std::string, double>{{"ce", 1.5}}}});
  events.write("end", {});
  const std::vector<Json> all = lines();  // flushed, though the writer still lives
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["event"], "step");
  EXPECT_EQ(all[0]["stage"], "see");
  EXPECT_EQ(all[0]["step"], 7);
  EXPECT_EQ(all[0]["rate"], 0.25);
  EXPECT_EQ(all[0]["losses"]["ce"], 1.5);
  EXPECT_EQ(all[0]["time"].get<std::string>().size(), std::string("2026-11-24T06:30:00Z").size());
  EXPECT_EQ(all[0]["time"].get<std::string>().back(), 'Z');
}

TEST_F(Events, WhatIsNoNumberIsNull) {
  const double inf = std::numeric_limits<double>::infinity();
  EventWriter(path_).write(
      "step", {{"norm", std::nan("")}, {"losses", std::map<std::string, double>{{"ce", inf}}}});
  EXPECT_TRUE(lines()[0]["norm"].is_null());
  EXPECT_TRUE(lines()[0]["losses"]["ce"].is_null());
}

TEST_F(Events, AreAppendedToWhatIsThere) {
  EventWriter(path_).write("first", {});
  EventWriter(path_).write("second", {});
  EXPECT_EQ(lines().size(), 2U);
  EXPECT_EQ(lines()[0]["event"], "first");
}

TEST_F(Events, BytesThatAreNoUtf8AreReplaced) {
  EventWriter(path_).write("start", {{"name", std::string("a\xff"
                                                          "b")}});
  EXPECT_EQ(lines()[0]["name"], "a\ufffdb");
}

TEST_F(Events, AFullDiskIsAnError) {
  EventWriter events("/dev/full");
  try {
    events.write("start", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "/dev/full cannot be written. Make room on the disk; the run's "
                 "checkpoints are whole.");
    EXPECT_EQ(error.exit(), Exit::io);
  }
}

TEST_F(Events, AFileThatCannotBeOpenedIsAnError) {
  try {
    EventWriter events("/nowhere/events.jsonl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "/nowhere/events.jsonl cannot be opened for writing. Check its rights.");
    EXPECT_EQ(error.exit(), Exit::cannot_create);
  }
}

}  // namespace
}  // namespace weft::host
