// SPDX-License-Identifier: Apache-2.0
#include "host/report/tensorboard.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace weft::host {
namespace {

using Json = nlohmann::json;

std::string hex(const std::string& bytes) {
  static constexpr char k_digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += k_digits[byte >> 4];
    text += k_digits[byte & 15];
  }
  return text;
}

Json reference() {
  return Json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/reference/tensorboard_events.json"));
}

// What the real package writes, to the byte.
TEST(TensorBoard, WritesWhatTensorBoardWrites) {
  const Json expected = reference();
  EXPECT_EQ(hex(tensorboard_begin(expected.at("begin").at("wall_time"))),
            expected.at("begin").at("record").get<std::string>());
  for (const Json& event : expected.at("events")) {
    std::vector<std::pair<std::string, double>> scalars;
    for (const Json& one : event.at("scalars")) scalars.emplace_back(one[0], one[1]);
    EXPECT_EQ(hex(tensorboard_scalars(event.at("wall_time"), event.at("step"), scalars)),
              event.at("record").get<std::string>());
  }
}

TEST(TensorBoard, EachStretchHasAFileOfItsOwn) {
  const auto folder = std::filesystem::temp_directory_path() / "weft_tensorboard_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (int stretch = 0; stretch < 2; ++stretch)
    TensorBoardWriter(OpenFolder(folder.string())).write(1, {{"fit/loss/total", 0.5}});
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    ++files;
    EXPECT_TRUE(file.path().filename().string().starts_with("events.out.tfevents."));
    std::ostringstream bytes;
    bytes << std::ifstream(file.path()).rdbuf();
    EXPECT_NE(bytes.str().find("brain.Event:2"), std::string::npos);
    EXPECT_NE(bytes.str().find("fit/loss/total"), std::string::npos);
  }
  EXPECT_EQ(files, 2);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weft::host
