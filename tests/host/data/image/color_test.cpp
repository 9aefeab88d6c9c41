// SPDX-License-Identifier: Apache-2.0
/// Changes of colours and RandAugment's operations against torchvision.

#include "host/data/image/color.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "host/data/image/decode_picture.hpp"
#include "host/data/image/rand_augment.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

Pixels picture_of(const std::string& name) {
  const std::string path = WEFT_SOURCE_DIR "/tests/reference/pictures/" + name;
  return unpacked(decode_image(test::bytes_of(test::read_file(path)), {.channels = 3}, "p"));
}

/// How far pictures are apart.
struct Gap {
  int largest = 0;
  double part = 0;  ///< of the values that differ
};

/// From number `index` of the pictures that stand one below the other.
Gap gap(const Pixels& found, const Pixels& column, std::size_t index) {
  Gap gap;
  const int first = static_cast<int>(index) * found.height;
  for (int y = 0; y < found.height; ++y) {
    for (int x = 0; x < found.width; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const int error = std::abs(found.at(y, x)[channel] - column.at(first + y, x)[channel]);
        gap.largest = std::max(gap.largest, error);
        gap.part += error > 0 ? 1.0 / (found.height * found.width * 3) : 0;
      }
    }
  }
  return gap;
}

TEST(Colours, AreTorchvisions) {
  std::ifstream file(WEFT_SOURCE_DIR "/tests/reference/pictures/cases.json");
  const Json changes = Json::parse(file).at("changes");
  const Pixels column = picture_of("colours.png");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::string name = changes[i].at(0);
    const auto amount = changes[i].at(1).get<float>();
    Pixels picture = picture_of("scene24.png");
    if (name == "brightness") adjust_brightness(picture, amount);
    if (name == "contrast") adjust_contrast(picture, amount);
    if (name == "saturation") adjust_saturation(picture, amount);
    if (name == "hue") adjust_hue(picture, amount);
    if (name == "sharpness") adjust_sharpness(picture, amount);
    const Gap found = gap(picture, column, i);
    // Sums in another order may round to the other side.
    EXPECT_LE(found.largest, 1) << name << ' ' << amount;
    EXPECT_LT(found.part, 0.005) << name << ' ' << amount;
  }
}

TEST(RandAugment, HasTorchvisionsOperations) {
  const Pixels column = picture_of("rand_augment.png");
  for (std::size_t i = 0; i < std::size_t{2} * k_operations; ++i) {
    const auto operation = static_cast<Operation>(i / 2);
    const Pixels made = augmented(picture_of("scene24.png"), operation, 17, i % 2 == 1);
    const Gap found = gap(made, column, i);
    const bool moves = operation >= Operation::shear_x && operation <= Operation::rotate;
    EXPECT_LE(found.largest, moves ? 255 : 1) << i;
    EXPECT_LT(found.part, 0.005) << i;
  }
}

TEST(RandAugment, OfMagnitudeZeroChangesNothingWhereThereIsAMagnitude) {
  for (int i = 0; i <= static_cast<int>(Operation::solarize); ++i) {
    const Pixels scene = picture_of("scene24.png");
    EXPECT_EQ(
        packed(augmented(picture_of("scene24.png"), static_cast<Operation>(i), 0, false)).pixels,
        packed(scene).pixels)
        << i;
  }
}

TEST(Colours, OfGreyPicturesHaveNeitherSaturationNorHue) {
  Pixels grey = grey_of(picture_of("scene24.png"));
  const auto before = packed(grey).pixels;
  adjust_saturation(grey, 1.7F);
  adjust_hue(grey, 0.3F);
  EXPECT_EQ(packed(grey).pixels, before);
  adjust_contrast(grey, 0);
  EXPECT_THAT(packed(grey).pixels, testing::Each(grey.row(0)[0]));
}

TEST(ColourJitter, StaysWithinItsRangesAndUsesThem) {
  ImageOptions options;
  options.brightness = 0.5F;
  int low = 255, high = 0;
  RandomSequence random({3});
  for (int i = 0; i < 300; ++i) {
    Pixels even = Pixels::of_size(2, 2, 3);
    std::fill_n(even.row(0), 16, std::uint8_t{100});
    colour_jitter(even, options, random);
    low = std::min<int>(low, even.row(0)[0]);
    high = std::max<int>(high, even.row(0)[0]);
  }
  EXPECT_GE(low, 50);
  EXPECT_LE(high, 150);
  EXPECT_LT(low, 60);
  EXPECT_GT(high, 140);
}

}  // namespace
}  // namespace weft::host
