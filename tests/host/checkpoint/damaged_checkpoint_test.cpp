// SPDX-License-Identifier: Apache-2.0
/// What is said of a checkpoint whose files are damaged.

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/host/checkpoint/sample.hpp"

namespace weft::test {
namespace {

namespace fs = std::filesystem;
using host::Checkpoint;
using host::Exit;
using ::testing::HasSubstr;

/// What loading the sample says after `damage` was done to its folder.
template <class Damage>
std::string refusal_after(const Damage& damage) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample());
  const std::string folder = run.path("") + "checkpoints/fit-3";
  damage(folder + "/");
  const auto [exit, sentence] =
      error_of([&] { host::load_checkpoint(in(run).folder("checkpoints"), "fit-3"); });
  EXPECT_EQ(exit, Exit::bad_checkpoint) << sentence;
  const std::string head = "checkpoint " + folder + ": ";
  EXPECT_TRUE(sentence.starts_with(head)) << sentence;
  return sentence.substr(head.size());
}

/// state.json of the sample, changed and written back.
std::string refusal_of_state(const std::function<void(nlohmann::ordered_json&)>& change) {
  return refusal_after([&](const std::string& folder) {
    auto state = nlohmann::ordered_json::parse(content(folder + "state.json"));
    change(state);
    std::ofstream(folder + "state.json") << state;
  });
}

/// Flips a bit of a byte, counted from the end of the file.
void flip(const std::string& file, std::int64_t from_end) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(-from_end, std::ios::end);
  const char byte = static_cast<char>(stream.get() ^ 4);
  stream.seekp(-from_end, std::ios::end);
  stream.put(byte);
}

TEST(CheckpointFault, TruncatedOrChangedFilesAreNamedWithTheirDamagedTensors) {
  const std::map<std::string, std::string> last_tensors = {
      {"model.safetensors", "vision.weight"}, {"optimizer.safetensors", "vision.weight.step"}};
  for (const auto& [name, last] : last_tensors) {
    const std::string refused =
        name + " is damaged: its hash is not the one that state.json records.";
    const auto of_damage = [&, file = name](const std::function<void(const std::string&)>& damage) {
      return refusal_after([&](const std::string& folder) { damage(folder + file); });
    };
    EXPECT_EQ(
        of_damage([](const std::string& file) { fs::resize_file(file, fs::file_size(file) - 1); }),
        refused + " Its header does not fit what follows it.");
    EXPECT_EQ(of_damage([](const std::string& file) { flip(file, 1); }),
              refused + " In it the tensor \"" + last + "\" is not the one that was saved.");
    EXPECT_EQ(of_damage([](const std::string& file) { fs::remove(file); }), name + " is missing.");
  }
}

TEST(CheckpointFault, AllDamagedTensorsAreNamedOrCounted) {
  const auto damaged = [](int count) {
    const TemporaryFolder run;
    Checkpoint saved = sample();
    saved.model.clear();
    for (int i = 0; i < 5; ++i) saved.model["t" + std::to_string(i)] = random({4}, i);
    host::save_checkpoint(in(run), saved);
    for (int i = 0; i < count; ++i)
      flip(run.path("checkpoints/fit-3/model.safetensors"), 16 * (4 - i) + 1);
    const std::string told = error_of([&] { newest(run); }).second;
    return told.substr(told.find(" In it ") + 1, told.find(" No other") - told.find(" In it ") - 1);
  };
  EXPECT_EQ(damaged(1), "In it the tensor \"t0\" is not the one that was saved.");
  EXPECT_EQ(damaged(3),
            "In it the tensors \"t0\", \"t1\" and \"t2\" are not those that were saved.");
  EXPECT_EQ(damaged(5),
            "In it the tensors \"t0\", \"t1\" and 3 more are not those that were saved.");
}

TEST(CheckpointFault, AHeaderThatSaysSomethingElseIsToldApartFromTensors) {
  EXPECT_EQ(refusal_after([](const std::string& folder) {
              std::fstream file(folder + "model.safetensors",
                                std::ios::in | std::ios::out | std::ios::binary);
              std::uint64_t length = 0;
              file.read(reinterpret_cast<char*>(&length), sizeof length);
              file.seekp(static_cast<std::streamoff>(length) + 7);
              file.put('\n');  // of the blanks that fill the header up
            }),
            "model.safetensors is damaged: its hash is not the one that state.json records. All "
            "tensors are as they were; the header is not.");
}

// As if the file had changed between the look at its hash and its reading.
TEST(CheckpointFault, WhatIsReadIsHeldToTheHashesOfTheTensors) {
  EXPECT_EQ(refusal_of_state([](nlohmann::ordered_json& state) {
              state.erase("hash");
              state["tensors"]["model.safetensors"]["vision.mean"] = std::string(32, '0');
            }),
            "model.safetensors is damaged: the tensor \"vision.mean\" is not the one that was "
            "saved.");
}

TEST(Checkpoint, OneOfBeforeTheHashesOfTensorsIsStillRead) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample());
  const std::string file = run.path("checkpoints/fit-3/state.json");
  auto state = nlohmann::ordered_json::parse(content(file));
  ASSERT_EQ(state["tensors"]["optimizer.safetensors"].size(), sample().optimizer.size());
  state.erase("hash");
  state.erase("tensors");
  std::ofstream(file) << state;
  EXPECT_EQ(newest(run).value().model.size(), sample().model.size());
  flip(run.path("checkpoints/fit-3/model.safetensors"), 1);
  EXPECT_THAT(error_of([&] { newest(run); }).second,
              HasSubstr("its hash is not the one that state.json records. No other"));
}

TEST(CheckpointFault, AStateThatIsNoneIsRefused) {
  EXPECT_EQ(refusal_after([](const std::string& folder) { fs::remove(folder + "state.json"); }),
            "state.json is missing.");
  EXPECT_EQ(refusal_after([](const std::string& folder) {
              fs::resize_file(folder + "state.json", fs::file_size(folder + "state.json") / 2);
            }),
            "state.json is damaged.");
  for (const char* text : {"", "[]", "{}", R"({"checkpoint": 1, "stage": 3})"})
    EXPECT_EQ(refusal_after(
                  [&](const std::string& folder) { std::ofstream(folder + "state.json") << text; }),
              "state.json is damaged.");
  EXPECT_EQ(refusal_after([](const std::string& folder) {
              std::ofstream(folder + "state.json") << R"({"checkpoint": 3})";
            }),
            "it is of a later format.");
}

TEST(CheckpointFault, AStateWithAnotherNumberIsRefused) {
  for (const char* pointer : {"/step", "/data/epoch", "/data/offset", "/parts/digit/1", "/stage"})
    EXPECT_EQ(refusal_of_state([&](nlohmann::ordered_json& state) {
                nlohmann::ordered_json& value =
                    state[nlohmann::ordered_json::json_pointer(pointer)];
                value = value.is_string() ? nlohmann::ordered_json("fat")
                                          : nlohmann::ordered_json(value.get<std::int64_t>() + 1);
              }),
              "state.json is damaged: its hash is not the one that it records.")
        << pointer;
}

TEST(CheckpointFault, AHashThatIsSpelledOtherwiseIsNotPassedOver) {
  EXPECT_EQ(refusal_of_state([](nlohmann::ordered_json& state) {
              state["hesh"] = state["hash"];
              state.erase("hash");
              state["step"] = 4;
            }),
            "state.json is damaged: it has a key \"hesh\".");
}

TEST(Checkpoint, AStateOfBeforeTheHashIsStillRead) {
  EXPECT_EQ(refusal_of_state([](nlohmann::ordered_json& state) {
              state.erase("hash");
              state["step"] = 4;
            }),
            "state.json is damaged: it says that this is \"fit-4\".");
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample());
  const std::string file = run.path("checkpoints/fit-3/state.json");
  auto state = nlohmann::ordered_json::parse(content(file));
  state.erase("hash");
  std::ofstream(file) << state;
  EXPECT_EQ(newest(run).value().data, sample().data);
}

}  // namespace
}  // namespace weft::test
