// SPDX-License-Identifier: Apache-2.0
/// WAV heads as recorders, pipes and speech synthesis write them. The right values follow from the
/// format (RIFF MCI 1.0; Microsoft's WAVEFORMATEXTENSIBLE; EBU Tech 3306; G.711).
#include "host/data/audio/wav.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "host/base/text.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/fields/options.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::bytes_of;
using test::error_of;
using test::wav;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

constexpr int k_rate = 8000;

std::string number(std::uint64_t value, int size, bool is_big = false) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
  return is_big ? std::string(bytes.rbegin(), bytes.rend()) : bytes;
}

struct Head {
  std::uint64_t tag = 1, channels = 1, bits = 16, block = 2;
  std::string more = {};    ///< behind the sixteen bytes of `fmt `
  std::string before = {};  ///< chunks before `data`
  std::optional<std::uint64_t> size = {}, riff_size = {};
  std::string after = {};
  std::string name = "RIFF";
};

std::string chunk(const std::string& name, const std::string& content, bool is_big = false) {
  return name + number(content.size(), 4, is_big) + content + std::string(content.size() % 2, '\0');
}

std::string file(const Head& head, const std::string& sound) {
  const bool is_big = head.name == "RIFX";
  const auto number_of = [&](std::uint64_t value, int size) { return number(value, size, is_big); };
  const std::string format = number_of(head.tag, 2) + number_of(head.channels, 2) +
                             number_of(k_rate, 4) + number_of(k_rate * head.block, 4) +
                             number_of(head.block, 2) + number_of(head.bits, 2) + head.more;
  const std::string body = "WAVE" + head.before + chunk("fmt ", format, is_big) + "data" +
                           number_of(head.size.value_or(sound.size()), 4) + sound + head.after;
  return head.name + number_of(head.riff_size.value_or(body.size()), 4) + body;
}

/// The part of `fmt ` that WAVE_FORMAT_EXTENSIBLE adds.
std::string extensible(std::uint64_t tag, std::uint64_t valid_bits) {
  return number(22, 2) + number(valid_bits, 2) + number(4, 4) + number(tag, 2) +
         std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);
}

std::vector<float> decoded(const std::string& bytes) {
  return decode_audio(bytes_of(bytes), k_rate, "v.wav").samples;
}

std::string refusal(const std::string& bytes) {
  const auto [exit, sentence] = error_of([&] { decoded(bytes); });
  EXPECT_EQ(exit, Exit::bad_data);
  return sentence;
}

const std::string k_sound = number(0x4000, 2) + number(0xc000, 2) + number(0x2000, 2);
const auto k_samples = ElementsAre(0.5F, -0.5F, 0.25F);

TEST(Wav, APlainOneIsLeftAlone) {
  EXPECT_FALSE(plain_wav(bytes_of(file({}, k_sound)), "v"));
  EXPECT_FALSE(plain_wav(bytes_of("fLaC or so, and longer than a head"), "v"));
  EXPECT_FALSE(plain_wav(bytes_of("RIFF....WEBPVP8 "), "v"));
  EXPECT_THAT(decoded(file({}, k_sound)), k_samples);
}

TEST(Wav, ALengthThatWasNeverFilledInIsAllThatFollows) {
  for (const std::uint64_t size : {0xffffffffU, 0x7fffffffU, 0x7ffff000U, 0x80000000U, 0U}) {
    EXPECT_THAT(decoded(file({.size = size, .riff_size = size}, k_sound)), k_samples) << size;
    EXPECT_THAT(decoded(file({.size = size, .riff_size = size}, k_sound + "\x01")), k_samples)
        << "half a sample at the end";
  }
  EXPECT_THAT(decoded(file({.size = 0, .riff_size = 36}, k_sound)), k_samples);
}

TEST(Wav, NoSoundIsNoOpenLength) {
  EXPECT_THAT(refusal(file({.after = chunk("LIST", "INFO")}, "")), HasSubstr("it holds no sound"));
}

TEST(Wav, WhatIsCutOffIsRefused) {
  EXPECT_THAT(refusal(file({.size = 1000}, k_sound)),
              HasSubstr("it is cut off after 6 of 1000 bytes of sound"));
}

TEST(Wav, OtherChunksArePassedOver) {
  const std::string before =
      chunk("LIST", "INFOISFT") + chunk("note", "abc") + chunk("bext", std::string(602, '\0'));
  EXPECT_THAT(decoded(file({.before = before}, k_sound)), k_samples);
  EXPECT_THAT(decoded(file({.after = chunk("id3 ", "ID3\x03")}, k_sound)), k_samples);
  EXPECT_THAT(decoded(file({.after = "TAGgarbage"}, k_sound)), k_samples);
}

/// The format has one (RIFF MCI 1.0, "Waveform Audio File Format").
TEST(Wav, ASecondChunkOfSoundIsRefused) {
  const std::string sentence =
      "it is a WAV file with a second chunk data, of 6 bytes; the format has room for one. ";
  EXPECT_THAT(refusal(file({.after = chunk("data", k_sound)}, k_sound)), HasSubstr(sentence));
  EXPECT_THAT(refusal(file({.after = chunk("LIST", "INFOx") + chunk("data", k_sound)}, k_sound)),
              HasSubstr(sentence));
  EXPECT_THAT(refusal(file({.after = chunk("data", k_sound)}, "")), HasSubstr(sentence));
  // Of open length all that follows is sound.
  EXPECT_EQ(decoded(file({.size = 0xffffffff, .after = chunk("data", "")}, k_sound)).size(), 7U);
}

/// As other readers do (libsndfile, FFmpeg), the tag is passed over (ID3v2.4, 3.1).
TEST(Wav, ATagBeforeItIsPassedOver) {
  const std::string tag = "ID3\x04" + std::string(5, '\0') + "\x05" + "hello";
  EXPECT_THAT(decoded(tag + file({}, k_sound)), k_samples);
  EXPECT_THAT(decoded(tag + file({.size = 0xffffffff}, k_sound)), k_samples);
}

/// One sample is a sound, unless none is left of it.
TEST(Wav, OneSampleIsASound) {
  EXPECT_THAT(decoded(file({}, k_sound.substr(0, 2))), ElementsAre(0.5F));
  const auto [exit, sentence] =
      error_of([] { decode_audio(bytes_of(wav(44'100, 1, {1000})), k_rate, "v.wav"); });
  EXPECT_EQ(sentence,
            "v.wav cannot be decoded: it is too short: samples at 44100 a second: 1; at 8000: 0. "
            "Replace the file in the data.");
}

/// Numbers of 64 bits that 32 hold are the same sound.
TEST(Wav, BothFloatsAreResampledAlike) {
  std::string narrow, wide;
  for (int i = 0; i < 4000; ++i) {
    const auto one = static_cast<float>(std::sin(0.37 * i) + 0.3 * std::sin(1.9 * i)) / 2;
    const double same = static_cast<double>(one);
    narrow.append(reinterpret_cast<const char*>(&one), sizeof one);
    wide.append(reinterpret_cast<const char*>(&same), sizeof same);
  }
  const auto at_rate = [](const std::string& bytes) {
    return decode_audio(bytes_of(bytes), 5000, "v.wav").samples;
  };
  const std::vector<float> samples = at_rate(file({.tag = 3, .bits = 32, .block = 4}, narrow));
  EXPECT_EQ(samples.size(), 2500U);
  EXPECT_EQ(samples, at_rate(file({.tag = 3, .bits = 64, .block = 8}, wide)));
}

TEST(Wav, TheOtherByteOrderIsRead) {
  const std::string sound =
      number(0x4000, 2, true) + number(0xc000, 2, true) + number(0x2000, 2, true);
  EXPECT_THAT(decoded(file({.name = "RIFX"}, sound)), k_samples);
}

TEST(Wav, LengthsOf64BitsAreRead) {
  const std::string sizes =
      chunk("ds64", number(80, 8) + number(6, 8) + number(3, 8) + number(0, 4));
  for (const char* name : {"RF64", "BW64"}) {
    EXPECT_THAT(decoded(file({.before = sizes,
                              .size = 0xffffffff,
                              .riff_size = 0xffffffff,
                              .after = chunk("LIST", "INFO"),
                              .name = name},
                             k_sound)),
                k_samples);
  }
}

/// Samples of fewer bits than their container lie at its upper end.
TEST(Wav, FewerBitsThanTheContainerKeepTheirScale) {
  const std::pair<int, int> pairs[] = {{16, 12}, {24, 16}, {24, 20}, {32, 16}, {32, 20}, {32, 24}};
  for (const auto& [bits, valid] : pairs) {
    const int width = bits / 8;
    const std::uint64_t half = std::uint64_t{1} << (bits - 2);
    const std::string sound =
        number(half, width) + number(0 - half, width) + number(half / 2, width);
    const auto block = static_cast<std::uint64_t>(width);
    const auto head_bits = static_cast<std::uint64_t>(bits),
               fewer = static_cast<std::uint64_t>(valid);
    EXPECT_THAT(
        decoded(
            file({.tag = 0xfffe, .bits = head_bits, .block = block, .more = extensible(1, fewer)},
                 sound)),
        k_samples)
        << valid << " in " << bits;
    EXPECT_THAT(decoded(file({.bits = fewer, .block = block}, sound)), k_samples)
        << "without the extension";
  }
}

TEST(Wav, AWrongBlockFollowsFromTheBits) {
  EXPECT_THAT(decoded(file({.block = 0}, k_sound)), k_samples);
  EXPECT_THAT(decoded(file({.block = 1}, k_sound)), k_samples);
}

TEST(Wav, FloatingPointAndG711) {
  EXPECT_THAT(decoded(file({.tag = 3, .bits = 32, .block = 4},
                           number(0x3f000000, 4) + number(0xbf000000, 4))),
              ElementsAre(0.5F, -0.5F));
  EXPECT_THAT(decoded(file({.tag = 0xfffe, .bits = 64, .block = 8, .more = extensible(3, 64)},
                           number(0x3fe0000000000000, 8))),
              ElementsAre(0.5F));
  // The largest values of G.711: 32,124 of 32,768 by µ-law's byte 0x80, 32,256 by A-law's 0xaa.
  EXPECT_THAT(decoded(file({.tag = 7, .bits = 8, .block = 1}, "\x80")),
              ElementsAre(FloatNear(32124 / 32768.F, 1e-6F)));
  EXPECT_THAT(
      decoded(file({.tag = 0xfffe, .bits = 8, .block = 1, .more = extensible(6, 8)}, "\xaa")),
      ElementsAre(FloatNear(32256 / 32768.F, 1e-6F)));
}

TEST(Wav, OtherCodingsAreNamed) {
  EXPECT_EQ(refusal(file({.tag = 0x11, .bits = 4, .block = 256}, k_sound)),
            "v.wav cannot be decoded: it is a WAV file whose sound is coded as IMA ADPCM; PCM, "
            "floating point, A-law and "
            "µ-law are read, so convert it (ffmpeg -i OLD.wav -c:a pcm_s16le NEW.wav). Replace the "
            "file in the data.");
  EXPECT_THAT(refusal(file({.tag = 2}, k_sound)), HasSubstr("coded as Microsoft ADPCM"));
  EXPECT_THAT(refusal(file({.tag = 0x55}, k_sound)), HasSubstr("coded as MP3"));
  EXPECT_THAT(refusal(file({.tag = 0x1234}, k_sound)), HasSubstr("coded as number 4660"));
}

TEST(Wav, HeadsThatSayTooLittleAreRefused) {
  EXPECT_THAT(refusal("RIFF" + number(4, 4) + "WAVE"),
              HasSubstr("it is a WAV file without the chunk fmt"));
  EXPECT_THAT(refusal("RIFF" + number(12, 4) + "WAVE" + chunk("fmt ", std::string(16, '\1'))),
              HasSubstr("it is a WAV file without the chunk data"));
  EXPECT_THAT(refusal(file({.channels = 0}, k_sound)), HasSubstr("it is a WAV file of 0 channels"));
  EXPECT_THAT(refusal(file({.bits = 0, .block = 0}, k_sound)), HasSubstr("of 0 bits a sample"));
  EXPECT_THAT(refusal(file({.bits = 64, .block = 8}, k_sound)), HasSubstr("of 64 bits a sample"));
  EXPECT_THAT(refusal(file({.tag = 0xfffe}, k_sound)), HasSubstr("whose chunk fmt is cut off"));
}

}  // namespace
}  // namespace weft::host
