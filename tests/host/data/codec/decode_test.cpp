// SPDX-License-Identifier: Apache-2.0
#include "host/base/text.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/image/decode_image.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "host/data/fields/options.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::bytes_of;
using test::error_of;
using test::png;
using test::read_file;
using test::wav;
using testing::Each;
using testing::ElementsAre;

constexpr const char* k_remedy = ". Replace the file in the data.";

std::string noise_png(int height, int width) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height * width));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37);
  return png(height, width, 1, pixels);
}

TEST(DecodeImage, GreyComesBackByteForByte) {
  const Image image = decode_image(bytes_of(png(2, 3, 1, {0, 1, 2, 127, 254, 255})), {}, "p");
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.width, 3);
  EXPECT_THAT(image.pixels, ElementsAre(0, 1, 2, 127, 254, 255));
}

TEST(DecodeImage, ColourComesBackByteForByteAndBecomesGreyByItsBrightness) {
  const Bytes bytes = bytes_of(png(1, 3, 3, {255, 0, 0, 0, 0, 0, 255, 255, 255}));
  EXPECT_THAT(decode_image(bytes, {.channels = 3}, "p").pixels,
              ElementsAre(255, 0, 0, 0, 0, 0, 255, 255, 255));
  const Image grey = decode_image(bytes, {.channels = 1}, "p");
  EXPECT_NEAR(grey.pixels[0], 76, 2);  // 0.299 of 255
  EXPECT_EQ(grey.pixels[1], 0);
  EXPECT_NEAR(grey.pixels[2], 255, 1);
}

TEST(DecodeImage, GreyBecomesColourAndAlphaShowsTheBackground) {
  EXPECT_THAT(decode_image(bytes_of(png(1, 2, 1, {9, 200})), {.channels = 3}, "p").pixels,
              ElementsAre(9, 9, 9, 200, 200, 200));
  const Bytes clear = bytes_of(png(1, 2, 4, {1, 2, 3, 0, 100, 0, 50, 128}));
  EXPECT_THAT(decode_image(clear, {.channels = 3}, "p").pixels, ElementsAre(0, 0, 0, 50, 0, 25));
  EXPECT_THAT(decode_image(clear, {.channels = 3, .background = {9, 8, 7}}, "p").pixels,
              ElementsAre(9, 8, 7, 55, 4, 29));
}

TEST(DecodeImage, JpegIsReadAndItsTruncationIsAnError) {
  // 16 rows of 8 pixels, the upper half 40, the lower 200; by FFmpeg's encoder.
  const std::string whole = read_file(WEFT_SOURCE_DIR "/tests/host/data/image/halves.jpg");
  const Image image = decode_image(bytes_of(whole), {}, "p");
  ASSERT_EQ(image.pixels.size(), 128U);
  for (std::size_t i = 0; i < 128; ++i) EXPECT_NEAR(image.pixels[i], i < 64 ? 40 : 200, 3) << i;
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_EQ(error_of([&] { decode_image(bytes_of(whole.substr(0, size)), {}, "p"); }).first,
              Exit::bad_data)
        << size << " of " << whole.size();
  }
}

TEST(DecodeImage, IsStretchedToTheAskedSize) {
  const Bytes bytes = bytes_of(png(8, 8, 1, std::vector<std::uint8_t>(64, 90)));
  const Image image = decode_image(bytes, {.height = 4, .width = 6}, "p");
  EXPECT_EQ(image.pixels.size(), 24U);
  EXPECT_THAT(image.pixels, Each(90));
}

TEST(DecodeImage, EveryTruncationIsAnError) {
  const std::string whole = noise_png(9, 7);
  // The last 12 bytes are the end marker; all pixels are there without it.
  for (std::size_t size = 0; size + 12 < whole.size(); ++size) {
    EXPECT_EQ(error_of([&] { decode_image(bytes_of(whole.substr(0, size)), {}, "p"); }).first,
              Exit::bad_data)
        << size << " of " << whole.size();
  }
}

TEST(DecodeImage, EveryDamagedByteOfThePixelsIsAnError) {
  const std::string whole = noise_png(9, 7);
  for (std::size_t i = 41; i + 16 < whole.size(); ++i) {  // behind the header of IDAT
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_EQ(error_of([&] { decode_image(bytes_of(damaged), {}, "p"); }).first, Exit::bad_data)
        << i;
  }
}

TEST(DecodeAudio, SixteenBitsComeBackExactly) {
  const Audio audio = decode_audio(bytes_of(wav(8000, 1, {0, 16384, -32768, 32767})), 8000, "v");
  EXPECT_EQ(audio.rate, 8000);
  EXPECT_THAT(audio.samples, ElementsAre(0.0F, 0.5F, -1.0F, 32767.0F / 32768));
}

TEST(DecodeAudio, ChannelsBecomeTheirMean) {
  const Audio audio = decode_audio(bytes_of(wav(8000, 2, {16384, 0, -8192, -8192})), 8000, "v");
  ASSERT_EQ(audio.samples.size(), 2U);
  EXPECT_NEAR(audio.samples[0], 0.25, 1e-4);
  EXPECT_NEAR(audio.samples[1], -0.25, 1e-4);
}

TEST(DecodeAudio, OneChannelOfSeveralIsHeardAlone) {
  const Bytes bytes = bytes_of(wav(8000, 2, {8192, 16384, -8192, 4096}));
  EXPECT_THAT(decode_audio(bytes, 8000, "r", Channel::left).samples, ElementsAre(0.25F, -0.25F));
  EXPECT_THAT(decode_audio(bytes, 8000, "r", Channel::right).samples, ElementsAre(0.5F, 0.125F));
  const Bytes mono = bytes_of(wav(8000, 1, {8192, 4096}));
  EXPECT_THAT(decode_audio(mono, 8000, "r", Channel::right).samples, ElementsAre(0.25F, 0.125F));
}

TEST(DecodeAudio, SixChannelsBecomeTheirMeanToo) {
  for (std::size_t channel = 0; channel < 6; ++channel) {
    std::vector<std::int16_t> samples(6, 0);
    samples[channel] = 12288;
    const Audio audio = decode_audio(bytes_of(wav(8000, 6, samples)), 8000, "v");
    ASSERT_EQ(audio.samples.size(), 1U);
    EXPECT_NEAR(audio.samples[0], 0.0625, 1e-6) << channel;
  }
}

TEST(DecodeAudio, ResamplingKeepsATone) {
  const auto tone = [](double i, int rate) {
    return 0.5 * std::sin(2 * std::numbers::pi * 440 * i / rate);
  };
  std::vector<std::int16_t> samples(16000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<std::int16_t>(32768 * tone(static_cast<double>(i), 16000));
  }
  const Audio audio = decode_audio(bytes_of(wav(16000, 1, samples)), 8000, "v");
  ASSERT_NEAR(static_cast<double>(audio.samples.size()), 8000, 2);
  for (std::size_t i = 200; i < 7800; ++i) {
    ASSERT_NEAR(audio.samples[i], tone(static_cast<double>(i), 8000), 2e-3) << i;
  }
}

TEST(DecodeAudio, EveryTruncationIsAnError) {
  const std::string whole = wav(8000, 1, std::vector<std::int16_t>(50, 1000));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(error_of([&] { decode_audio(bytes_of(whole.substr(0, size)), 8000, "v"); }).first,
              Exit::bad_data)
        << size;
  }
  EXPECT_EQ(
      error_of([&] { decode_audio(bytes_of(whole.substr(0, 44 + 60)), 8000, "v.wav"); }).second,
      std::string("v.wav cannot be decoded: it is cut off after 60 of 100 bytes of sound") +
          k_remedy);
}

TEST(DecodeAudio, AFlacBehindATagGivesTheSameSamples) {
  const std::string plain = read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/ramp.flac");
  // An ID3 tag of ten bytes, which the demuxer passes over; a plain file goes without it.
  const std::string tag = std::string("ID3\x03\0\0\0\0\0\x0a", 10) + std::string(10, '\0');
  EXPECT_EQ(decode_audio(bytes_of(tag + plain), 8000, "r").samples,
            decode_audio(bytes_of(plain), 8000, "r").samples);
}

TEST(DecodeAudio, FlacIsReadAndItsTruncationIsAnError) {
  // 200 samples at 8 k_hz, sample i being 50 i of 32768; by FFmpeg's encoder.
  const std::string whole = read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/ramp.flac");
  const Audio audio = decode_audio(bytes_of(whole), 8000, "v");
  ASSERT_EQ(audio.samples.size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(audio.samples[i], static_cast<float>(50 * i) / 32768);
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(error_of([&] { decode_audio(bytes_of(whole.substr(0, size)), 8000, "v"); }).first,
              Exit::bad_data)
        << size << " of " << whole.size();
  }
}

TEST(DecodeAudio, BytesBehindAFlacsAnnouncedLengthArePassedOver) {
  const std::string plain = read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/ramp.flac");
  const std::vector<float> samples = decode_audio(bytes_of(plain), 8000, "v").samples;
  for (const std::string& behind :
       {"TAG" + std::string(125, '\0'), std::string(1, '\xff'), std::string(5000, 'x')}) {
    EXPECT_EQ(decode_audio(bytes_of(plain + behind), 8000, "v").samples, samples);
  }
  // The last frame is still checked.
  std::string wrong = plain;
  wrong[wrong.size() - 3] ^= 1;
  EXPECT_EQ(error_of([&] { decode_audio(bytes_of(wrong + "TAG"), 8000, "v"); }).first,
            Exit::bad_data);
}

TEST(DecodeAudio, AFlacWithOneWrongBitIsAnError) {
  // Most of its bits are samples, whose damage nothing but the checksums tells.
  const std::string whole = read_file(WEFT_SOURCE_DIR "/tests/reference/log_mel_presets.flac");
  for (std::size_t place = whole.size() / 4; place < whole.size(); place += 1'499) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 1 << place % 8);
    EXPECT_EQ(error_of([&] { decode_audio(bytes_of(damaged), 16'000, "v"); }).first, Exit::bad_data)
        << "byte " << place;
  }
}

/// 9,600 samples at 16 kHz, 0.4 sin(2π 440 t), as an encoder wrote them.
struct Encoded {
  const char* file;
  std::size_t most_samples;  // with the padding that the file does not tell
  std::size_t spared;        // bytes at the end without which the sound counts as whole
};

class DecodeEncodedAudio : public testing::TestWithParam<Encoded> {};

TEST_P(DecodeEncodedAudio, GivesTheToneAndRefusesEveryTruncation) {
  const std::string whole =
      read_file(std::string(WEFT_SOURCE_DIR "/tests/host/data/audio/") + GetParam().file);
  const Audio audio = decode_audio(bytes_of(whole), 16000, "v");
  EXPECT_GE(audio.samples.size(), 9600U);
  EXPECT_LE(audio.samples.size(), GetParam().most_samples);
  // The projection on the tone, whatever its delay.
  double along = 0, across = 0, power = 0;
  for (std::size_t i = 3000; i < 7000; ++i) {  // 110 periods
    const double angle = 2 * std::numbers::pi * 440 * static_cast<double>(i) / 16000;
    const auto sample = static_cast<double>(audio.samples[i]);
    along += sample * std::sin(angle) / 2000;
    across += sample * std::cos(angle) / 2000;
    power += sample * sample / 2000;
  }
  EXPECT_NEAR(std::hypot(along, across), 0.4, 0.01);
  EXPECT_NEAR(power, 0.16, 0.01) << "nothing but the tone";
  for (std::size_t size = 0; size + GetParam().spared < whole.size(); ++size) {
    EXPECT_EQ(error_of([&] { decode_audio(bytes_of(whole.substr(0, size)), 16000, "v"); }).first,
              Exit::bad_data)
        << size << " of " << whole.size();
  }
}

// MP3, Vorbis and Opus by libsndfile 1.2 (with LAME), AAC in M4A by FFmpeg.
INSTANTIATE_TEST_SUITE_P(Formats, DecodeEncodedAudio,
                         testing::Values(Encoded{"tone.mp3", 9600, 72},
                                         Encoded{"vorbis.ogg", 9600, 0},
                                         Encoded{"opus.ogg", 9600, 0},
                                         Encoded{"tone.m4a", 9600, 0}));

/// 4,000 samples at 48 kHz with a burst around sample 1,500, as encoders filled them up at both
/// ends.
struct Ended {
  const char* file;
  std::size_t samples;
};

class EndsOfRecordings : public testing::TestWithParam<Ended> {};

TEST_P(EndsOfRecordings, AreWhereTheFilesPutThem) {
  const std::string file = concat(WEFT_SOURCE_DIR "/tests/host/data/ends/", GetParam().file);
  const std::vector<float> samples = decode_audio(bytes_of(read_file(file)), 48'000, "v").samples;
  EXPECT_EQ(samples.size(), GetParam().samples);
  double along = 0, power = 0, wanted = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double n = static_cast<double>(i) - 1500;
    const double burst =
        0.5 * std::exp(-n * n / (120 * 120)) * std::cos(2 * std::numbers::pi * 2'000 * n / 48'000);
    along += burst * static_cast<double>(samples[i]);
    power += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
    wanted += burst * burst;
  }
  // One sample too late or too early makes it 0.965: the phase has moved by 15 degrees.
  EXPECT_GT(along / std::sqrt(power * wanted), 0.99);
}

// The lengths are those of libsndfile and of the edit lists: tests/reference/recording_ends.py.
INSTANTIATE_TEST_SUITE_P(Formats, EndsOfRecordings,
                         testing::Values(Ended{"opus.ogg", 4000}, Ended{"vorbis.ogg", 4000},
                                         Ended{"lame.mp3", 4000}, Ended{"lame.mkv", 4000},
                                         Ended{"opus.mkv", 4000}, Ended{"opus.mp4", 3984},
                                         Ended{"lame.mp4", 3984}, Ended{"aac.m4a", 3984},
                                         Ended{"aac.mov", 3984}));

TEST(DecodeAudio, TruncationOfPagesAndPacketsIsNamed) {
  const std::string ogg = read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/vorbis.ogg");
  EXPECT_EQ(
      error_of([&] { decode_audio(bytes_of(ogg.substr(0, 4000)), 16000, "v.ogg"); }).second,
      std::string("v.ogg cannot be decoded: it is cut off, or damaged between pages") + k_remedy);
  std::string damaged = ogg;
  damaged[3500] ^= 0x10;
  EXPECT_EQ(error_of([&] { decode_audio(bytes_of(damaged), 16000, "v.ogg"); }).second,
            std::string("v.ogg cannot be decoded: its page at byte 3446 is damaged: its checksum "
                        "is wrong") +
                k_remedy);
  const std::string mp3 = read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/tone.mp3");
  EXPECT_EQ(error_of([&] { decode_audio(bytes_of(mp3.substr(0, 1728)), 16000, "v.mp3"); }).second,
            std::string("v.mp3 cannot be decoded: it is cut off") + k_remedy);
}

TEST(DecodeAudio, APictureOfTheCoverIsPassedOver) {
  const std::string mp3 = read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/tone.mp3");
  const auto size_of = [](std::size_t size, int bits) {
    std::string bytes;
    for (int i = 3; i >= 0; --i) {
      bytes += static_cast<char>(size >> (bits * i) & ((std::size_t{1} << bits) - 1));
    }
    return bytes;
  };
  const std::string picture = std::string("\0image/png\0\3\0", 13) + noise_png(9, 7);
  const std::string frame = "APIC" + size_of(picture.size(), 8) + std::string(2, '\0') + picture;
  const std::string tagged = std::string("ID3\3\0\0", 6) + size_of(frame.size(), 7) + frame + mp3;
  EXPECT_EQ(decode_audio(bytes_of(tagged), 16000, "v").samples,
            decode_audio(bytes_of(mp3), 16000, "v").samples);
}

}  // namespace
}  // namespace weft::host
