// SPDX-License-Identifier: Apache-2.0
#include "host/report/events.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "tests/host/checkpoint/file_limit.hpp"

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
  void put(const std::string& text) const { std::ofstream(path_) << text; }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const OpenFolder folder_{::testing::TempDir()};
  const std::string name_ = "events-" + std::to_string(getpid()) + ".jsonl";
  const std::string path_ = folder_.path_of(name_);
};

TEST_F(Events, AreOneObjectALine) {
  EventWriter events(folder_, name_);
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
  EventWriter(folder_, name_)
      .write("step",
             {{"norm", std::nan("")}, {"losses", std::map<std::string, double>{{"ce", inf}}}});
  EXPECT_TRUE(lines()[0]["norm"].is_null());
  EXPECT_TRUE(lines()[0]["losses"]["ce"].is_null());
}

TEST_F(Events, AreAppendedToWhatIsThere) {
  EventWriter(folder_, name_).write("first", {});
  EventWriter(folder_, name_).write("second", {});
  EXPECT_EQ(lines().size(), 2U);
  EXPECT_EQ(lines()[0]["event"], "first");
}

TEST_F(Events, BytesThatAreNoUtf8AreReplaced) {
  EventWriter(folder_, name_)
      .write("start", {{"name", std::string("a\xff"
                                            "b")}});
  EXPECT_EQ(lines()[0]["name"], "a\ufffdb");
}

TEST_F(Events, ALineThatAKillCutIsMended) {
  const std::string whole = R"({"event":"step","step":1})";
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {whole + "\n", whole + "\n"},
           {whole + "\n" + whole.substr(0, 9), whole + "\n"},
           {whole + "\n" + whole, whole + "\n" + whole + "\n"},
           {whole.substr(0, 3), ""},
           {whole + "\n" + std::string(40, '\0'), whole + "\n"}}) {
    put(before);
    EventWriter(folder_, name_).write("resumed", {});
    const std::string now = text();
    ASSERT_TRUE(now.starts_with(after)) << before << " became " << now;
    EXPECT_TRUE(now.substr(after.size()).starts_with(R"({"event":"resumed")")) << now;
    EXPECT_TRUE(now.ends_with("}\n"));
  }
}

TEST_F(Events, AFullDiskIsAnError) {
  EventWriter events(folder_, name_);
  try {
    const test::FileLimit limit(1);
    events.write("start", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), path_ + " cannot be written: File too large. Make room on the disk.");
    EXPECT_EQ(error.exit(), Exit::io);
  }
}

TEST_F(Events, NothingButAFileOfTheFolderIsWritten) {
  const auto refusal = [&] {
    try {
      EventWriter events(folder_, name_);
      return std::string("nothing");
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::cannot_create);
      return std::string(error.what());
    }
  };
  const std::string victim = path_ + ".victim";
  std::ofstream(victim) << "mine";
  std::filesystem::create_symlink(victim, path_);
  EXPECT_TRUE(refusal().starts_with(path_ + " is a link, expected a file.")) << refusal();
  std::filesystem::remove(path_);
  std::filesystem::create_hard_link(victim, path_);
  EXPECT_TRUE(refusal().starts_with(path_ + " has further names elsewhere")) << refusal();
  std::filesystem::remove(path_);
  EXPECT_EQ(std::filesystem::file_size(victim), 4U);
  std::filesystem::remove(victim);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(refusal().starts_with(path_ + " is a pipe, expected a file.")) << refusal();
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(refusal().starts_with(path_ + " is a folder, expected a file.")) << refusal();
}

}  // namespace
}  // namespace weft::host
