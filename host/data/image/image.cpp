// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <utility>

#include "host/base/text.hpp"
#include "host/data/codec/limits.hpp"
#include "host/data/codec/media.hpp"
#include "host/data/image/color.hpp"
#include "host/data/image/decode_picture.hpp"
#include "host/data/image/rand_augment.hpp"
#include "host/data/image/resample.hpp"

namespace weft::host {
namespace {

int whole(double value) {
  return static_cast<int>(std::nearbyint(value));  // halves to even, as Python rounds
}

/// How a picture comes to its field.
struct Plan {
  Box source;                 ///< of the picture
  int height = 0, width = 0;  ///< what the source is resampled to,
  Box window;                 ///< of which so much is taken
  int top = 0, left = 0;      ///< and put there in the field
};

/// Refuses a picture whose resampling would take much more memory than its pixels.
void require_resizable(int height, int width, const ImageOptions& options,
                       const std::string& place) {
  constexpr int k_longest_side = 65'535;  // A JPEG's.
  if (height > k_longest_side || width > k_longest_side ||
      std::int64_t{height} * options.width > k_most_pixels) {
    cannot_decode(place, concat("it has ", height, " x ", width, " pixels, too long a side to be ",
                                "resized to ", options.height, " x ", options.width));
  }
}

Plan plan_of(const ImageOptions& options, const Box& source, Fit fit) {
  const int height = options.height, width = options.width;
  Plan plan{source, height, width, {0, 0, height, width}, 0, 0};
  // Compared as products, since ratios would be rounded.
  const std::int64_t across = std::int64_t{source.width} * height;
  const std::int64_t along = std::int64_t{source.height} * width;
  if (fit == Fit::stretch || across == along) return plan;
  const bool is_wide = across > along;
  if (fit == Fit::crop) {
    if (is_wide) plan.width = static_cast<int>(across / source.height);
    if (!is_wide) plan.height = static_cast<int>(along / source.width);
    plan.window.top = whole((plan.height - height) / 2.0);
    plan.window.left = whole((plan.width - width) / 2.0);
    return plan;
  }
  const double tall = static_cast<double>(source.height) / source.width;
  const double wide = static_cast<double>(source.width) / source.height;
  if (is_wide) plan.height = std::max(whole(tall * width), 1);
  if (!is_wide) plan.width = std::max(whole(wide * height), 1);
  plan.window = {0, 0, plan.height, plan.width};
  plan.top = whole((height - plan.height) / 2.0);
  plan.left = whole((width - plan.width) / 2.0);
  return plan;
}

/// The size from which the plan's source still has a pixel for each that is made from it.
Least least_of(const Plan& plan, const Box& picture, bool is_lying) {
  const auto side = [](int made, int whole_side, int part) {
    return static_cast<int>((std::int64_t{made} * whole_side + part - 1) / part);
  };
  Least least{side(plan.height, picture.height, plan.source.height),
              side(plan.width, picture.width, plan.source.width)};
  if (is_lying) std::swap(least.height, least.width);
  return least;
}

/// The part of one side that is left of a draft: first … first + count of `from`, in `to` pixels.
std::pair<int, int> shrunk(int first, int count, int from, int to) {
  const auto scaled = [&](std::int64_t place) { return static_cast<int>(place * to / from); };
  const int begin = std::min(scaled(first), to - 1);
  return {begin, std::max(scaled(std::int64_t{first} + count) - begin, 1)};
}

Filter filter_of(const ImageOptions& options) {
  return options.resize == Resize::bicubic ? Filter::cubic : Filter::triangle;
}

/// Puts what was made by the plan into its field.
Pixels placed(Pixels made, const Plan& plan, const ImageOptions& options) {
  if (made.height == options.height && made.width == options.width) return made;
  Pixels field = Pixels::of_size(options.height, options.width, options.channels);
  Pixels background = Pixels::of_size(1, 1, 3);
  std::copy(options.background.begin(), options.background.end(), background.row(0));
  if (options.channels == 1) background = grey_of(background);
  const std::ptrdiff_t size = field.pixel_size();
  for (std::uint8_t* at = field.row(0); at != field.row(field.height); at += size) {
    std::copy_n(background.row(0), size, at);
  }
  for (int y = 0; y < made.height; ++y) {
    std::copy_n(made.row(y), made.stride(), field.at(plan.top + y, plan.left));
  }
  return field;
}

float between(const std::array<float, 2>& range, RandomSequence& random) {
  return range[0] + random.unit() * (range[1] - range[0]);
}

Box random_part(const Box& picture, const CropOptions& crop, RandomSequence& random) {
  const double area = static_cast<double>(picture.height) * picture.width;
  const std::array<float, 2> logarithms{std::log(crop.ratio[0]), std::log(crop.ratio[1])};
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double part = area * static_cast<double>(between(crop.scale, random));
    const double ratio = std::exp(static_cast<double>(between(logarithms, random)));
    const int width = whole(std::sqrt(part * ratio)), height = whole(std::sqrt(part / ratio));
    if (width < 1 || width > picture.width || height < 1 || height > picture.height) continue;
    const auto place = [&](int room) {
      return static_cast<int>(random.below(static_cast<std::uint64_t>(room) + 1));
    };
    const int top = place(picture.height - height), left = place(picture.width - width);
    return {top, left, height, width};
  }
  Box part = picture;
  const auto ratio = static_cast<double>(picture.width) / picture.height;
  const auto low = static_cast<double>(crop.ratio[0]), high = static_cast<double>(crop.ratio[1]);
  if (ratio < low) part.height = std::clamp(whole(picture.width / low), 1, picture.height);
  if (ratio > high) part.width = std::clamp(whole(picture.height * high), 1, picture.width);
  part.top = (picture.height - part.height) / 2;
  part.left = (picture.width - part.width) / 2;
  return part;
}

/// The picture as it is to be seen; a side that the head does not tell counts as 1.
Box upright(const PictureHead& head) {
  const bool is_lying = head.orientation >= 5;
  const auto side = [](std::int64_t pixels) {
    return static_cast<int>(std::max<std::int64_t>(pixels, 1));
  };
  return {0, 0, side(is_lying ? head.width : head.height),
          side(is_lying ? head.height : head.width)};
}

/// With a random sequence, cropped as training wants it.
Plan drawn_plan(const Box& picture, const ImageOptions& options, RandomSequence* random) {
  const bool is_cropped = random != nullptr && options.crop;
  const Box source = is_cropped ? random_part(picture, *options.crop, *random) : picture;
  return plan_of(options, source, is_cropped ? Fit::stretch : options.fit);
}

/// Resamples row by row as they are read: the whole picture is never there.
Pixels streamed(JpegReader& reader, const Plan& plan, Filter filter) {
  Resampler resampler(plan.source, filter, plan.height, plan.width, plan.window, reader.channels());
  Pixels row = Pixels::of_size(1, reader.width(), reader.channels());
  for (int y = 0, height = reader.height(); y < height; ++y) {
    reader.read_row(row.row(0));
    resampler.take_row(y, row.row(0));
  }
  reader.finish();
  return resampler.take();
}

/// Decoded and of the field's size; with a random sequence, cropped as training wants it.
Pixels sized(const Bytes& bytes, const ImageOptions& options, RandomSequence* random,
             const std::string& place) {
  if (options.resize == Resize::area) {
    return unpacked(decode_image(
        bytes, {options.channels, options.height, options.width, options.background}, place));
  }
  const PictureHead head = vetted_head(bytes, place);
  const bool is_lying = head.orientation >= 5;
  const Box whole_picture = upright(head);
  const int high = whole_picture.height, wide = whole_picture.width;
  require_resizable(high, wide, options, place);
  Plan plan = drawn_plan(whole_picture, options, random);
  const Box source = plan.source;
  const Least least = options.draft ? least_of(plan, whole_picture, is_lying) : Least{};
  const auto shrink_source = [&](int height, int width) {
    std::tie(plan.source.top, plan.source.height) = shrunk(source.top, source.height, high, height);
    std::tie(plan.source.left, plan.source.width) = shrunk(source.left, source.width, wide, width);
  };
  const bool is_streamed = head.format == PictureFormat::jpeg && head.orientation == 1 &&
                           (head.components != 4 || options.channels == 3);
  if (is_streamed) {
    JpegReader reader(bytes, options.channels, least, place);
    shrink_source(reader.height(), reader.width());
    return placed(streamed(reader, plan, filter_of(options)), plan, options);
  }
  const Pixels picture =
      decode_pixels(bytes, head, options.channels, options.background, least, place);
  require_resizable(picture.height, picture.width, options, place);
  shrink_source(picture.height, picture.width);
  return placed(
      resample(picture, plan.source, filter_of(options), plan.height, plan.width, plan.window),
      plan, options);
}

Array normalised(const Pixels& picture, const ImageOptions& options) {
  Array feature = Array::empty(DType::float32, {options.channels, options.height, options.width});
  normalise(picture.row(0), std::ptrdiff_t{picture.height} * picture.width, picture.pixel_size(),
            options, feature.data<float>());
  return feature;
}

}  // namespace

float* normalise(const std::uint8_t* pixels, std::ptrdiff_t count, std::ptrdiff_t step,
                 const ImageOptions& options, float* out) {
  for (std::size_t channel = 0; channel < options.mean.size(); ++channel) {
    std::array<float, 256> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = (static_cast<float>(i) / 255 - options.mean[channel]) / options.std[channel];
    }
    const std::uint8_t* from = pixels + channel;
    for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = values[from[i * step]];
    out += count;
  }
  return out;
}

Array image_feature(const Bytes& bytes, const ImageOptions& options, const std::string& place) {
  return normalised(sized(bytes, options, nullptr, place), options);
}

bool changes_pixels(const ImageOptions& options) {
  return options.crop || options.flip > 0 || options.flip_vertical > 0 ||
         changes_colours(options) || options.rand_augment.operations > 0;
}

Placement placement_of(const Bytes& bytes, const ImageOptions& options, RandomSequence* random,
                       const std::string& place) {
  const Box picture = upright(vetted_head(bytes, place));
  // As sized() and random_image_feature() draw it.
  const bool is_changed = random != nullptr && changes_pixels(options);
  const Plan plan = drawn_plan(picture, options, is_changed ? random : nullptr);
  Placement found;
  found.width = options.width, found.height = options.height;
  found.scale_x = static_cast<double>(plan.width) / plan.source.width;
  found.scale_y = static_cast<double>(plan.height) / plan.source.height;
  found.shift_x = plan.left - plan.window.left - plan.source.left * found.scale_x;
  found.shift_y = plan.top - plan.window.top - plan.source.top * found.scale_y;
  if (is_changed && random->unit() < options.flip) {
    found.scale_x = -found.scale_x, found.shift_x = options.width - found.shift_x;
  }
  if (is_changed && random->unit() < options.flip_vertical) {
    found.scale_y = -found.scale_y, found.shift_y = options.height - found.shift_y;
  }
  return found;
}

Array random_image_feature(const Bytes& bytes, const ImageOptions& options, RandomSequence& random,
                           const std::string& place) {
  Pixels picture = sized(bytes, options, &random, place);
  if (random.unit() < options.flip) flip_horizontally(picture);
  if (random.unit() < options.flip_vertical) flip_vertically(picture);
  colour_jitter(picture, options, random);
  picture = rand_augment(std::move(picture), options.rand_augment, random);
  return normalised(picture, options);
}

}  // namespace weft::host
