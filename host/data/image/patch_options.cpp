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
    section.fail("patch",
                 concat("a number that divides the picture's ", image.height, " x ", image.width));
  }
  return patch;
}

PatchMasking patch_masking(const Section& section, const ImageOptions& image, int patch) {
  PatchMasking masking;
  masking.rows = image.height / patch;
  masking.columns = image.width / patch;
  masking.share = section.real("share", 0.4, 0, 1);
  const std::string shape = section.word("shape", "blocks");
  if (shape != "blocks" && shape != "single") section.fail("shape", "blocks or single");
  masking.blocks = shape == "blocks";
  masking.smallest = section.integer("smallest", 16, 1, k_most);
  masking.aspect = section.real("aspect", 0.3, 0.01, 1);
  return masking;
}

}  // namespace weft::host
