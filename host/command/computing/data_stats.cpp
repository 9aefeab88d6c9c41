// SPDX-License-Identifier: Apache-2.0
/// `weft data stats`: what data is like, split by split and field by field.

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/bare_data.hpp"
#include "host/command/computing/data_section.hpp"
#include "host/command/json_document.hpp"
#include "host/data/inspect/statistics.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson spread(const Histogram& histogram) {
  return {{"min", histogram.smallest()},
          {"median", histogram.quantile(0.5)},
          {"p95", histogram.quantile(0.95)},
          {"max", histogram.largest()},
          {"outliers", histogram.outliers()}};
}

std::string class_name(const Dataset& dataset, const std::string& field, std::size_t index) {
  const auto id = static_cast<std::int64_t>(index);
  return dataset.decode_text(field, {&id, 1});
}

/// How many samples of the split are not the only ones with their content.
std::int64_t same_as(const Survey& survey, const std::string& field, Split split, bool elsewhere) {
  std::int64_t samples = 0;
  for (const SameContent& entry : survey.same)
    if (entry.field == field && entry.split == split && (entry.of != split) == elsewhere)
      samples += entry.samples;
  return samples;
}

OrderedJson document(const Dataset& dataset, const Survey& survey, const SplitSurvey& split,
                     const FieldSurvey& field) {
  OrderedJson json = {{"examples", field.examples}};
  if (!field.classes.empty()) {
    OrderedJson& classes = json["classes"] = OrderedJson::object();
    for (std::size_t i = 0; i < field.classes.size(); ++i)
      classes[class_name(dataset, field.name, i)] = field.classes[i];
  }
  if (field.lengths.count() > 0) {
    json[field.unit] = spread(field.lengths);
    json["truncated"] = {{"cut", field.cut}, {"room", field.room}};
    if (field.seconds > 0)
      json["seconds"] = {
          {"min", static_cast<double>(field.lengths.smallest()) * field.seconds},
          {"median", static_cast<double>(field.lengths.quantile(0.5)) * field.seconds},
          {"p95", static_cast<double>(field.lengths.quantile(0.95)) * field.seconds},
          {"max", static_cast<double>(field.lengths.largest()) * field.seconds}};
  }
  if (field.heights.count() > 0) {
    json["height"] = spread(field.heights);
    json["width"] = spread(field.widths);
  }
  if (field.pictures.count() > 0) {
    json["pictures"] = spread(field.pictures);
    json["sounds"] = spread(field.sounds);
  }
  if (const Packing& packing = split.packing; packing.rows > 0) {
    json["rows"] = {
        {"looked_at", packing.rows}, {"documents", packing.documents}, {"filled", packing.filled}};
  }
  if (!field.means.empty()) json["mean"] = field.means, json["std"] = field.deviations;
  json["duplicates"] = same_as(survey, field.name, split.split, false);
  json["leaks"] = same_as(survey, field.name, split.split, true);
  return json;
}

OrderedJson document(const Dataset& dataset, const Survey& survey) {
  OrderedJson splits = OrderedJson::object();
  for (const SplitSurvey& split : survey.splits) {
    OrderedJson fields = OrderedJson::object();
    for (const FieldSurvey& field : split.fields)
      fields[field.name] = document(dataset, survey, split, field);
    splits[split_name(split.split)] = {
        {"samples", split.samples}, {"examples", split.examples}, {"fields", fields}};
  }
  return {{"data", dataset.name()}, {"unusable", survey.unusable_samples()}, {"splits", splits}};
}

void add_row(Table& table, const std::string& split, const std::string& name,
             const Histogram& histogram, double unit = 1) {
  const auto cell = [&](std::int64_t value) {
    return number(static_cast<double>(value) * unit, "%.4g");
  };
  table.add({split, name, std::to_string(histogram.count()), cell(histogram.smallest()),
             cell(histogram.quantile(0.5)), cell(histogram.quantile(0.95)),
             cell(histogram.largest())});
}

/// What is printed of a section, field by field.
struct Tables {
  Table sizes{{"split", "size", "count", "min", "median", "p95", "max"}};
  Table values{{"split", "values", "mean", "std"}};
  Table same{{"split", "field", "examples", "cut", "duplicates", "leaks"}};
  std::string classes, rows;
};

void add_sizes(Table& sizes, const std::string& part, const FieldSurvey& field) {
  if (field.lengths.count() > 0)
    add_row(sizes, part, concat(field.name, ", ", field.unit), field.lengths);
  if (field.lengths.count() > 0 && field.seconds > 0)
    add_row(sizes, part, concat(field.name, ", seconds"), field.lengths, field.seconds);
  if (field.heights.count() > 0) {
    add_row(sizes, part, concat(field.name, ", height"), field.heights);
    add_row(sizes, part, concat(field.name, ", width"), field.widths);
  }
  if (field.pictures.count() > 0) {
    add_row(sizes, part, concat(field.name, ", pictures"), field.pictures);
    add_row(sizes, part, concat(field.name, ", sounds"), field.sounds);
  }
}

std::string classes_text(const Dataset& dataset, const std::string& part,
                         const FieldSurvey& field) {
  if (field.classes.empty()) return "";
  std::string text = concat(part, ", ", field.name, ":");
  for (std::size_t i = 0; i < field.classes.size(); ++i)
    text += concat(i == 0 ? " " : ", ", printable(class_name(dataset, field.name, i)), " ",
                   field.classes[i]);
  return text + "\n";
}

void add_field(Tables& tables, const Dataset& dataset, const Survey& survey,
               const SplitSurvey& split, const FieldSurvey& field) {
  const std::string part = split_name(split.split);
  add_sizes(tables.sizes, part, field);
  if (const Packing& packing = split.packing; packing.rows > 0)
    tables.rows +=
        concat(part, ", ", field.name, ": documents a row ", number(packing.documents, "%.4g"),
               ", places filled ", number(100 * packing.filled, "%.4g"), " %, over ",
               counted(packing.rows, "row"), "\n");
  for (std::size_t i = 0; i < field.means.size(); ++i) {
    const std::string channel = field.means.size() > 1 ? concat(", channel ", i) : "";
    tables.values.add({part, field.name + channel, number(field.means[i], "%.4g"),
                       number(field.deviations[i], "%.4g")});
  }
  tables.same.add({part, field.name, std::to_string(field.examples), std::to_string(field.cut),
                   std::to_string(same_as(survey, field.name, split.split, false)),
                   std::to_string(same_as(survey, field.name, split.split, true))});
  tables.classes += classes_text(dataset, part, field);
}

void print(const Dataset& dataset, const Survey& survey) {
  std::cout << "data " << printable(dataset.name()) << "\n\n";
  for (const Split split : survey.streamed)
    std::cout << split_name(split)
              << ": what comes from a command or standard input is not looked at\n\n";
  Tables tables;
  for (const SplitSurvey& split : survey.splits)
    for (const FieldSurvey& field : split.fields) add_field(tables, dataset, survey, split, field);
  std::cout << tables.same.text();
  for (const Table* table : {&tables.sizes, &tables.values}) {
    if (!table->empty()) std::cout << "\n" << table->text();
  }
  for (const std::string& lines : {tables.classes, tables.rows}) {
    if (!lines.empty()) std::cout << "\n" << lines;
  }
  if (!survey.unusable.empty())
    std::cout << counted(static_cast<std::int64_t>(survey.unusable_samples()), "sample")
              << " cannot be used and are left out; `weft data check` lists them.\n";
}

}  // namespace

void data_stats(const Options& options) {
  const Recipe recipe = recipe_or_data(options);
  OrderedJson all = OrderedJson::array();
  for (const DataPlan& plan : chosen_sections(options, recipe)) {
    const Dataset dataset = open_listed(plan);
    const Survey found = survey(dataset, /*statistics=*/true);
    if (options.json)
      all.push_back(document(dataset, found));
    else
      print(dataset, found);
  }
  if (options.json) std::cout << document_text(OrderedJson{{"stats", all}});
}

}  // namespace weft::host
