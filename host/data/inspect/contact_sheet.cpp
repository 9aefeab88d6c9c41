// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/contact_sheet.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "host/base/error.hpp"
#include "host/base/html.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/inspect/field_html.hpp"
#include "host/data/inspect/png.hpp"

namespace weft::host {
namespace {

constexpr std::int64_t k_most_frames = 8;  ///< pictures of one field, such as a video's
constexpr std::int64_t k_most_tokens = 512;
constexpr int k_wave_width = 320, k_wave_height = 64;

/// One row of a field: a view into the batch.
struct Cell {
  const FieldSpec& spec;
  const std::byte* bytes;
  std::int64_t count;
  const bool* mask = nullptr;             ///< of the paired mask field
  std::int64_t masked = 0;                ///< its length
  const std::int64_t* sources = nullptr;  ///< of a document: what stands where

  std::int64_t real() const { return std::count(mask, mask + masked, true); }
  const float* floats() const { return reinterpret_cast<const float*>(bytes); }
  const std::int64_t* integers() const { return reinterpret_cast<const std::int64_t*>(bytes); }
};

/// From black over violet and orange to a light yellow, even in lightness.
void push_colour(std::vector<std::uint8_t>& pixels, double part) {
  constexpr double stops[5][3] = {{0.00, 0.00, 0.02},
                                  {0.34, 0.06, 0.43},
                                  {0.73, 0.21, 0.33},
                                  {0.98, 0.55, 0.04},
                                  {0.99, 1, 0.64}};
  const double place = std::clamp(part, 0.0, 1.0) * 4;
  const int first = std::min(static_cast<int>(place), 3);
  for (int c = 0; c < 3; ++c) {
    const double mix = place - first;
    pixels.push_back(level(stops[first][c] * (1 - mix) + stops[first + 1][c] * mix));
  }
}

/// [steps, bands]: time runs to the right, bands upwards; what the mask leaves out stays black.
std::string matrix(const Cell& cell) {
  const std::int64_t steps = cell.spec.sizes[0], bands = cell.spec.sizes[1];
  const bool has_mask = cell.mask != nullptr && cell.masked == steps;
  const auto is_real = [&](std::int64_t t) { return !has_mask || cell.mask[t]; };
  float low = INFINITY, high = -INFINITY;
  for (std::int64_t t = 0; t < steps; ++t) {
    if (!is_real(t)) continue;
    const auto [least, most] =
        std::minmax_element(cell.floats() + t * bands, cell.floats() + (t + 1) * bands);
    low = std::min(low, *least), high = std::max(high, *most);
  }
  const double range = std::max(static_cast<double>(high - low), 1e-9);
  Image image{static_cast<int>(bands), static_cast<int>(steps), 3, {}};
  for (std::int64_t b = bands - 1; b >= 0; --b) {
    for (std::int64_t t = 0; t < steps; ++t) {
      const double value = static_cast<double>(cell.floats()[t * bands + b] - low) / range;
      push_colour(image.pixels, is_real(t) ? value : 0);
    }
  }
  return image_tag(image, "spectrogram");
}

std::string shape(const FieldSpec& spec) {
  return concat(dtype_name(spec.dtype), ' ', shape_text(spec.sizes));
}

/// Shape, range and mean: for what there is no picture of.
std::string summary(const Cell& cell) {
  if (cell.count == 0) return "empty";
  Array view = Array::empty(cell.spec.dtype, {cell.count});
  std::copy_n(cell.bytes, view.byte_count(), view.bytes.get());
  double low = INFINITY, high = -INFINITY, sum = 0;
  for (std::int64_t i = 0; i < cell.count; ++i) {
    const double value = element(view, i);
    low = std::min(low, value), high = std::max(high, value), sum += value;
  }
  if (cell.spec.dtype == DType::boolean)
    return concat(static_cast<std::int64_t>(sum), " of ", cell.count, " true");
  const auto text = [](double value) { return number(value, "%g"); };
  if (cell.count == 1) return text(sum);
  return concat("from ", text(low), " to ", text(high), ", mean ",
                text(sum / static_cast<double>(cell.count)));
}

class CellWriter {
 public:
  explicit CellWriter(const Dataset& dataset) : dataset_(dataset) {}

  std::string body(const Cell& cell) const {
    const FieldSpec& spec = cell.spec;
    const FieldOptions* const field = options_of(spec.name);
    const ImageOptions* const image = field ? std::get_if<ImageOptions>(&field->kind) : nullptr;
    const std::size_t rank = spec.sizes.size();
    const bool is_picture = spec.dtype == DType::float32 && rank >= 3 && rank <= 4 &&
                            (spec.sizes[rank - 3] == 1 || spec.sizes[rank - 3] == 3);
    if (cell.count == 0) return summary(cell);
    if (is_picture) return pictures(cell, image);
    if (spec.dtype == DType::float32 && rank == 2) return matrix(cell);
    if (field != nullptr && std::holds_alternative<ClassOptions>(field->kind))
      return concat("<b>", escaped(dataset_.decode_text(spec.name, {cell.integers(), 1})), "</b>");
    if (field != nullptr && field->has_tokens()) return tokens(cell);
    return summary(cell);
  }

  /// Null for what comes with a field, such as its mask.
  const FieldOptions* options_of(const std::string& name) const {
    const auto& fields = dataset_.content().options.fields;
    const auto found = std::ranges::find(fields, name, &FieldOptions::name);
    return found == fields.end() ? nullptr : &*found;
  }

 private:
  std::string pictures(const Cell& cell, const ImageOptions* options) const {
    const std::vector<std::int64_t>& sizes = cell.spec.sizes;
    const std::vector<std::int64_t> one(sizes.end() - 3, sizes.end());
    const std::int64_t size = one[0] * one[1] * one[2], there = cell.count / size;
    const bool has_mask = cell.mask != nullptr && cell.masked == there;
    std::string html;
    std::int64_t shown = 0;
    for (std::int64_t i = 0; i < there && shown < k_most_frames; ++i) {
      if (has_mask && !cell.mask[i]) continue;
      html += picture_html(cell.floats() + i * size, one, options);
      ++shown;
    }
    const std::int64_t real = has_mask ? cell.real() : there;
    if (real > shown) html += concat("<small>and ", real - shown, " more</small>");
    return html;
  }

  std::string tokens(const Cell& cell) const {
    std::string html = "<p class=\"tokens\">";
    const std::int64_t shown = std::min(cell.count, k_most_tokens);
    for (std::int64_t i = 0; i < shown; ++i) {
      if (cell.mask != nullptr && !cell.mask[i]) continue;
      const std::int64_t id = cell.integers()[i];
      const std::int64_t source = cell.sources != nullptr ? cell.sources[i] : 0;
      const std::string piece = token_text(dataset_, cell.spec.name, id, source);
      html += concat("<span title=\"", id, "\">", escaped(piece), "</span> ");
    }
    return concat(html, "</p><p>",
                  escaped(dataset_.decode_text(
                      cell.spec.name, {cell.integers(), static_cast<std::size_t>(cell.count)})),
                  "</p>");
  }

  const Dataset& dataset_;
};

/// A recording's loudest and softest sample under each point of the line.
std::string waveform(const std::vector<float>& samples) {
  std::string points;
  const auto count = std::ssize(samples);
  for (int x = 0; x < k_wave_width && count > 0; ++x) {
    const auto begin = samples.begin() + count * x / k_wave_width;
    const auto end = std::max(samples.begin() + count * (x + 1) / k_wave_width, begin + 1);
    const auto [low, high] = std::minmax_element(begin, std::min(end, samples.end()));
    for (const float value : {*low, *high}) {
      const float height = (1 - std::clamp(value, -1.0F, 1.0F)) * k_wave_height / 2;
      points += concat(x, ',', std::lround(height), ' ');
    }
  }
  return concat("<svg class=\"wave\" viewBox=\"0 0 ", k_wave_width, ' ', k_wave_height,
                "\" role=\"img\" aria-label=\"waveform\"><polyline points=\"", points,
                "\"/></svg>");
}

/// The first half minute as WAV (RIFF, PCM of 16 bits) in a player.
std::string player(const std::string& name, const Audio& audio) {
  const std::size_t count =
      std::min(audio.samples.size(), static_cast<std::size_t>(audio.rate) * 30);
  std::string wav;
  const auto add = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) wav += static_cast<char>(value >> (8 * i) & 255U);
  };
  const auto bytes = static_cast<std::uint32_t>(2 * count);
  const auto rate = static_cast<std::uint32_t>(audio.rate);
  wav += "RIFF", add(36 + bytes, 4), wav += "WAVEfmt ", add(16, 4), add(1, 2), add(1, 2);
  add(rate, 4), add(2 * rate, 4), add(2, 2), add(16, 2), wav += "data", add(bytes, 4);
  for (std::size_t i = 0; i < count; ++i) {
    const float value = std::clamp(audio.samples[i], -1.0F, 1.0F);
    add(static_cast<std::uint32_t>(std::lround(value * 32767)), 2);
  }
  return concat("<audio controls preload=\"none\" aria-label=\"", escaped(name),
                "\" src=\"data:audio/wav;base64,", base64(wav), "\"></audio>");
}

}  // namespace

void ContactSheet::add(const Batch& batch, std::int64_t most) {
  for (std::int64_t row = 0; row < std::min(batch.size, most); ++row) add_row(batch, row);
}

void ContactSheet::add_row(const Batch& batch, std::int64_t row) {
  const CellWriter writer(dataset_);
  std::set<std::string> masks;
  for (const FieldSpec& spec : dataset_.fields()) masks.insert(spec.mask);
  Card card{batch.keys[static_cast<std::size_t>(row)], ""};
  for (const FieldSpec& spec : dataset_.fields()) {
    if (masks.contains(spec.name)) continue;  // shown with its field
    const Array& values = batch.fields.at(spec.name);
    const auto bytes = static_cast<std::int64_t>(values.byte_count()) / batch.size;
    Cell cell{spec, values.bytes.get() + row * bytes, values.count() / batch.size};
    if (!spec.mask.empty()) {
      const Array& mask = batch.fields.at(spec.mask);
      cell.masked = mask.count() / batch.size;
      cell.mask = mask.data<bool>() + row * cell.masked;
    }
    const FieldOptions* const field = writer.options_of(spec.name);
    if (field != nullptr && std::holds_alternative<DocumentOptions>(field->kind)) {
      cell.sources = batch.fields.at(spec.name + k_source).data<std::int64_t>() + row * cell.count;
    }
    const std::string note =
        cell.mask != nullptr ? concat(", ", cell.real(), " of ", cell.masked, " real") : "";
    card.body += concat("<h3>", escaped(spec.name), " <small>", shape(spec), note, "</small></h3>",
                        writer.body(cell), "\n");
  }
  cards_.push_back(std::move(card));
}

std::string ContactSheet::body_of(const std::string& key) const {
  const auto found = std::ranges::find(cards_, key, &Card::key);
  return found == cards_.end() ? "" : found->body;
}

void ContactSheet::add_waveforms(Split split) {
  const Dataset::Content& content = dataset_.content();
  const SplitContent& part = content.part(split);
  std::map<std::string, Card*> waiting;
  for (Card& card : cards_) waiting[card.key] = &card;
  for (const ExampleRef& ref : part.examples) {
    if (waiting.empty()) return;
    const Shard& shard = *part.shards[ref.shard];
    const auto card = waiting.find(example_key(shard, ref, content.options));
    if (card == waiting.end()) continue;
    for (const FieldOptions& field : content.options.fields) {
      const auto* recording = std::get_if<RecordingOptions>(&field.kind);
      const std::string_view member = shard.chosen(ref.sample, field.source.text);
      if (recording == nullptr || !shard.has(ref.sample, member)) continue;
      const Audio audio = decode_audio(shard.read(ref.sample, member), recording->spectrum.rate,
                                       shard.place(ref.sample));
      char seconds[32];
      std::snprintf(seconds, sizeof seconds, "%.2f s",
                    static_cast<double>(audio.samples.size()) / audio.rate);
      card->second->body +=
          concat("<h3>", escaped(field.name), " <small>waveform in the shard, ", seconds,
                 "</small></h3>", waveform(audio.samples), player(field.name, audio), "\n");
    }
    waiting.erase(card);
  }
}

std::string ContactSheet::html() const {
  std::string page = concat(
      "<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\">\n"
      // Should something slip through: no script, no address is allowed.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "media-src data:; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      escaped(title_),
      "</title>\n<style>\n"
      "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#222;background:#f6f5f2}\n"
      "main{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}\n"
      "article{background:#fff;border:1px solid #ddd;border-radius:8px;padding:.8rem 1rem;"
      "overflow:hidden}\n"
      "h2{font-size:1rem;margin:0;overflow-wrap:anywhere}\n"
      "h3{font-size:.85rem;margin:.8rem 0 .2rem}\nsmall{color:#666;font-weight:400}\n"
      "img{max-width:100%;height:auto;min-width:112px;image-rendering:pixelated;margin-right:4px;"
      "background:#000}\n"
      "svg.wave{width:100%;background:#f0f0ee}\n"
      "polyline{fill:none;stroke:#35618f;stroke-width:1}\n"
      ".tokens span{background:#e8eef5;border-radius:3px;padding:0 3px}\np{margin:.2rem 0;"
      "overflow-wrap:anywhere}\naudio{width:100%}\n"
      "@media(prefers-color-scheme:dark){:root{color-scheme:dark}body{color:#e8e6e1;"
      "background:#15181c}article{background:#1e2227;border-color:#3a4048}small{color:#a4abb5}"
      "svg.wave{background:#15181c}polyline{stroke:#7db3f2}.tokens span{background:#2c3e52}}\n"
      "</style></head><body>\n<h1>",
      escaped(title_), "</h1>\n<p>", escaped(explanation_), "</p>\n<main>\n");
  for (const Card& card : cards_) {
    page += concat("<article><h2>", escaped(card.key), "</h2>\n", card.body, "</article>\n");
  }
  return page + "</main></body></html>\n";
}

}  // namespace weft::host
