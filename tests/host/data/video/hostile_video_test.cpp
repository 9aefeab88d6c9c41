// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/section/section.hpp"
#include "host/data/video/video.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::bytes_of;
using test::error_of;
using test::read_file;

std::string clip(const std::string& name) {
  return read_file(WEFT_SOURCE_DIR "/tests/host/data/video/" + name);
}

/// The reason for which a video is refused, or "none".
std::string refusal(const std::string& file, const Deadline& deadline = Deadline()) {
  const VideoForm form{{1, 12, 16}, 20, 0};
  const auto [exit, text] =
      error_of([&] { decode_video(bytes_of(file), form, "s.tar, sample a: v.mp4", deadline); });
  if (text == "no error") return "none";
  EXPECT_EQ(exit, Exit::bad_data);
  const std::string head = "s.tar, sample a: v.mp4 cannot be decoded: ";
  const std::string tail = ". Replace the file in the data.";
  EXPECT_TRUE(text.starts_with(head) && text.ends_with(tail)) << text;
  return text.substr(head.size(), text.size() - head.size() - tail.size());
}

/// Writes a number of four bytes, most significant first, `offset` behind a box's name.
void set_number(std::string& file, const std::string& box, std::size_t offset,
                std::uint32_t value) {
  const std::size_t at = file.find(box);
  ASSERT_NE(at, std::string::npos);
  for (std::size_t i = 0; i < 4; ++i)
    file[at + 4 + offset + i] = static_cast<char>(value >> (24 - 8 * i));
}

TEST(HostileVideo, EveryTruncationIsAnError) {
  for (const char* name : {"keys.mp4", "vp9.webm", "vp8.webm", "av1.mp4", "vfr.mkv"}) {
    const std::string whole = clip(name);
    ASSERT_EQ(refusal(whole), "none") << name;
    for (std::size_t size = 0; size < whole.size(); size += 5)
      EXPECT_NE(refusal(whole.substr(0, size)), "none") << name << ", " << size;
    EXPECT_NE(refusal(whole.substr(0, whole.size() - 1)), "none") << name;
  }
}

TEST(HostileVideo, SaysHowMuchOfAMatroskaIsThere) {
  const std::string whole = clip("vfr.mkv");
  EXPECT_EQ(refusal(whole.substr(0, 900)), "it is cut off after 848 of 1296 bytes");
}

TEST(HostileVideo, OtherFormats) {
  const std::string expected = "it is neither MP4, MOV, WebM nor Matroska, or its head is damaged";
  EXPECT_EQ(refusal(""), expected);
  EXPECT_EQ(refusal("#EXTM3U\nhttp://example.org/a.ts\n"), expected);
  EXPECT_EQ(refusal(test::png(2, 2, 1, {1, 2, 3, 4})),
            "it is a PNG, neither MP4, MOV, WebM nor Matroska");
  EXPECT_EQ(refusal(test::wav(8000, 1, {1, 2, 3})),
            "it is a WAV file, neither MP4, MOV, WebM nor Matroska");
  EXPECT_EQ(refusal(read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/tone.m4a")),
            "it holds no pictures");
}

TEST(HostileVideo, AHeadThatClaimsTenHours) {
  std::string file = clip("vfr.mkv");
  const std::size_t at = file.find("\x44\x89\x88") + 3;  // the duration, in milliseconds
  const auto bits = std::bit_cast<std::uint64_t>(36'000'000.0);
  for (std::size_t i = 0; i < 8; ++i) file[at + i] = static_cast<char>(bits >> (56 - 8 * i));
  EXPECT_EQ(refusal(file), "it is 36000 seconds long; at most 600 are read");
}

TEST(HostileVideo, PicturesThatAreSeenForTenHours) {
  std::string file = clip("keys.mp4");
  // Without the list of edits, which keeps only what it says is shown.
  file.replace(file.find("edts"), 4, "free");
  set_number(file, "stts", 12, 10'240 * 1'800);  // behind version, entries and count
  EXPECT_EQ(refusal(file), "it is 34200 seconds long; at most 600 are read");
}

TEST(HostileVideo, PicturesThatAreTooLarge) {
  EXPECT_EQ(refusal(clip("large.webm")),
            "its pictures have 4096 x 4608 pixels; at most 16777216 are read");
}

TEST(HostileVideo, MorePixelsThanItsBytesAreWorth) {
  const std::string file = clip("blank.webm");
  const std::int64_t size = std::ssize(file), picture = 4096 * 4096;
  const std::int64_t pixels =
      (std::max<std::int64_t>(size * 100'000, 200'000'000) / picture + 1) * picture;
  EXPECT_EQ(refusal(file), concat("it has ", pixels, " pixels or more in ", size,
                                  " bytes; at most 100000 pixels a byte are read"));
}

TEST(HostileVideo, AFragment) {
  EXPECT_EQ(refusal(clip("fragments.mp4")),
            "it is an M4A or MP4 in fragments or with a compressed head");
}

TEST(HostileVideo, ThatTakesTooLong) {
  EXPECT_EQ(refusal(clip("keys.mp4"), Deadline(std::chrono::seconds(0))),
            "it takes longer than 0 seconds");
}

TEST(HostileVideo, SoundThatBeginsAfterMoreThanIsRead) {
  std::string file = clip("sound.mp4");
  // The first entry of the sound's list of edits is what is silent, in thousandths of a second.
  const std::size_t sound = file.rfind("elst");
  std::string head = file.substr(0, sound), rest = file.substr(sound);
  set_number(rest, "elst", 8, 700'000);
  const auto [exit, text] = error_of([&] { decode_audio(bytes_of(head + rest), 8000, "v"); });
  EXPECT_EQ(exit, Exit::bad_data);
  EXPECT_EQ(text,
            "v cannot be decoded: its sound begins after more than 600 seconds. Replace the file "
            "in the data.");
}

TEST(HostileVideo, DamageIsAnErrorOrGivesPictures) {
  for (const char* name : {"keys.mp4", "vp8.webm", "open_gop.mp4", "av1.webm", "mpeg4.mp4"}) {
    const std::string whole = clip(name);
    for (std::size_t at = 0; at < whole.size(); at += 7) {
      std::string file = whole;
      file[at] = static_cast<char>(file[at] ^ 0x5a);
      refusal(file);  // throws nothing but Error (bad_data)
    }
  }
}

std::string option_refusal(const nlohmann::json& json) {
  const Section section(json, "data field clip", "/fields/clip");
  const auto [exit, text] = error_of([&] {
    video_options(section);
    section.require_sound();
  });
  EXPECT_EQ(exit, Exit::bad_recipe);
  return text;
}

TEST(VideoOptions, AreRefusedWithASentence) {
  nlohmann::json json = {{"size", {8, 8}}, {"frames", 4}};
  EXPECT_EQ(option_refusal(json),
            "data field clip/sample: expected either \"sample\": \"uniform\" or \"fps\", found "
            "null.");
  json["sample"] = "random";
  EXPECT_EQ(option_refusal(json), "data field clip/sample: expected uniform, found \"random\".");
  json["fps"] = 4;
  EXPECT_EQ(option_refusal(json),
            "data field clip/sample: expected either \"sample\": \"uniform\" or \"fps\", found "
            "\"random\".");
  json.erase("sample");
  json["fps"] = 0;
  EXPECT_EQ(option_refusal(json),
            "data field clip/fps: expected a number from 0.001 to 1000, found 0.");
  json["fps"] = 4;
  json["frames"] = 5000;
  EXPECT_EQ(option_refusal(json),
            "data field clip/frames: expected a whole number from 1 to 4096, found 5000.");
  json["frames"] = 4096;
  json["size"] = {512, 512};
  EXPECT_EQ(
      option_refusal(json),
      "data field clip/frames: expected fewer or smaller pictures: frames x channels x height "
      "x width up to 268435456, found 4096.");
}

}  // namespace
}  // namespace weft::host
