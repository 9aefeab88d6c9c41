// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/image.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using test::bytes_of;
using test::error_of;
using test::png;

ImageOptions options_of(const Json& more) {
  Json field = {{"kind", "image"}, {"size", {6, 8}}, {"channels", 3}};
  field.update(more);
  const Json section = {{"fields", {{"picture", field}}}};
  return std::get<ImageOptions>(parse_data_options(section.dump()).fields.at(0).kind);
}

/// 60 x 80 pixels whose red grows to the right and whose green grows downwards: 3 and 4 a pixel.
Bytes slope() {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 80; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(3 * x));
      pixels.push_back(static_cast<std::uint8_t>(4 * y));
      pixels.push_back(77);
    }
  }
  return bytes_of(png(60, 80, 3, pixels));
}

std::vector<float> values_of(const Array& feature) {
  return {feature.data<float>(), feature.data<float>() + feature.count()};
}

std::vector<float> random_values(const ImageOptions& options, std::uint64_t seed) {
  RandomSequence random({seed});
  return values_of(random_image_feature(slope(), options, random, "p"));
}

TEST(RandomImageFeature, WithoutAnythingRandomIsTheFeature) {
  for (const char* resize : {"area", "bilinear"}) {
    const ImageOptions options = options_of({{"resize", resize}, {"mean", 0.5}, {"std", 0.25}});
    EXPECT_FALSE(changes_pixels(options));
    EXPECT_EQ(random_values(options, 1), values_of(image_feature(slope(), options, "p"))) << resize;
  }
}

TEST(RandomImageFeature, FollowsFromItsSequenceAlone) {
  for (const Json& more :
       {Json{{"crop", Json::object()}, {"resize", "bilinear"}}, Json{{"flip", 0.5}},
        Json{{"flip_vertical", 0.5}}, Json{{"brightness", 0.4}}, Json{{"contrast", 0.4}},
        Json{{"saturation", 0.4}}, Json{{"hue", 0.2}}, Json{{"rand_augment", Json::object()}}}) {
    const ImageOptions options = options_of(more);
    EXPECT_TRUE(changes_pixels(options)) << more;
    std::set<std::vector<float>> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      EXPECT_EQ(random_values(options, seed), random_values(options, seed)) << more;
      seen.insert(random_values(options, seed));
    }
    EXPECT_GE(seen.size(), 2U) << more;
  }
}

TEST(RandomImageFeature, FlipsAsOftenAsAsked) {
  const std::vector<float> plain =
      values_of(image_feature(slope(), options_of(Json::object()), "p"));
  for (const auto& [key, other] : {std::pair{"flip", 7}, std::pair{"flip_vertical", 40}}) {
    const ImageOptions options = options_of(Json{{key, 0.25}});
    int flipped = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      const std::vector<float> values = random_values(options, seed);
      if (values == plain) continue;
      ++flipped;
      for (std::size_t channel = 0; channel < 3; ++channel) {
        EXPECT_EQ(values[channel * 48], plain[channel * 48 + static_cast<std::size_t>(other)]);
      }
    }
    EXPECT_NEAR(flipped, 100, 40) << key;
  }
}

TEST(RandomImageFeature, CropsPartsOfTheAskedAreaAndRatio) {
  const ImageOptions options = options_of(
      {{"crop", {{"scale", {0.2, 0.5}}, {"ratio", {0.5, 1.5}}}}, {"resize", "bilinear"}});
  double least = 1, most = 0, thinnest = 9, widest = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<float> values = random_values(options, seed);
    // One step between the field's pixels is width / 8 and height / 6 of the picture's.
    const double width = static_cast<double>(values[6] - values[1]) * 255 / 3 / 5 * 8;
    const double height = static_cast<double>(values[48 + 32] - values[48 + 8]) * 255 / 4 / 3 * 6;
    least = std::min(least, width * height / 4800);
    most = std::max(most, width * height / 4800);
    thinnest = std::min(thinnest, width / height);
    widest = std::max(widest, width / height);
  }
  EXPECT_NEAR(least, 0.2, 0.02);
  EXPECT_NEAR(most, 0.5, 0.03);
  EXPECT_NEAR(thinnest, 0.5, 0.06);
  EXPECT_NEAR(widest, 1.5, 0.12);
}

TEST(RandomImageFeature, WherePartsCannotFitTakesTheLargestOfTheRatioInTheMiddle) {
  const ImageOptions options =
      options_of({{"crop", {{"scale", {1, 1}}, {"ratio", {0.5, 0.5}}}}, {"resize", "bilinear"}});
  // 30 of the 80 columns, from the 26th on.
  const std::vector<float> values = random_values(options, 1);
  EXPECT_NEAR(values[0] * 255 / 3, 25 + 30.0 / 8 / 2 - 0.5, 0.4);
  EXPECT_NEAR((values[7] - values[0]) * 255 / 3, 30.0 / 8 * 7, 0.6);
}

TEST(ImageOptions, AreRefusedWithASentence) {
  const std::vector<std::pair<Json, std::string>> wrong = {
      {{{"resize", "nearest"}}, "resize: expected area, bilinear or bicubic, found \"nearest\"."},
      {{{"fit", "cover"}}, "fit: expected stretch, crop or pad, found \"cover\"."},
      {{{"fit", "crop"}},
       "resize: expected bilinear or bicubic, which fit, dct_scaling and crop go with, found "
       "null."},
      {{{"dct_scaling", true}},
       "resize: expected bilinear or bicubic, which fit, dct_scaling and crop go with, found "
       "null."},
      {{{"crop", {{"scale", {0.5, 0.1}}}}, {"resize", "bilinear"}},
       "crop/scale: expected [lowest, highest], each from 0.0001 to 1, found [0.5,0.1]."},
      {{{"background", 300}},
       "background: expected a grey from 0 to 255, or [red, green, blue] of such numbers, found "
       "300."},
      {{{"flip", 2}}, "flip: expected a number from 0 to 1, found 2."},
      {{{"hue", 0.7}}, "hue: expected a number from 0 to 0.5, found 0.7."},
      {{{"rand_augment", {{"magnitude", 31}}}},
       "rand_augment/magnitude: expected a whole number from 0 to 30, found 31."},
  };
  for (const auto& [more, sentence] : wrong) {
    EXPECT_EQ(error_of([&] { options_of(more); }),
              std::pair(Exit::bad_recipe, "data field picture/" + sentence));
  }
}

}  // namespace
}  // namespace weft::host
