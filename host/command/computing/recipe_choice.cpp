// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/recipe_choice.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Kind = Column::Kind;

bool is_called(const Column& column, std::initializer_list<const char*> names) {
  std::string name = column.name;
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::any_of(names, [&](const char* one) { return name == one; });
}

bool is_called_caption(const Column& column) {
  return is_called(
      column, {"caption", "captions", "description", "sentence", "transcript", "transcription"});
}

bool is_called_label(const Column& column) {
  return is_called(column, {"label", "class", "category", "target", "species", "kind", "type"});
}

/// Texts; what is called a caption may be of one word, or one of few.
bool can_be_written(const Column& column) {
  const bool are_words = column.kind == Kind::category || column.kind == Kind::other;
  return column.kind == Kind::text ||
         (is_called_caption(column) && are_words && !column.words.empty());
}

/// Few values, which may be numbers.
bool can_be_classes(const Column& column) {
  const bool are_few = column.counts.size() > 1 && column.counts.size() <= k_most_categories;
  return column.kind == Kind::category ||
         (column.kind == Kind::number && column.is_whole && are_few);
}

class Chooser {
 public:
  Chooser(const FirstLook& look, const std::string& wish)
      : look_(look),
        wish_(wish),
        has_media_(!look.pictures.members.empty() || !look.recordings.members.empty()) {}

  Choice choose() {
    if (wish_.empty())
      choose_target();
    else
      take_wish();
    add_inputs();
    return std::move(choice_);
  }

 private:
  template <class Condition>
  const Column* find(const Condition& condition) const {
    const auto found = std::ranges::find_if(look_.columns, condition);
    return found == look_.columns.end() ? nullptr : &*found;
  }

  bool take(Task task, const Column* target, const std::string& why) {
    if (target == nullptr) return false;
    choice_.task = task;
    choice_.target = target;
    choice_.why = why;
    return true;
  }

  void choose_target() {
    const bool is_found =
        take(Task::classify, find([](const Column& one) { return one.name == "cls"; }),
             "it is the class of each sample") ||
        (has_media_ && take(Task::write_text, find([](const Column& one) {
                              return is_called_caption(one) && can_be_written(one);
                            }),
                            "it is a text beside pictures or recordings")) ||
        take(Task::classify,
             find([](const Column& one) { return is_called_label(one) && can_be_classes(one); }),
             "its name says that it is what the samples are") ||
        (has_media_ &&
         take(Task::write_text, richest_text(), "it is a text beside pictures or recordings")) ||
        take(Task::classify, find([](const Column& one) { return one.kind == Kind::category; }),
             "it has few values, each of them several times") ||
        take(Task::estimate_number, last_number(), "it is the last column of numbers by name");
    if (!is_found) {
      throw Error(
          Exit::bad_data,
          concat("weft new recipe: nothing is found that a model could learn to say. Put the "
                 "files of each class into a folder of its own, add a column to a table, or name a "
                 "column of texts with --target. ",
                 k_columns_are, names(), "."));
    }
  }

  /// The column of texts with the most different words.
  const Column* richest_text() const {
    const Column* richest = nullptr;
    for (const Column& one : look_.columns) {
      const bool is_richer = richest == nullptr || one.words.size() > richest->words.size();
      if (one.kind == Kind::text && is_richer) richest = &one;
    }
    return richest;
  }

  const Column* last_number() const {
    const Column* last = find([](const Column& one) {
      return one.kind == Kind::number &&
             is_called(one, {"target", "label", "y", "value", "score", "price"});
    });
    if (last != nullptr) return last;
    for (const Column& one : look_.columns) {
      if (one.kind == Kind::number) last = &one;
    }
    return last;
  }

  void take_wish() {
    const Column* const column = look_.column(wish_);
    std::vector<std::string> known;
    for (const Column& one : look_.columns) known.push_back(one.name);
    if (column == nullptr) {
      throw Error(Exit::usage, concat("weft new recipe: --target: the data has no column \"", wish_,
                                      "\".", suggestion(wish_, known)));
    }
    const std::string why = "--target names it";
    if (column->kind == Kind::number && !(is_called_label(*column) && can_be_classes(*column))) {
      take(Task::estimate_number, column, why);
    } else if (can_be_written(*column)) {
      take(Task::write_text, column, why);
    } else if (can_be_classes(*column)) {
      take(Task::classify, column, why);
    } else {
      throw Error(Exit::usage, concat("weft new recipe: --target: the column \"", wish_,
                                      "\" holds neither few values nor texts nor numbers."));
    }
  }

  void add_inputs() {
    choice_.sees_picture = !look_.pictures.members.empty();
    choice_.hears_recording = !look_.recordings.members.empty();
    // A text that is written beside pictures would tell too much if another text were read.
    const bool reads = choice_.task != Task::write_text || !has_media_;
    for (const Column& one : look_.columns) {
      if (&one == choice_.target || !reads || one.samples < look_.samples) continue;
      // Beside pictures and recordings numbers are mostly notes about how they were made.
      if (one.kind == Kind::number && one.source.is_pointer() && !has_media_)
        choice_.numbers.push_back(&one);
      if (one.kind == Kind::text && choice_.text == nullptr) choice_.text = &one;
    }
    if (has_media_ || choice_.text != nullptr || !choice_.numbers.empty()) return;
    throw Error(
        Exit::bad_data,
        concat("weft new recipe: beside \"", choice_.target->name,
               "\", which is to be learned, nothing is found to learn it from. Add pictures, "
               "recordings, texts or numbers. ",
               k_columns_are, names(), "."));
  }

  std::string names() const {
    std::vector<std::string> names;
    for (const Column& one : look_.columns) names.push_back(one.name);
    return names.empty() ? "none" : enumerate(names);
  }

  static constexpr const char* k_columns_are = "Its columns: ";

  const FirstLook& look_;
  const std::string& wish_;
  const bool has_media_;
  Choice choice_;
};

}  // namespace

Choice choose(const FirstLook& look, const std::string& wish) {
  return Chooser(look, wish).choose();
}

}  // namespace weft::host
