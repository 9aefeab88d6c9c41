// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/patch_options.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr int k_most = std::numeric_limits<int>::max();

}  // namespace

int patch_of(const Section& section, const ImageOptions& image) {
  const int patch = section.integer("patch", std::nullopt, 1, 8192);
  if (image.height % patch != 0 || image.width % patch != 0) {
    section.refuse(
        "patch", concat("a number that divides the picture's ", image.height, " x ", image.width));
  }
  return patch;
}

PatchMasking patch_masking(const Section& section, const ImageOptions& image, int patch) {
  PatchMasking masking;
  masking.rows = image.height / patch;
  masking.columns = image.width / patch;
  masking.share = section.real("mask_ratio", 0.4, 0, 1);
  const std::string shape = section.word("shape", "block");
  if (shape != "block" && shape != "random") section.refuse("shape", "block or random");
  masking.blocks = shape == "block";
  masking.smallest = section.integer("min_patches", 16, 1, k_most);
  masking.aspect = section.real("aspect", 0.3, 0.01, 1);
  return masking;
}

}  // namespace weft::host
