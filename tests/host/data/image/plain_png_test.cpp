// SPDX-License-Identifier: Apache-2.0
/// PNGs as the specification (3rd edition, 11) has them; pictures are written by hand,
/// uncompressed.
#include "host/data/image/plain_png.hpp"

#include <gmock/gmock.h>

#include "host/base/text.hpp"
#include "host/data/image/decode_image.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::big;
using test::bytes_of;
using test::error_of;
using test::png_chunk;
using test::zlib_stored;
using testing::ElementsAre;
using testing::HasSubstr;

struct Form {
  std::uint32_t height = 1, width = 1;
  char depth = 8, colour = 0;
};

std::string head(const Form& form) {
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", big(form.width) + big(form.height) + form.depth +
                                                     form.colour + std::string(3, '\0'));
}

std::string picture(const Form& form, const std::string& rows, const std::string& before = "") {
  return head(form) + before + png_chunk("IDAT", zlib_stored(rows)) + png_chunk("IEND", "");
}

std::vector<std::uint8_t> seen(const std::string& bytes, std::uint8_t background = 0) {
  return decode_image(bytes_of(bytes),
                      {.channels = 1, .background = {background, background, background}}, "p")
      .pixels;
}

TEST(PlainPng, APlainOneIsLeftAlone) {
  EXPECT_FALSE(plain_png(bytes_of(picture({}, std::string("\0\x07", 2))), "p"));
  EXPECT_FALSE(plain_png(bytes_of("\x89PNG and nothing more"), "p"));
}

TEST(PlainPng, GreyOfFewBitsIsTransparentWhereItsValueSays) {
  // Two bits: the values 0, 1, 2, 3 are 0, 85, 170, 255.
  const std::string rows("\0\x1b", 2);
  EXPECT_THAT(seen(picture({1, 4, 2}, rows), 9), ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(seen(picture({1, 4, 2}, rows, png_chunk("tRNS", std::string("\0\2", 2))), 9),
              ElementsAre(0, 85, 9, 255));
  EXPECT_THAT(
      seen(picture({1, 2, 1}, std::string("\0\x40", 2), png_chunk("tRNS", std::string("\0\1", 2))),
           9),
      ElementsAre(0, 9));
  EXPECT_THAT(
      seen(picture({1, 2, 4}, std::string("\0\x0f", 2), png_chunk("tRNS", std::string("\0\0", 2))),
           9),
      ElementsAre(9, 255));
  EXPECT_THAT(seen(picture({1, 2, 8}, std::string("\0\x0f\x10", 3),
                           png_chunk("tRNS", std::string("\0\x10", 2))),
                   9),
              ElementsAre(15, 9));
  // A value that no pixel can have hides nothing.
  EXPECT_THAT(
      seen(picture({1, 2, 1}, std::string("\0\x40", 2), png_chunk("tRNS", std::string("\0\7", 2))),
           9),
      ElementsAre(0, 255));
}

TEST(PlainPng, APaletteMustBeThere) {
  const std::string rows("\0\1", 2);
  EXPECT_THAT(seen(picture({1, 1, 8, 3}, rows, png_chunk("PLTE", "\1\1\1\x64\x64\x64"))),
              ElementsAre(100));
  EXPECT_EQ(
      error_of([&] {
        seen(picture({1, 1, 8, 3}, rows));
      }),
      std::pair(Exit::bad_data,
                std::string(
                    "p cannot be decoded: it is a PNG of palette colours without a palette (PLTE). "
                    "Replace the file in the data.")));
}

std::string complaint(const std::string& bytes) {
  const auto [exit, sentence] = error_of([&] { seen(bytes); });
  EXPECT_EQ(exit, Exit::bad_data) << sentence;
  return sentence;
}

TEST(PlainPng, APaletteIsOneThatTheSpecificationAllows) {
  const std::string rows("\0\0", 2);
  for (const std::size_t size : {0, 4, 769, 771}) {
    EXPECT_THAT(
        complaint(picture({1, 1, 8, 3}, rows, png_chunk("PLTE", std::string(size, '\x64')))),
        HasSubstr(concat("it is a PNG whose palette (PLTE) has ", size, " bytes. ")));
  }
  EXPECT_THAT(seen(picture({1, 1, 8, 3}, rows, png_chunk("PLTE", std::string(768, '\x64')))),
              ElementsAre(100));
  EXPECT_THAT(complaint(head({1, 1, 8, 3}) + png_chunk("IDAT", zlib_stored(rows)) +
                        png_chunk("PLTE", "ddd") + png_chunk("IEND", "")),
              HasSubstr("it is a PNG whose palette (PLTE) follows its pixels. "));
}

TEST(PlainPng, AnUnknownChunkThatPixelsDependOnIsRefused) {
  const std::string rows("\0\x07", 2);
  EXPECT_THAT(complaint(picture({}, rows, png_chunk("ABcD", "x"))),
              HasSubstr("it is a PNG with the chunk \"ABcD\", which its pixels depend on"));
  const std::string plain = picture({}, rows);
  EXPECT_THAT(complaint(plain.substr(0, 8) + png_chunk("CgBI", big(2)) + plain.substr(8)),
              HasSubstr("it is a PNG that begins with the chunk \"CgBI\" instead of its head"));
  std::string mangled = plain;
  mangled.erase(4, 1);  // the carriage return of the signature
  EXPECT_THAT(complaint(mangled), HasSubstr("it is a PNG in which line ends were changed"));
  EXPECT_THAT(seen(picture({}, rows, png_chunk("aBCD", "x"))), ElementsAre(7));
}

TEST(PlainPng, AnAnimationIsItsDefaultPicture) {
  const std::string control = png_chunk("acTL", big(2) + big(0));
  const std::string frame = png_chunk(
      "fcTL", big(0) + big(1) + big(1) + big(0) + big(0) + std::string("\0\1\0\1\0\0", 6));
  std::string bytes = picture({}, std::string("\0\x07", 2), control + frame);
  const std::string second = png_chunk("fcTL", big(1) + big(1) + big(1) + big(0) + big(0) +
                                                   std::string("\0\1\0\1\0\0", 6)) +
                             png_chunk("fdAT", big(2) + zlib_stored(std::string("\0\x63", 2)));
  bytes.insert(bytes.size() - 12, second);
  EXPECT_THAT(seen(bytes), ElementsAre(7));
}

/// Texts, profiles and what lies behind the end reach no decoder: they could grow a thousandfold.
TEST(PlainPng, OnlyWhatTellsOfPixelsIsLeft) {
  std::string more;
  for (const char* name : {"tEXt", "zTXt", "iTXt", "iCCP", "eXIf", "gAMA", "prVt"})
    more += png_chunk(name, "Comment");
  const std::string bytes = picture({}, std::string("\0\x07", 2), more);
  EXPECT_EQ(plain_png(bytes_of(bytes + "behind"), "p"),
            bytes_of(picture({}, std::string("\0\x07", 2))));
  EXPECT_THAT(seen(bytes), ElementsAre(7));
}

TEST(PlainPng, WhatIsCutOffStaysSo) {
  const std::string whole =
      picture({}, std::string("\0\x07", 2), png_chunk("tEXt", "k" + std::string(1, '\0') + "text"));
  const std::size_t end = whole.size() - 12;  // the decoder does without IEND
  for (std::size_t size = 8; size < whole.size(); ++size) {
    if (size == end) continue;
    EXPECT_EQ(error_of([&] { seen(whole.substr(0, size)); }).first, Exit::bad_data) << size;
  }
  // The same in a text behind the pixels.
  const std::string text = png_chunk("tEXt", "k" + std::string(1, '\0') + "text");
  for (std::size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(error_of([&] { seen(whole.substr(0, end) + text.substr(0, size)); }).first,
              Exit::bad_data)
        << size;
  }
  EXPECT_THAT(seen(whole.substr(0, end) + text), ElementsAre(7));
}

/// FFmpeg fills them with grey or black.
TEST(PlainPng, AllRowsMustBeThere) {
  const std::string rows("\0\1\2\0\3\4\0\5\6", 9);
  EXPECT_THAT(seen(picture({3, 2}, rows)), ElementsAre(1, 2, 3, 4, 5, 6));
  for (const std::size_t size : {3, 6, 8}) {
    EXPECT_THAT(complaint(picture({3, 2}, rows.substr(0, size))),
                HasSubstr("p cannot be decoded: it is a PNG of which rows are missing. "))
        << size;
  }
  EXPECT_THAT(complaint(picture({3, 2}, rows.substr(0, 6), png_chunk("tEXt", "k"))),
              HasSubstr("it is a PNG of which rows are missing. "));
  const std::string whole = picture({3, 2}, rows);
  EXPECT_THAT(complaint(whole.substr(0, whole.size() - 20)), HasSubstr("a PNG that is cut off. "));
  EXPECT_THAT(complaint(head({3, 2}) + png_chunk("IEND", "")),
              HasSubstr("it is a PNG without pixels (IDAT). "));
  EXPECT_THAT(complaint(head({3, 2}) + png_chunk("IDAT", zlib_stored(rows.substr(0, 3))) +
                        png_chunk("IEND", "x")),
              HasSubstr("it is a PNG whose end (IEND) is not empty. "));
}

/// A picture as small as can be has passes without rows (PNG, 8.2), which miss nothing.
TEST(PlainPng, AllRowsOfAllPassesMustBeThere) {
  constexpr int k_passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                  {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  for (int height = 1; height <= 9; ++height) {
    for (int width = 1; width <= 9; ++width) {
      std::string rows;
      std::size_t last = 0;
      std::vector<std::uint8_t> expected(static_cast<std::size_t>(height * width));
      for (const auto& [x0, y0, dx, dy] : k_passes) {
        for (int y = y0; y < height && x0 < width; y += dy) {
          last = rows.size();
          rows += '\0';
          for (int x = x0; x < width; x += dx) {
            rows += static_cast<char>(16 * y + x);
            expected[static_cast<std::size_t>(y * width + x)] =
                static_cast<std::uint8_t>(16 * y + x);
          }
        }
      }
      std::string interlaced =
          head({static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width)});
      interlaced = interlaced.substr(0, 8) + png_chunk("IHDR", interlaced.substr(16, 12) + '\1');
      const std::string end = png_chunk("IEND", "");
      EXPECT_EQ(seen(interlaced + png_chunk("IDAT", zlib_stored(rows)) + end), expected)
          << height << " x " << width;
      if (last == 0) continue;  // without a row FFmpeg says so itself
      EXPECT_THAT(
          complaint(interlaced + png_chunk("IDAT", zlib_stored(rows.substr(0, last))) + end),
          HasSubstr("it is a PNG of which rows are missing. "))
          << height << " x " << width;
    }
  }
}

}  // namespace
}  // namespace weft::host
