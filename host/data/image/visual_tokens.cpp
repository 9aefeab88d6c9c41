// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/visual_tokens.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/parallel.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr int k_iterations = 25;
constexpr std::size_t k_most_pictures = 2048, k_patches = 16384, k_patches_per_token = 16;
/// Patches that one thread takes at a time.
constexpr std::size_t k_chunk = 256;

float dot(const float* a, const float* b, std::size_t width) {
  float sum = 0;
  for (std::size_t i = 0; i < width; ++i) sum += a[i] * b[i];
  return sum;
}

float square_distance(const float* a, const float* b, std::size_t width) {
  float sum = 0;
  for (std::size_t i = 0; i < width; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// The next seed of k-means++: a patch drawn by its squared distance to the nearest seed.
std::size_t draw_far(const std::vector<float>& distances, int have, int vocabulary,
                     RandomSequence& random) {
  double all = 0;
  for (const float distance : distances) all += static_cast<double>(distance);
  if (!(all > 0)) {
    throw Error(Exit::bad_data, concat("The training part has only ", have,
                                       " different patches, but visual_tokens ", "asks for ",
                                       vocabulary, ". Lower vocab, or make the patches larger."));
  }
  double left = static_cast<double>(random.unit()) * all;
  std::size_t last = 0;  // with a distance above 0
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] <= 0) continue;
    last = i;
    left -= static_cast<double>(distances[i]);
    if (left < 0) break;
  }
  return last;
}

std::vector<float> seeds(std::span<const float> patches, std::size_t width, int vocabulary) {
  RandomSequence random({0x6b6d65616e73, width, static_cast<std::uint64_t>(vocabulary)});
  const std::size_t count = patches.size() / width;
  std::vector<float> centroids;
  std::vector<float> distances(count, std::numeric_limits<float>::max());
  std::size_t next = random.below(count);
  for (int have = 0;; ++have) {
    const float* seed = patches.data() + next * width;
    centroids.insert(centroids.end(), seed, seed + width);
    if (have + 1 == vocabulary) return centroids;
    for (std::size_t i = 0; i < count; ++i) {
      const float distance = square_distance(patches.data() + i * width, seed, width);
      distances[i] = std::min(distances[i], distance);
    }
    next = draw_far(distances, have + 1, vocabulary, random);
  }
}

/// Each centroid becomes the mean of its patches; one without patches stays where it is.
std::vector<float> means(std::span<const float> patches, const std::vector<std::int64_t>& tokens,
                         std::vector<float> centroids, std::size_t width) {
  std::vector<double> sums(centroids.size());
  std::vector<std::int64_t> counts(centroids.size() / width);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto token = static_cast<std::size_t>(tokens[i]);
    ++counts[token];
    for (std::size_t e = 0; e < width; ++e) {
      sums[token * width + e] += static_cast<double>(patches[i * width + e]);
    }
  }
  for (std::size_t i = 0; i < centroids.size(); ++i) {
    const std::int64_t count = counts[i / width];
    if (count > 0) centroids[i] = static_cast<float>(sums[i] / static_cast<double>(count));
  }
  return centroids;
}

/// Evenly spread over `of` things.
std::size_t spread(std::size_t i, std::size_t count, std::size_t of) {
  return i * of / count;
}

}  // namespace

std::vector<float> cut_patches(const float* picture, const ImageOptions& image, int patch) {
  std::vector<float> patches;
  patches.reserve(static_cast<std::size_t>(image.channels) *
                  static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width));
  for (int top = 0; top < image.height; top += patch) {
    for (int left = 0; left < image.width; left += patch) {
      for (int channel = 0; channel < image.channels; ++channel) {
        for (int y = top; y < top + patch; ++y) {
          const std::ptrdiff_t line =
              (std::ptrdiff_t{channel} * image.height + y) * image.width + left;
          patches.insert(patches.end(), picture + line, picture + line + patch);
        }
      }
    }
  }
  return patches;
}

VisualTokens::VisualTokens(std::vector<float> centroids, int width)
    : width_(width), centroids_(std::move(centroids)) {
  const auto step = static_cast<std::size_t>(width);
  for (std::size_t c = 0; c < centroids_.size(); c += step) {
    halves_.push_back(dot(&centroids_[c], &centroids_[c], step) / 2);
  }
}

VisualTokens VisualTokens::learn(std::span<const float> patches, int width, int vocabulary) {
  const auto step = static_cast<std::size_t>(width);
  const std::size_t count = patches.size() / step;
  if (count == 0) throw Error(Exit::bad_data, "There is no picture to learn visual tokens from.");
  VisualTokens tokens(seeds(patches, step, vocabulary), width);
  std::vector<std::int64_t> nearest(count), before;
  for (int i = 0; i < k_iterations; ++i) {
    before = nearest;
    for_each_index((count + k_chunk - 1) / k_chunk, [&](std::size_t chunk) {
      const std::size_t first = chunk * k_chunk, size = std::min(k_chunk, count - first);
      tokens.encode(patches.subspan(first * step, size * step),
                    std::span(nearest).subspan(first, size));
    });
    if (i > 0 && nearest == before) break;
    tokens = VisualTokens(means(patches, nearest, std::move(tokens.centroids_), step), width);
  }
  return tokens;
}

VisualTokens VisualTokens::learn(std::size_t count,
                                 const std::function<Array(std::size_t)>& picture,
                                 const ImageOptions& image, const VisualTokenOptions& options) {
  const std::size_t pictures = std::min(count, k_most_pictures);
  std::vector<std::vector<float>> cut(pictures);
  for_each_index(pictures, [&](std::size_t i) {
    const Array feature = picture(spread(i, pictures, count));
    if (feature.bytes) cut[i] = cut_patches(feature.data<float>(), image, options.patch);
  });
  std::erase_if(cut, [](const std::vector<float>& patches) { return patches.empty(); });
  const int width = image.channels * options.patch * options.patch;
  const auto step = static_cast<std::size_t>(width);
  const std::size_t each = cut.empty() ? 0 : cut[0].size() / step, all = cut.size() * each;
  const std::size_t taken = std::min(
      all, std::max(k_patches, k_patches_per_token * static_cast<std::size_t>(options.vocabulary)));
  std::vector<float> patches;
  patches.reserve(taken * step);
  for (std::size_t i = 0; i < taken; ++i) {
    const std::size_t from = spread(i, taken, all);
    const auto first = cut[from / each].begin() + static_cast<std::ptrdiff_t>(from % each * step);
    patches.insert(patches.end(), first, first + width);
  }
  return learn(patches, width, options.vocabulary);
}

VisualTokens VisualTokens::take(Record& record) {
  const std::int64_t width = record.number();
  const std::string bytes = record.text();
  std::vector<float> centroids(bytes.size() / sizeof(float));
  const bool fits = width > 0 && width <= std::numeric_limits<int>::max() && !centroids.empty() &&
                    bytes.size() % (static_cast<std::size_t>(width) * sizeof(float)) == 0;
  if (!fits) throw std::out_of_range("no visual tokens");
  std::memcpy(centroids.data(), bytes.data(), bytes.size());
  return {std::move(centroids), static_cast<int>(width)};
}

void VisualTokens::put(Record& record) const {
  record.put(std::int64_t{width_});
  record.put(std::string_view(reinterpret_cast<const char*>(centroids_.data()),
                              centroids_.size() * sizeof(float)));
}

void VisualTokens::encode(std::span<const float> patches, std::span<std::int64_t> tokens) const {
  const auto step = static_cast<std::size_t>(width_);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const float* const patch = patches.data() + i * step;
    // ‖x − c‖² = ‖x‖² − 2 (x·c − ‖c‖² / 2)
    float best = -std::numeric_limits<float>::infinity();
    tokens[i] = 0;
    for (std::size_t c = 0; c < halves_.size(); ++c) {
      const float near = dot(patch, &centroids_[c * step], step) - halves_[c];
      if (near > best) best = near, tokens[i] = static_cast<std::int64_t>(c);
    }
  }
}

}  // namespace weft::host
