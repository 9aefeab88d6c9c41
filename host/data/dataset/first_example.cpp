// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/first_example.hpp"

#include "host/base/text.hpp"
#include "host/data/dataset/content.hpp"

namespace weft::host {
namespace {

class Look {
 public:
  Look(const Dataset::Content& content, const SplitContent& part)
      : content_(content),
        part_(part),
        shard_(*part.shards[part.examples.front().shard]),
        example_(
            read_example(shard_, part.examples.front(), content.options, content.row_sources)) {}

  void at(const FieldOptions& field) {
    if (field.is_optional) return;
    attempt("/fields/" + field.name, [&] {
      if (field.is_media()) {
        const std::size_t sample = part_.examples.front().sample;
        if (!shard_.has_any(sample, field.source.text)) shard_.read(sample, field.source.text);
      } else if (!std::holds_alternative<DocumentOptions>(field.kind)) {
        field_text(example_, field);
      }
    });
  }

  void at_value(const std::string& pointer) {
    attempt(
        "", [&] { value_of(content_, part_, 0, pointer); }, "/evaluate/group_by");
  }

  void at_row() {
    attempt("", [&] {
      const TruncationCount::Watch not_counted;
      Batch batch = empty_batch(content_, 1);
      try {
        fill_row(content_, part_.split, Draw{}, batch, 0);
      } catch (const Error& error) {
        content_.quarantine.refuse(error);
      }
    });
  }

  template <class Work>
  void attempt(const std::string& below, const Work& work, const std::string& place = "") {
    try {
      work();
    } catch (const Error& error) {
      problems.push_back(
          {{"", 0, place.empty() ? concat("/data/", content_.name, below) : place, error.what()},
           error.exit()});
    }
  }

  std::vector<Found> problems;

 private:
  const Dataset::Content& content_;
  const SplitContent& part_;
  const Shard& shard_;
  Example example_;
};

}  // namespace

std::vector<Found> look_at_first_example(const Dataset& data, Split split, const std::string& by) {
  const Dataset::Content& content = data.content();
  const SplitContent& part = content.part(split);
  if (part.examples.empty() || content.quarantine.is_open()) return {};
  try {
    Look look(content, part);
    for (const FieldOptions& field : content.options.fields) look.at(field);
    if (!by.empty()) look.at_value(by);
    if (look.problems.empty()) look.at_row();
    return look.problems;
  } catch (const Error& error) {  // its JSON is damaged
    return {{{"", 0, "/data/" + data.name(), error.what()}, error.exit()}};
  }
}

}  // namespace weft::host
