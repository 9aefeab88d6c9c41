// SPDX-License-Identifier: Apache-2.0
/// Pictures of every form against Pillow and torchvision; tests/reference/pictures.py makes them.

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/base/random.hpp"
#include "host/data/image/decode_picture.hpp"
#include "host/data/image/image.hpp"
#include "host/data/image/resample.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using test::bytes_of;
using test::error_of;
using test::read_file;

constexpr Colour k_background = {200, 100, 50};

std::string path_of(const std::string& name) {
  return WEFT_SOURCE_DIR "/tests/reference/pictures/" + name;
}

Bytes bytes_of_picture(const std::string& name) {
  return bytes_of(read_file(path_of(name)));
}

Image pillow_image(const Bytes& bytes, int channels) {
  const PictureHead head = vetted_head(bytes, "p");
  return packed(decode_pixels(bytes, head, channels, k_background, {}, "p"));
}

/// The largest difference of two pictures; of other sizes, 256.
int distance(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width || a.channels != b.channels) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  }
  return largest;
}

/// The names of the pictures that have an expected one beside them.
std::vector<std::string> pictures() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_of(""))) {
    const std::string name = entry.path().filename().string(), end = ".expected.png";
    if (name.ends_with(end)) names.push_back(name.substr(0, name.size() - end.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Pictures : public testing::TestWithParam<std::string> {
 protected:
  std::string name() const { return GetParam(); }
  Bytes bytes() const { return bytes_of_picture(name()); }
  Image expected() const {
    return decode_image(bytes_of_picture(name() + ".expected.png"), {.channels = 3}, "p");
  }
};

TEST_P(Pictures, HavePillowsPixels) {
  EXPECT_EQ(distance(pillow_image(bytes(), 3), expected()), 0);
}

TEST_P(Pictures, AreGreyByPillowsBrightness) {
  const Image colours = expected(), grey = pillow_image(bytes(), 1);
  ASSERT_EQ(grey.pixels.size() * 3, colours.pixels.size());
  // A JPEG's stored brightness is that of its colours before these are rounded and held to a byte.
  const bool is_jpeg = name().ends_with("jpg");
  double sum = 0;
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
    const auto* const pixel = colours.pixels.data() + 3 * i;
    const int brightness = (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + 32768) >> 16;
    const int error = std::abs(grey.pixels[i] - brightness);
    sum += error;
    ASSERT_LE(error, is_jpeg ? 255 : 0) << i;
  }
  EXPECT_LT(sum / static_cast<double>(grey.pixels.size()), 2);
}

TEST_P(Pictures, AreTurnedAndOnTheirBackgroundInTheDefaultPathToo) {
  // FFmpeg converts colours in its own way: at most so far from Pillow's on average.
  const ImageForm form{.channels = 3, .background = k_background};
  const Image found = decode_image(bytes(), form, "p"), wanted = expected();
  ASSERT_EQ(found.height, wanted.height);
  ASSERT_EQ(found.width, wanted.width);
  double sum = 0;
  for (std::size_t i = 0; i < found.pixels.size(); ++i) {
    sum += std::abs(found.pixels[i] - wanted.pixels[i]);
  }
  EXPECT_LT(sum / static_cast<double>(found.pixels.size()), 8);
}

TEST_P(Pictures, AreRefusedWhenTheyAreCutOff) {
  const std::string whole = read_file(path_of(name()));
  // A PNG's last 12 bytes are its end marker; a WebP may end with a byte that fills up.
  const std::size_t spared = name().ends_with("png") ? 12 : name().ends_with("jpg") ? 2 : 0;
  for (std::size_t size = 0; size + spared < whole.size(); size += 1 + size / 64) {
    EXPECT_EQ(error_of([&] { pillow_image(bytes_of(whole.substr(0, size)), 3); }).first,
              Exit::bad_data)
        << size << " of " << whole.size();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Pictures, testing::ValuesIn(pictures()), [](const auto& picture) {
  std::string name = picture.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

TEST(PicturesMade, AreAllThere) {
  EXPECT_EQ(pictures().size(), 32U);
}

ImageOptions options_of(Json field) {
  field["kind"] = "image";
  const Json section = {{"fields", {{"picture", field}}}};
  return std::get<ImageOptions>(parse_data_options(section.dump()).fields.at(0).kind);
}

/// A feature with mean 0 and std 1 as bytes.
Image as_bytes(const Array& feature) {
  Image image{static_cast<int>(feature.sizes[1]),
              static_cast<int>(feature.sizes[2]),
              static_cast<int>(feature.sizes[0]),
              {}};
  const std::int64_t area = feature.sizes[1] * feature.sizes[2];
  for (std::int64_t i = 0; i < area; ++i) {
    for (std::int64_t channel = 0; channel < feature.sizes[0]; ++channel) {
      const float value = feature.data<float>()[channel * area + i] * 255;
      image.pixels.push_back(static_cast<std::uint8_t>(std::lround(value)));
    }
  }
  return image;
}

Json cases() {
  std::ifstream file(path_of("cases.json"));
  return Json::parse(file);
}

class Sizes : public testing::TestWithParam<std::size_t> {};

TEST_P(Sizes, AreWithinOneOfTheReference) {
  const Json chosen = cases().at("sizes").at(GetParam());
  Json field = chosen.at("field");
  field["background"] = k_background;
  const std::string name = chosen.at("expected");
  const Bytes bytes = bytes_of_picture(chosen.at("picture"));
  const Image found = as_bytes(image_feature(bytes, options_of(field), "p"));
  const Image expected = decode_image(bytes_of_picture(name), {.channels = found.channels}, "p");
  EXPECT_LE(distance(found, expected), 1) << name;
}

INSTANTIATE_TEST_SUITE_P(All, Sizes, testing::Range(std::size_t{0}, cases().at("sizes").size()));

TEST(Resample, GivesTheSameBytesOnEveryMachine) {
  RandomSequence random({5});
  for (const int width : {1, 3, 4, 9, 40}) {
    Taps taps;
    taps.taps = width < 9 ? 4 : 8;
    taps.shift = 13;
    for (int i = 0; i < width; ++i) taps.starts.push_back(i);
    for (int i = 0; i < width * taps.taps; ++i) {
      taps.weights.push_back(static_cast<std::int16_t>(random.within(9000)));
    }
    Pixels from = Pixels::of_size(width + taps.taps, width + taps.taps, 3);
    for (std::ptrdiff_t i = 0; i < from.stride() * from.height; ++i) {
      from.row(0)[i] = static_cast<std::uint8_t>(random.below(256));
    }
    std::vector<Image> rows, columns;
    for (const RowLoops* loops : {&portable_loops(), &fastest_loops()}) {
      Pixels row = Pixels::of_size(1, width, 3), column = Pixels::of_size(1, width, 3);
      loops->colour_row(from.row(1), row.row(0), taps);
      loops->column_row(from.row(width - 1), from.stride(), column.stride(), column.row(0), taps,
                        static_cast<std::size_t>(width - 1));
      rows.push_back(packed(row));
      columns.push_back(packed(column));
    }
    EXPECT_EQ(rows[0].pixels, rows[1].pixels) << width;
    EXPECT_EQ(columns[0].pixels, columns[1].pixels) << width;
  }
}

TEST(Resample, KeepsAnEvenAreaAndItsOwnSize) {
  Pixels even = Pixels::of_size(37, 53, 3);
  std::fill_n(even.row(0), even.stride() * even.height, std::uint8_t{201});
  for (const Filter filter : {Filter::triangle, Filter::cubic}) {
    for (const int side : {1, 2, 17, 36, 37, 64, 200}) {
      const Image found =
          packed(resample(even, {0, 0, 37, 53}, filter, side, side + 3, {0, 0, side, side + 3}));
      EXPECT_THAT(found.pixels, testing::Each(201)) << side;
    }
  }
  const Image scene = pillow_image(bytes_of_picture("scene.png"), 3);
  const Pixels picture = unpacked(scene);
  const Box all{0, 0, scene.height, scene.width};
  EXPECT_EQ(
      distance(packed(resample(picture, all, Filter::cubic, all.height, all.width, all)), scene),
      0);
}

TEST(Resample, OfAWindowAndOfAPartIsWhatIsCutOutAfterAndBefore) {
  const Pixels scene = unpacked(pillow_image(bytes_of_picture("scene.png"), 3));
  const Box all{0, 0, scene.height, scene.width}, part{5, 9, 20, 31}, window{3, 7, 8, 5};
  Pixels cut = Pixels::of_size(part.height, part.width, 3);
  for (int y = 0; y < part.height; ++y) {
    std::copy_n(scene.at(part.top + y, part.left), cut.stride(), cut.row(y));
  }
  const Box of_cut{0, 0, part.height, part.width}, whole{0, 0, 15, 14};
  const Image from_part = packed(resample(scene, part, Filter::triangle, 15, 14, whole));
  EXPECT_EQ(distance(from_part, packed(resample(cut, of_cut, Filter::triangle, 15, 14, whole))), 0);
  const Pixels large = resample(scene, all, Filter::triangle, 30, 29, {0, 0, 30, 29});
  const Image small = packed(resample(scene, all, Filter::triangle, 30, 29, window));
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const auto at = static_cast<std::size_t>((y * window.width + x) * 3 + channel);
        ASSERT_NEAR(small.pixels[at], large.at(window.top + y, window.left + x)[channel], 1);
      }
    }
  }
}

TEST(Resizing, APictureOfAVeryLongSideIsRefused) {
  const Bytes line = bytes_of(test::png(1, 65'536, 1, std::vector<std::uint8_t>(65'536, 9)));
  const Json field = {{"size", {8, 4}}, {"resize", "bilinear"}};
  EXPECT_EQ(error_of([&] { image_feature(line, options_of(field), "p"); }).second,
            "p cannot be decoded: it has 1 x 65536 pixels, too long a side to be resized to 8 x 4. "
            "Replace the file in the data.");
  const Bytes high = bytes_of(test::png(30'000, 1, 1, std::vector<std::uint8_t>(30'000, 9)));
  EXPECT_THAT(as_bytes(image_feature(high, options_of(field), "p")).pixels, testing::Each(9));
}

}  // namespace
}  // namespace weft::host
