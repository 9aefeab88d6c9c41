// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/map_picture.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/html.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/inspect/field_html.hpp"

namespace weft::host {
namespace {

using Weights = std::vector<double>;

constexpr std::size_t k_most_strip = 200;  ///< rectangles; of more tokens neighbours are joined

const FieldSpec* spec_of(const Dataset& data, const std::string& field) {
  const auto& fields = data.fields();
  const auto found = std::ranges::find(fields, field, &FieldSpec::name);
  return found == fields.end() ? nullptr : &*found;
}

const FieldOptions* options_of(const Dataset& data, const std::string& field) {
  const auto& fields = data.content().options.fields;
  const auto found = std::ranges::find(fields, field, &FieldOptions::name);
  return found == fields.end() ? nullptr : &*found;
}

/// Rows of a grid of `count` patches that is shaped as the picture; 0 where there is none.
std::int64_t grid_rows(std::int64_t count, double height, double width) {
  const std::int64_t rows = std::lround(std::sqrt(static_cast<double>(count) * height / width));
  return rows > 0 && count % rows == 0 ? rows : 0;
}

/// Cells of a grid, as strong as their weights.
std::string cells(const Weights& weights, std::int64_t columns, const std::string& label) {
  const double most = std::max(std::ranges::max(weights), 1e-12);
  const auto rows = (std::ssize(weights) + columns - 1) / columns;
  std::string svg =
      concat("<svg class=\"map\" viewBox=\"0 0 ", columns, ' ', rows,
             "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"", escaped(label), "\">");
  for (std::int64_t i = 0; i < std::ssize(weights); ++i) {
    const double share = weights[static_cast<std::size_t>(i)] / most;
    if (share < 0.01) continue;
    svg +=
        concat("<rect x=\"", i % columns, "\" y=\"", i / columns,
               "\" width=\"1\" height=\"1\" fill-opacity=\"", number(0.75 * share, "%.2f"), "\"/>");
  }
  return svg + "</svg>";
}

std::string over_picture(const Dataset& data, const Batch& batch, std::int64_t row,
                         const FieldSpec& spec, const Weights& weights, const std::string& label) {
  const auto rows = grid_rows(std::ssize(weights), static_cast<double>(spec.sizes[1]),
                              static_cast<double>(spec.sizes[2]));
  if (rows == 0) return "";
  const std::int64_t columns = std::ssize(weights) / rows;
  const auto strongest = std::ranges::max_element(weights) - weights.begin();
  const FieldOptions* const field = options_of(data, spec.name);
  const Array& values = batch.fields.at(spec.name);
  return concat("<div class=\"over\">",
                picture_html(values.data<float>() + row * (values.count() / batch.size), spec.sizes,
                             field != nullptr ? std::get_if<ImageOptions>(&field->kind) : nullptr),
                cells(weights, columns,
                      concat(label, ", strongest in row ", strongest / columns + 1, " of ", rows,
                             ", column ", strongest % columns + 1, " of ", columns)),
                "</div>");
}

std::string behind_words(const Dataset& data, const Batch& batch, std::int64_t row,
                         const FieldSpec& spec, const Weights& weights) {
  const double most = std::max(std::ranges::max(weights), 1e-12);
  const std::vector<bool> real = real_tokens(data, batch, row, spec.name, std::ssize(weights));
  const Array& ids = batch.fields.at(spec.name);
  const std::int64_t count = ids.count() / batch.size;
  std::string html = "<p class=\"words\">";
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!real[i]) continue;
    const std::int64_t id = ids.data<std::int64_t>()[row * count + static_cast<std::int64_t>(i)];
    html += concat("<span title=\"", number(100 * weights[i], "%.1f"),
                   " %\" style=\"background:rgba(var(--cell),",
                   number(0.45 * weights[i] / most, "%.2f"), ")\">",
                   escaped(token_text(data, spec.name, id, 0)), "</span> ");
  }
  return html + "</p>";
}

std::string strip(const Weights& weights, const std::string& label) {
  Weights joined = weights;
  if (weights.size() > k_most_strip) {
    joined.assign(k_most_strip, 0.0);
    for (std::size_t i = 0; i < weights.size(); ++i)
      joined[i * k_most_strip / weights.size()] += weights[i];
  }
  const auto strongest = std::ranges::max_element(joined) - joined.begin();
  return concat("<div class=\"strip\">",
                cells(joined, std::ssize(joined),
                      concat(label, ", from the first to the last; strongest at ",
                             100 * (2 * strongest + 1) / (2 * std::ssize(joined)), " %")),
                "</div>");
}

}  // namespace

std::vector<bool> real_tokens(const Dataset& data, const Batch& batch, std::int64_t row,
                              const std::string& field, std::int64_t count) {
  std::vector<bool> real(static_cast<std::size_t>(count), true);
  const FieldSpec* const spec = spec_of(data, field);
  if (spec == nullptr || spec->mask.empty()) return real;
  const Array& mask = batch.fields.at(spec->mask);
  if (mask.count() / batch.size != count) return real;
  for (std::int64_t i = 0; i < count; ++i)
    real[static_cast<std::size_t>(i)] = mask.data<bool>()[row * count + i];
  return real;
}

std::string map_picture(const Dataset& data, const Batch& batch, std::int64_t row,
                        const std::string& field, const std::vector<double>& weights,
                        const std::string& label) {
  if (weights.empty()) return "";
  const FieldSpec* const spec = spec_of(data, field);
  const FieldOptions* const options = options_of(data, field);
  if (spec != nullptr && spec->dtype == DType::float32 && spec->sizes.size() == 3) {
    std::string over = over_picture(data, batch, row, *spec, weights, label);
    if (!over.empty()) return over;
  }
  const bool is_text = spec != nullptr && options != nullptr &&
                       std::holds_alternative<TextOptions>(options->kind) &&
                       spec->sizes == std::vector<std::int64_t>{std::ssize(weights)};
  return is_text ? behind_words(data, batch, row, *spec, weights) : strip(weights, label);
}

}  // namespace weft::host
