// SPDX-License-Identifier: Apache-2.0
/// Pictures and recordings that are made to harm: each is refused with its sentence.

#include <gmock/gmock.h>

#include <ctime>

#include "host/base/text.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/image/decode_image.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::bytes_of;
using test::error_of;
using test::png;
using test::read_file;
using test::wav;

void picture_is_refused(const std::string& bytes, const std::string& reason) {
  EXPECT_EQ(error_of([&] { decode_image(bytes_of(bytes), {}, "s.tar, sample a: p.png"); }),
            std::pair(Exit::bad_data, "s.tar, sample a: p.png cannot be decoded: " + reason +
                                          ". Replace the file in the data."));
}

void recording_is_refused(const std::string& bytes, const std::string& reason, int rate = 8000) {
  EXPECT_EQ(error_of([&] { decode_audio(bytes_of(bytes), rate, "s.tar, sample a: v.wav"); }),
            std::pair(Exit::bad_data, "s.tar, sample a: v.wav cannot be decoded: " + reason +
                                          ". Replace the file in the data."));
}

std::string halves() {
  return read_file(WEFT_SOURCE_DIR "/tests/host/data/image/halves.jpg");
}

/// The picture with another size in its head and `more` behind it.
std::string png_of_size(std::uint32_t height, std::uint32_t width, std::size_t more = 0) {
  std::string bytes = png(1, 1, 1, {7});
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[16 + i] = static_cast<char>(width >> (24 - 8 * i));
    bytes[20 + i] = static_cast<char>(height >> (24 - 8 * i));
  }
  return bytes + std::string(more, ' ');
}

std::string jpeg_of_size(std::uint16_t height, std::uint16_t width) {
  std::string bytes = halves();
  const std::size_t frame = bytes.find("\xff\xc0");
  for (std::size_t i = 0; i < 2; ++i) {
    bytes[frame + 5 + i] = static_cast<char>(height >> (8 - 8 * i));
    bytes[frame + 7 + i] = static_cast<char>(width >> (8 - 8 * i));
  }
  return bytes;
}

TEST(HostileImage, TooManyPixels) {
  picture_is_refused(png_of_size(20000, 20000),
                     "it has 20000 x 20000 pixels; at most 64000000 are read");
  picture_is_refused(png_of_size(UINT32_MAX, UINT32_MAX),
                     "it has 4294967295 x 4294967295 pixels; at most 64000000 are read");
  picture_is_refused(png_of_size(1, 64'000'001, 400'000),
                     "it has 1 x 64000001 pixels; at most 64000000 are read");
  picture_is_refused(jpeg_of_size(20000, 20000),
                     "it has 20000 x 20000 pixels; at most 64000000 are read");
}

TEST(HostileImage, TooManyPixelsForItsBytes) {
  picture_is_refused(png_of_size(5000, 5000),
                     concat("it has 5000 x 5000 pixels in ", png(1, 1, 1, {7}).size(),
                            " bytes; at most 200 pixels a byte are read"));
  // With as many bytes as it needs FFmpeg reads on and finds it damaged.
  picture_is_refused(png_of_size(5000, 5000, 125'000), "it is damaged, or cut off");
}

TEST(HostileImage, WithoutAPixel) {
  picture_is_refused(png_of_size(0, 0), "it has 0 x 0 pixels");
  picture_is_refused(png_of_size(5, 0), "it has 5 x 0 pixels");
  picture_is_refused(jpeg_of_size(0, 8), "it has 0 x 8 pixels");
}

/// ITU-T T.81, table B.1: the markers of frames say how they are coded.
TEST(HostileImage, JpegsOfOtherCodings) {
  const auto with = [](char marker, char precision) {
    std::string bytes = jpeg_of_size(8, 8);
    const std::size_t frame = bytes.find("\xff\xc0");
    bytes[frame + 1] = marker;
    bytes[frame + 4] = precision;
    return bytes;
  };
  picture_is_refused(with('\xc1', 12), "it is a JPEG of 12 bits a sample; 8 are read");
  picture_is_refused(with('\xc2', 12), "it is a JPEG of 12 bits a sample; 8 are read");
  picture_is_refused(with('\xc3', 8), "it is a lossless JPEG, which is not read");
  picture_is_refused(with('\xc5', 8), "it is a hierarchical JPEG, which is not read");
  picture_is_refused(with('\xc9', 8), "it is a JPEG coded arithmetically, which is not read");
}

TEST(HostileImage, ScansWithoutEnd) {
  std::string bytes = halves();
  for (int i = 0; i < 500; ++i) bytes.insert(bytes.rfind("\xff\xda"), "\xff\xda");
  picture_is_refused(bytes, "it is a JPEG in more than 500 scans");
}

TEST(HostileImage, OfManyPicturesTheFirstIsDecodedAlone) {
  // The second one is damaged.
  const Bytes bytes = bytes_of(png(1, 3, 1, {7, 8, 9}) + png_of_size(24, 8));
  EXPECT_THAT(decode_image(bytes, {}, "p").pixels, testing::ElementsAre(7, 8, 9));
}

TEST(HostileImage, OtherFormatsAndPlaylists) {
  const test::Folder folder;
  const std::string real = folder.path("real.png");
  test::write_file(real, png(1, 1, 1, {7}));
  for (const std::string& text : {std::string(), "#EXTM3U\n#EXTINF:1,\nfile://" + real + "\n",
                                  "ffconcat version 1.0\nfile '" + real + "'\n",
                                  std::string("v=0\nm=video 1 RTP/AVP 26\n")}) {
    picture_is_refused(text, "it is neither PNG, JPEG nor WebP, or its head is damaged");
  }
}

TEST(HostileImage, AnotherFormatIsNamed) {
  picture_is_refused("GIF89a", "it is a GIF, neither PNG, JPEG nor WebP");
  picture_is_refused("BM and so on", "it is a BMP, neither PNG, JPEG nor WebP");
  picture_is_refused(std::string("II*\0 and so on", 14),
                     "it is a TIFF, neither PNG, JPEG nor WebP");
  picture_is_refused("\n<!DOCTYPE html>", "it is a web page, neither PNG, JPEG nor WebP");
  picture_is_refused(read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/ramp.flac"),
                     "it is a FLAC file, neither PNG, JPEG nor WebP");
}

TEST(HostileAudio, TextsOfATagAreNotCompared) {
  // Each of another name: FFmpeg would look at all others for each of them.
  constexpr int k_count = 200'000;
  std::string texts;
  for (int i = 0; i < k_count; ++i) {
    texts += std::string("TXXX\0\0\0\x0c\0\0\0k", 12) + std::to_string(100'000 + i) +
             std::string("\0vvv", 4);
  }
  std::string tag("ID3\3\0\0", 6);
  for (int shift = 21; shift >= 0; shift -= 7) {
    tag += static_cast<char>(texts.size() >> shift & 0x7f);
  }
  const std::string mp3 = read_file(WEFT_SOURCE_DIR "/tests/host/data/ends/lame.mp3");
  const std::clock_t begin = std::clock();
  const Audio tagged = decode_audio(bytes_of(tag + texts + mp3), 48'000, "v");
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 10) << "seconds of processor time";
  EXPECT_EQ(tagged.samples, decode_audio(bytes_of(mp3), 48'000, "v").samples);
}

TEST(HostileAudio, AnM4AWithoutItsTableIsCutOff) {
  // Its boxes are ftyp, free, mdat and moov: a cut between two of them leaves whole boxes.
  const std::string whole = read_file(WEFT_SOURCE_DIR "/tests/host/data/ends/aac.m4a");
  const std::size_t table = whole.find("moov") - 4;
  for (const std::size_t size : {whole.find("free") - 4, whole.find("mdat") - 4, table}) {
    recording_is_refused(whole.substr(0, size),
                         "it is an MP4 or M4A that is cut off: its table (moov) is not there");
  }
  recording_is_refused(whole.substr(0, table - 1), "it is cut off");
}

TEST(HostileAudio, OtherFormatsAndPlaylists) {
  const test::Folder folder;
  const std::string real = folder.path("real.wav");
  test::write_file(real, wav(8000, 1, {1, 2, 3}));
  for (const std::string& text :
       {"#EXTM3U\n#EXTINF:1,\nfile://" + real + "\n", "ffconcat version 1.0\nfile '" + real + "'\n",
        std::string("v=0\nm=audio 1 RTP/AVP 0\n")}) {
    recording_is_refused(
        text, "it is neither WAV, FLAC, MP3, Ogg, M4A, MP4 nor WebM, or its head is damaged");
  }
}

TEST(HostileAudio, AnotherFormatIsNamed) {
  const std::string read = "neither WAV, FLAC, MP3, Ogg, M4A, MP4 nor WebM";
  recording_is_refused("ID3 or so", "it is an MP3 whose head is damaged");
  recording_is_refused("FORM....AIFFCOMM", "it is an AIFF recording, " + read);
  recording_is_refused(".snd and so on", "it is an AU recording, " + read);
  recording_is_refused("PK\3\4 and so on", "it is a ZIP archive, " + read);
}

TEST(HostileAudio, WithoutASample) {
  recording_is_refused(wav(8000, 1, {}), "it holds no sound");
}

TEST(HostileAudio, AHeadThatClaimsTenHours) {
  std::string bytes = wav(8000, 1, std::vector<std::int16_t>(500, 1));
  bytes.replace(40, 4, std::string("\x00\xd0\x55\x22", 4));  // 36,000 s x 16,000 bytes
  recording_is_refused(bytes, "it is cut off after 1000 of 576049152 bytes of sound");

  bytes = read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/ramp.flac");  // 8 kHz
  bytes[21] = static_cast<char>((bytes[21] & 0xf0) | 0);                  // 36 bits of samples
  bytes.replace(22, 4, std::string("\x11\x2a\x88\x00", 4));               // 288,000,000
  recording_is_refused(bytes, "it is 36000 seconds long; at most 600 are read");
}

TEST(HostileAudio, MoreSecondsThanAreRead) {
  std::string bytes = wav(1000, 1, std::vector<std::int16_t>(601'000, 1));
  recording_is_refused(bytes, "it is 601 seconds long; at most 600 are read", 1000);
  bytes.replace(40, 4, "\xff\xff\xff\xff");  // written to a pipe: unknown
  recording_is_refused(bytes, "it is 601 seconds long; at most 600 are read", 1000);
}

std::string tone(const std::string& kind) {
  return read_file(WEFT_SOURCE_DIR "/tests/host/data/audio/tone." + kind);
}

/// Big-endian.
std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string mp3_that_claims(std::uint32_t frames) {
  std::string bytes = tone("mp3");
  return bytes.replace(bytes.find("Xing") + 8, 4, word(frames));
}

TEST(HostileAudio, AnMp3OfMoreSecondsThanAreRead) {
  // 36 ms a frame
  recording_is_refused(mp3_that_claims(100'000), "it is 3600 seconds long; at most 600 are read");
  recording_is_refused(mp3_that_claims(1'000), "it is cut off");
  std::string endless;
  for (int i = 0; i < 1300; ++i) endless += tone("mp3").substr(288);  // without the head
  recording_is_refused(endless, "it is longer than 600 seconds");
}

TEST(HostileAudio, AnM4aOfMoreSecondsThanAreRead) {
  std::string bytes = tone("m4a");
  bytes.replace(bytes.find("edts"), 4, "free");
  bytes.replace(bytes.find("mdhd") + 20, 4, word(16000 * 700));
  bytes.replace(bytes.find("stts") + 16, 4, word(16000 * 70));  // 10 packets and a short one
  recording_is_refused(bytes, "it is 700 seconds long; at most 600 are read");
}

TEST(HostileAudio, AnM4aThatListsWhatItDoesNotHold) {
  std::string bytes = tone("m4a");
  bytes.replace(bytes.find("stsz") + 8, 8, word(1) + word(2'000'000'000));  // of 1 byte each
  recording_is_refused(bytes, "it lists 2000000000 packets in 4477 bytes");
  bytes.replace(bytes.find("stsz") + 12, 4, word(4477));
  EXPECT_EQ(error_of([&] { decode_audio(bytes_of(bytes), 8000, "v"); }).first, Exit::bad_data);
  for (const std::string name : {"trun", "cmov"}) {
    bytes = tone("m4a");
    recording_is_refused(bytes.replace(bytes.find("sgpd"), 4, name),
                         "it is an M4A or MP4 in fragments or with a compressed head");
  }
}

TEST(HostileAudio, AnM4aThatRefersToAnotherFileIsReadFromItsOwnBytes) {
  const test::Folder folder;
  test::write_file(folder.path("real.m4a"), tone("m4a"));
  std::string bytes = tone("m4a");
  const std::string path = "file://" + folder.path("real.m4a") + '\0';
  const auto more = static_cast<std::uint32_t>(path.size());
  const std::size_t entry = bytes.find(std::string("\0\0\0\x0curl \0\0\0\1", 12));
  ASSERT_NE(entry, std::string::npos);
  bytes.replace(entry, 12, word(12 + more) + "url " + word(0) + path);
  const auto grow = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    bytes.replace(at, 4, word(value + more));
  };
  for (const char* name : {"moov", "trak", "mdia", "minf", "dinf", "dref"}) {
    grow(bytes.find(name) - 4);
  }
  grow(bytes.find("stco") + 12);  // where the sound lies
  EXPECT_EQ(decode_audio(bytes_of(bytes), 8000, "v").samples,
            decode_audio(bytes_of(tone("m4a")), 8000, "v").samples);
  recording_is_refused(bytes.substr(0, bytes.find("mdat") - 4), "it is cut off");
}

TEST(HostileAudio, ACodecInAFormatOfAnother) {
  std::string bytes = wav(8000, 1, std::vector<std::int16_t>(500, 1));
  bytes[20] = 0x55;  // MP3
  EXPECT_EQ(error_of([&] { decode_audio(bytes_of(bytes), 8000, "v"); }).first, Exit::bad_data);
  bytes = tone("m4a");
  bytes.replace(bytes.find("mp4a"), 4, "sowt");  // PCM,
  bytes.replace(bytes.find("esds"), 4, "free");  // and nothing else said
  EXPECT_EQ(error_of([&] { decode_audio(bytes_of(bytes), 8000, "v"); }).first, Exit::bad_data);
}

TEST(HostileAudio, MoreChannelsThanAreRead) {
  EXPECT_EQ(decode_audio(bytes_of(wav(8000, 64, std::vector<std::int16_t>(64, 8192))), 8000, "v")
                .samples.size(),
            1U);
  recording_is_refused(wav(8000, 65, std::vector<std::int16_t>(65, 1)),
                       "it has 65 channels; at most 64 are read");
  recording_is_refused(wav(8000, 512, std::vector<std::int16_t>(512, 1)),
                       "it has 512 channels; at most 64 are read");
}

TEST(HostileAudio, SamplesThatAreNoNumbers) {
  std::string bytes = wav(8000, 1, {0, 0x3f00, 0, 0x7fc0});  // 0.5 and a NaN
  bytes[20] = 3;                                             // floating point,
  bytes[32] = 4;                                             // 4 bytes
  bytes[34] = 32;
  recording_is_refused(bytes, "it holds samples that are not finite numbers");
  EXPECT_THAT(decode_audio(bytes_of(bytes.replace(50, 2, 2, '\0')), 8000, "v").samples,
              testing::ElementsAre(0.5F, 0.0F));
}

TEST(HostileAudio, RatesThatNothingIsRecordedAt) {
  recording_is_refused(wav(999, 1, {1, 2}),
                       "it has 999 samples per second, not from 1000 to 768000");
  recording_is_refused(wav(2'000'000'000, 1, {1, 2}),
                       "it has 2000000000 samples per second, not from 1000 to 768000");
}

}  // namespace
}  // namespace weft::host
