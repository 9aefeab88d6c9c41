// SPDX-License-Identifier: Apache-2.0
/// Metadata by the megabyte change nothing of what is decoded, and cost no more than their bytes.

#include "host/data/codec/metadata.hpp"

#include <gmock/gmock.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "host/data/audio/decode_audio.hpp"
#include "host/data/image/decode_image.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::big;
using test::bytes_of;
using test::error_of;
using test::png_chunk;
using test::read_file;
using test::zlib_stored;

constexpr std::size_t k_size = std::size_t{16} << 20;
/// What decoding takes for itself, in KiB.
#ifdef __SANITIZE_ADDRESS__
constexpr long k_free = 24 << 10;  // what was freed is kept for a while
#else
constexpr long k_free = 12 << 10;
#endif

std::string file(const std::string& name) {
  return read_file(WEFT_SOURCE_DIR "/tests/" + name);
}

/// By how many KiB the memory of a process of its own grows at most while `action` runs.
long growth_of(const std::function<void()>& action) {
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  int ends[2];
  if (pipe(ends) != 0) return -1;
  malloc_trim(0);  // what is free already must not hide growth
  const pid_t child = fork();
  if (child == 0) {
    const long before = peak();
    try {
      action();
    } catch (const Error&) {  // it was read up to there
    }
    const long growth = peak() - before;
    _exit(write(ends[1], &growth, sizeof growth) == sizeof growth ? 0 : 1);
  }
  close(ends[1]);
  long growth = -1;
  if (read(ends[0], &growth, sizeof growth) != sizeof growth) growth = -1;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return growth;
}

/// Decodes `fat` as `lean` and in memory of at most `most` KiB.
void recording_is_the_same(const std::string& fat, const std::string& lean, long most = k_free) {
  const std::vector<float> expected = decode_audio(bytes_of(lean), 48'000, "v").samples;
  const Bytes bytes = bytes_of(fat);
  const long growth = growth_of([&] { decode_audio(bytes, 48'000, "v"); });
  EXPECT_GE(growth, 0);
  EXPECT_LT(growth, most) << "KiB, of " << fat.size() / 1024;
  const std::clock_t begin = std::clock();
  EXPECT_EQ(decode_audio(bytes, 48'000, "v").samples, expected);
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 10) << "seconds of processor time";
}

std::string little(std::size_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

/// The comments of Vorbis: texts of different names.
std::string comments(std::size_t size) {
  std::string texts;
  std::size_t count = 0;
  while (texts.size() < size) {
    const std::string text = "NAME" + std::to_string(1'000'000 + count++) + "=value";
    texts += little(text.size()) + text;
  }
  return little(4) + "weft" + little(count) + texts + '\1';
}

/// EXIF whose entries all lead to the same bytes: FFmpeg would write each out as a text.
std::string exif() {
  constexpr std::size_t k_entries = 2000, k_values = 30'000;
  std::string tiff = "MM" + std::string("\0*\0\0\0\x08\x07\xd0", 8);
  for (std::size_t i = 0; i < k_entries; ++i) {
    const std::size_t tag = 0x8000 + i;
    tiff += static_cast<char>(tag >> 8);
    tiff += static_cast<char>(tag & 0xff);
    tiff += std::string("\0\1", 2) + big(k_values) + big(10 + 12 * k_entries + 4);
  }
  return tiff + std::string(4, '\0') + std::string(k_values, '\xc8');
}

TEST(Metadata, ExifOfAJpeg) {
  const std::string lean = file("host/data/image/halves.jpg");
  const std::string segment = std::string("Exif\0\0", 6) + exif();
  const std::size_t length = segment.size() + 2;
  const std::string fat = lean.substr(0, 2) + "\xff\xe1" + static_cast<char>(length >> 8) +
                          static_cast<char>(length & 0xff) + segment + lean.substr(2);
  const Bytes bytes = bytes_of(fat);
  EXPECT_LT(growth_of([&] { decode_image(bytes, {}, "p"); }), k_free);
  EXPECT_EQ(decode_image(bytes, {}, "p").pixels, decode_image(bytes_of(lean), {}, "p").pixels);
}

TEST(Metadata, ExifOfAWebP) {
  std::string lean = file("reference/pictures/turned_6.webp");
  const std::string block = exif();
  std::string fat = lean.substr(0, lean.find("EXIF")) + "EXIF" + little(block.size()) + block;
  fat.replace(4, 4, little(fat.size() - 8));
  const Bytes bytes = bytes_of(fat);
  EXPECT_LT(growth_of([&] { decode_image(bytes, {}, "p"); }), k_free);
  // The orientation is still read, from the head: this block has none.
  lean.replace(lean.find("EXIF"), 4, "NONE");
  EXPECT_EQ(decode_image(bytes, {}, "p").pixels, decode_image(bytes_of(lean), {}, "p").pixels);
}

TEST(Metadata, TextsOfAPngThatIsCutOff) {
  const std::string head =
      "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", big(1) + big(1) + "\x08" + std::string(4, '\0'));
  const std::string text = "k" + std::string(2, '\0') + zlib_stored(std::string(60'000, 't'));
  std::string texts;
  while (texts.size() < k_size) texts += png_chunk("zTXt", text);
  const std::string pixels = png_chunk("IDAT", zlib_stored(std::string("\0\x07", 2)));
  for (const std::string& bytes :
       {head + texts + pixels, head + texts + pixels + std::string("\0\0\0\0IE", 6),
        head.substr(0, 8) + texts + pixels}) {
    const Bytes whole = bytes_of(bytes);
    EXPECT_LT(growth_of([&] { decode_image(whole, {}, "p"); }), k_free);
  }
  EXPECT_THAT(decode_image(bytes_of(head + texts + pixels), {.channels = 1}, "p").pixels,
              testing::ElementsAre(7));
  const std::string headless = head.substr(0, 8) + png_chunk("gAMA", big(1) + big(1));
  EXPECT_EQ(
      error_of([&] { decode_image(bytes_of(headless + pixels), {}, "p"); }),
      std::pair(Exit::bad_data,
                std::string("p cannot be decoded: it is a PNG that begins with the chunk \"gAMA\" "
                            "instead of its head (IHDR). Replace the file in the data.")));
}

TEST(Metadata, PicturesAndTextsOfAFlac) {
  const std::string lean = file("host/data/audio/ramp.flac");
  const auto block = [](char type, const std::string& content) {
    return type + big(static_cast<std::uint32_t>(content.size())).substr(1) + content;
  };
  const std::string picture = big(3) + big(9) + "image/png" + big(0) + std::string(16, '\0') +
                              big(4 << 20) + std::string(4 << 20, 'p');
  std::string fat = lean.substr(0, 42);
  fat[4] = '\0';  // not the last block
  for (int i = 0; i < 3; ++i) fat += block('\6', picture);
  fat += block('\4', comments(4 << 20)) + block('\x81', "") + lean.substr(lean.find("\xff\xf8"));
  recording_is_the_same(fat, lean);
  // What is damaged is read by FFmpeg's own reader.
  const Bytes cut = bytes_of(fat.substr(0, fat.size() - 1));
  EXPECT_EQ(error_of([&] { decode_audio(cut, 48'000, "v"); }).first, Exit::bad_data);
  EXPECT_LT(growth_of([&] { decode_audio(cut, 48'000, "v"); }), k_free);
}

std::uint32_t checksum(const std::string& page) {
  std::uint32_t sum = 0;
  for (const char byte : page) {
    sum ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 24;
    for (int bit = 0; bit < 8; ++bit) sum = sum << 1 ^ ((sum >> 31) != 0 ? 0x04c11db7U : 0U);
  }
  return sum;
}

/// A packet in pages of a stream; the first of them has the number 1.
std::string pages(const std::string& stream, const std::string& packet) {
  std::string all;
  std::size_t at = 0;
  for (std::size_t number = 1; at <= packet.size(); ++number) {
    std::string lengths, content;
    while (lengths.size() < 255 && at <= packet.size()) {
      const std::size_t size = std::min<std::size_t>(255, packet.size() - at);
      lengths += static_cast<char>(size);
      content += packet.substr(at, size);
      at += size < 255 ? size + 1 : size;
    }
    std::string page = std::string("OggS\0", 5) + (number > 1 ? '\1' : '\0') +
                       std::string(8, at > packet.size() ? '\0' : '\xff') + stream +
                       little(number) + std::string(4, '\0') + static_cast<char>(lengths.size()) +
                       lengths + content;
    page.replace(22, 4, little(checksum(page)));
    all += page;
  }
  return all;
}

TEST(Metadata, TextsOfAnOgg) {
  const std::string lean = file("host/data/ends/opus.ogg");
  const std::size_t tags = lean.find("OggS", 4), sound = lean.find("OggS", tags + 4);
  const std::string fat = lean.substr(0, tags) +
                          pages(lean.substr(14, 4), "OpusTags" + comments(k_size)) +
                          lean.substr(sound);
  // FFmpeg puts the packet together from its pages.
  recording_is_the_same(fat, lean, 5 * (k_size >> 10) + k_free);
}

std::string box(const std::string& type, const std::string& content) {
  return big(static_cast<std::uint32_t>(content.size() + 8)) + type + content;
}

/// With more boxes at the end of `moov`, which is the last.
std::string with_boxes(const std::string& lean, const std::string& boxes) {
  const std::size_t moov = lean.find("moov") - 4;
  return lean.substr(0, moov) + box("moov", lean.substr(moov + 8) + boxes);
}

TEST(Metadata, UserDataOfAnMp4) {
  const std::string lean = file("host/data/ends/aac.m4a");
  std::string texts;
  while (texts.size() < k_size / 2) {
    const std::string name = box("name", big(0) + std::to_string(1'000'000 + texts.size()));
    texts += box("----", box("mean", big(0) + "org.weft") + name +
                             box("data", big(1) + big(0) + std::string(300, 'v')));
  }
  texts += box("covr", box("data", big(14) + big(0) + std::string(k_size / 2, 'p')));
  const std::string handler = box("hdlr", std::string(8, '\0') + "mdirappl" + std::string(9, '\0'));
  const std::string meta = box("meta", big(0) + handler + box("ilst", texts));
  recording_is_the_same(with_boxes(lean, box("udta", meta)), lean);
  recording_is_the_same(with_boxes(lean, meta), lean);
  const std::string text = std::string("\xa9nam", 4) + std::string(k_size, 't');
  recording_is_the_same(with_boxes(lean, box("udta", box(text.substr(0, 4), text))), lean);
  // Beside a note of iTunes, too.
  std::string note = " 00000000 00000000 00000000 0000000000000F90";
  note = box("----", box("mean", big(0) + "com.apple.iTunes") + box("name", big(0) + "iTunSMPB") +
                         box("data", big(1) + big(0) + note));
  const auto noted = [&](const std::string& more) {
    return with_boxes(lean, box("udta", box("meta", big(0) + handler + box("ilst", note + more))));
  };
  recording_is_the_same(noted(texts), noted(""));
}

/// An element whose size takes eight bytes.
std::string element(const std::string& id, const std::string& content) {
  std::string size = "\1" + big(0).substr(1) + big(static_cast<std::uint32_t>(content.size()));
  return id + size + content;
}

TEST(Metadata, AttachmentsOfAMatroskaFile) {
  const std::string lean = file("host/data/ends/opus.mkv");
  const std::size_t segment = lean.find("\x18\x53\x80\x67") + 4,
                    cluster = lean.find("\x1f\x43\xb6\x75");
  const std::string attached = element("\x46\x6e", "cover.png") + element("\x46\x60", "image/png") +
                               element("\x46\x5c", std::string(k_size, 'p')) +
                               element("\x46\xae", "1");
  const std::string tag =
      element("\x67\xc8", element("\x45\xa3", "NAME") + element("\x44\x87", "value"));
  std::string tags;
  while (tags.size() < k_size / 4) tags += tag;
  const std::string attachments = element("\x19\x41\xa4\x69", element("\x61\xa7", attached));
  // The segment becomes one of unknown size.
  const std::string head = lean.substr(0, segment) + "\1" + std::string(7, '\xff') +
                           lean.substr(segment + 8, cluster - segment - 8);
  const std::string rest = lean.substr(cluster);
  recording_is_the_same(head + attachments + rest, lean);
  recording_is_the_same(head + element("\x12\x54\xc3\x67", element("\x73\x73", tags)) + rest, lean);
  // An index that leads into an element in which they hide.
  const std::string index =
      element("\x11\x4d\x9b\x74", element("\x4d\xbb", element("\x53\xab", "\x19\x41\xa4\x69") +
                                                          element("\x53\xac", big(50 + 9))));
  const std::string hidden = index + element("\xec", attachments);
  recording_is_the_same(
      lean.substr(0, segment) + "\1" + std::string(7, '\xff') + hidden + lean.substr(segment + 8),
      lean);
  EXPECT_EQ(
      error_of([&] { decode_audio(bytes_of(head + "\x19\x41\xa4\x69\xff" + rest), 48'000, "v"); }),
      std::pair(Exit::bad_data,
                std::string("v cannot be decoded: its attachments, tags or chapters have no "
                            "size. Replace the file in the data.")));
}

TEST(Metadata, ChangesAreAppliedAcrossParts) {
  Changes changes;
  changes.add(6, "abcdefghij");
  changes.add(1, "xy");
  changes.sort();
  const std::string plain = "0123456789ABCDEFGHIJ", wanted = "0xy345abcdefghijGHIJ";
  for (std::size_t size = 1; size <= plain.size(); ++size) {
    std::string read;
    for (std::size_t at = 0; at < plain.size(); at += size) {
      std::string part = plain.substr(at, size);
      changes.apply(at, {reinterpret_cast<std::uint8_t*>(part.data()), part.size()});
      read += part;
    }
    EXPECT_EQ(read, wanted) << size;
  }
}

}  // namespace
}  // namespace weft::host
