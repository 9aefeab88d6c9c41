// SPDX-License-Identifier: Apache-2.0
/// Checkpoints that several ranks write.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/host/checkpoint/pieces.hpp"
#include "tests/host/checkpoint/sample.hpp"

namespace weft::test {
namespace {

namespace fs = std::filesystem;
using host::Checkpoint;
using host::Exit;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(Pieces, OfAnyNumberAreReadAsTheWhole) {
  const TemporaryFolder whole;
  Checkpoint saved = sample(3);
  saved.views = {{"frozen/vision.weight", random({4, 3}, 9)}};
  const std::string hash = host::save_checkpoint(in(whole), saved);
  for (const int count : {2, 3, 7}) {  // some of seven have nothing
    const TemporaryFolder run;
    save_in_pieces(in(run), saved, count);
    const Checkpoint read = newest(run).value();
    EXPECT_TRUE(same_tensors(read, saved)) << count;
    EXPECT_EQ(read.pieces, 1);
    EXPECT_EQ(read.model_xxh3, hash) << "whoever wrote it, the weights are known by one hash";
    EXPECT_EQ(read.data, saved.data);
    EXPECT_EQ(read.parts, saved.parts);
  }
}

TEST(Pieces, LieBesideEachOther) {
  const TemporaryFolder run;
  save_in_pieces(in(run), sample(3), 2);
  EXPECT_THAT(
      entries(run.path("checkpoints/fit-3")),
      UnorderedElementsAre("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                           "optimizer-00001-of-00002.safetensors",
                           "optimizer-00002-of-00002.safetensors", "state.json"));
  const auto state = nlohmann::json::parse(content(run.path("checkpoints/fit-3/state.json")));
  EXPECT_EQ(state["checkpoint"], 2) << "earlier versions say that it is of a later format";
  EXPECT_EQ(state["pieces"], 2);
}

TEST(Pieces, TheCheckpointBeforeIsTheNewestUntilAllAreOne) {
  const TemporaryFolder run;
  save_in_pieces(in(run), sample(2), 2);
  const auto pieces = in_pieces(sample(4), 2);
  begin_pieces(in(run), pieces[0]);
  std::vector<host::FileHashes> hashes;
  for (const Checkpoint& piece : pieces) {
    EXPECT_EQ(newest(run).value().step, 2);
    hashes.push_back(host::write_piece(in(run), piece));
  }
  EXPECT_EQ(newest(run).value().step, 2);
  host::join_pieces(in(run), pieces[0], hashes);
  EXPECT_EQ(newest(run).value().step, 4);
}

TEST(Pieces, WhatAnotherTrainingLeftUnfinishedIsNotMixedIn) {
  const TemporaryFolder run;
  const auto old = in_pieces(sample(4), 3);
  begin_pieces(in(run), old[0]);
  for (const Checkpoint& piece : old) host::write_piece(in(run), piece);
  save_in_pieces(in(run), sample(4), 2);
  EXPECT_EQ(entries(run.path("checkpoints/fit-4")).size(), 5U);
  EXPECT_TRUE(same_tensors(newest(run).value(), sample(4)));
}

TEST(Pieces, AMissingOrDamagedOneIsNamedAndTheCheckpointBeforeIsTaken) {
  const std::string second = "checkpoints/fit-4/model-00002-of-00002.safetensors";
  for (const bool is_missing : {true, false}) {
    const TemporaryFolder run;
    for (const int step : {2, 4}) save_in_pieces(in(run), sample(step), 2);
    const std::string bytes = content(run.path(second));
    if (is_missing)
      fs::remove(run.path(second));
    else
      run.write(second, bytes.substr(0, bytes.size() - 1) + static_cast<char>(bytes.back() ^ 4));
    std::string told;
    EXPECT_EQ(newest(run, &told).value().step, 2);
    EXPECT_THAT(told, HasSubstr(is_missing ? "model-00002-of-00002.safetensors is missing."
                                           : "model-00002-of-00002.safetensors is damaged: its "
                                             "hash is not the one that state.json records. In it "
                                             "the tensor \"vision.mean\" is not"));
    EXPECT_THAT(told, HasSubstr("fit-2 is taken, the newest checkpoint that is sound."));
  }
}

TEST(Pieces, OneThatTheFirstRankDoesNotSeeIsRefused) {
  const TemporaryFolder run, elsewhere;
  host::save_checkpoint(in(run), sample(2));
  const auto pieces = in_pieces(sample(4), 2);
  for (const TemporaryFolder* folder : {&run, &elsewhere}) begin_pieces(in(*folder), pieces[0]);
  const std::vector<host::FileHashes> hashes{host::write_piece(in(run), pieces[0]),
                                             host::write_piece(in(elsewhere), pieces[1])};
  const auto [exit, sentence] = error_of([&] { host::join_pieces(in(run), pieces[0], hashes); });
  EXPECT_EQ(exit, Exit::io);
  EXPECT_THAT(sentence, HasSubstr("another rank has written model-00002-of-00002.safetensors, and "
                                  "it is not in "));
  EXPECT_THAT(sentence, HasSubstr("Give a run folder that all machines see."));
  EXPECT_EQ(newest(run).value().step, 2);
  EXPECT_THAT(entries(run.path("checkpoints")), UnorderedElementsAre("fit-2"));
}

TEST(Pieces, StatesThatCannotBeAreRefused) {
  const auto refusal = [](const std::function<void(nlohmann::json&)>& change) {
    const TemporaryFolder run;
    save_in_pieces(in(run), sample(), 2);
    auto state = nlohmann::json::parse(content(run.path("checkpoints/fit-3/state.json")));
    state.erase("hash");
    change(state);
    run.write("checkpoints/fit-3/state.json", state.dump());
    return error_of([&] { host::load_checkpoint(in(run).folder("checkpoints"), "fit-3"); }).second;
  };
  EXPECT_THAT(refusal([](nlohmann::json& state) { state["pieces"] = 0; }),
              HasSubstr("state.json is damaged: expected pieces above 1."));
  EXPECT_THAT(refusal([](nlohmann::json& state) { state["pieces"] = 3; }),
              HasSubstr("state.json is damaged."));
  EXPECT_THAT(refusal([](nlohmann::json& state) { state["checkpoint"] = 3; }),
              HasSubstr("it is of a later format."));
}

TEST(Pieces, ATensorIsInOneOfThem) {
  const TemporaryFolder run;
  auto pieces = in_pieces(sample(3), 2);
  pieces[1].model = pieces[0].model;
  save_pieces(in(run), pieces);
  EXPECT_THAT(error_of([&] { newest(run); }).second, HasSubstr("is in two files."));
}

}  // namespace
}  // namespace weft::test
