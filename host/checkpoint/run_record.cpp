// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/run_record.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/event_fields.hpp"
#include "host/checkpoint/run_folder.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view k_error = "weft: error: ";
constexpr std::size_t k_longest_recipe = std::size_t{1} << 24, k_longest_log = std::size_t{1} << 30;

std::string text_in(const OpenFolder& run, const char* name, std::size_t most) {
  if (!run.has_file(name)) return "";
  InputFile file(run, name);
  return read_text(file, most);
}

/// Whether a process holds the folder's lock.
bool is_running(const OpenFolder& run) {
  if (!run.has_file("lock")) return false;
  const int file = run.open_file("lock");
  const bool taken = ::flock(file, LOCK_SH | LOCK_NB) != 0;
  ::close(file);
  return taken;
}

std::int64_t whole(const Json& event, const char* key) {
  const auto found = event.find(key);
  return found != event.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

/// What the events say one after the other.
class Reading {
 public:
  Reading(RunRecord& record, const Json& recipe) : record_(record) {
    for (const Json& stage : recipe.value("stages", Json::array())) {
      names_.push_back(text_field(stage, "name"));
      steps_.push_back(whole(stage, "steps"));
      record.of += steps_.back();
    }
    evaluates_ = recipe.contains("evaluate");
  }

  void take(const Json& event) {
    const std::string kind = text_field(event, "event"), time = text_field(event, "time");
    if (record_.begun.empty()) record_.begun = time;
    record_.ended = time;
    if (kind == "start") {
      record_.recipe = record_.recipe.empty() ? text_field(event, "recipe") : record_.recipe;
      record_.message.clear();
      evaluated_ = failed_ = false;
    } else if (kind == "step" || kind == "checkpoint") {
      come_to(text_field(event, "stage"), whole(event, "step"));
      if (kind == "step") record_.losses = number_fields(event.value("losses", Json::object()));
    } else if (kind == "resumed") {
      come_to(text_field(event, "stage"), whole(event, "step"));
    } else if (kind == "best") {
      record_.best_metric = text_field(event, "metric");
      record_.best_value =
          event.value("value", Json()).is_number() ? event["value"].get<double>() : 0.0;
      if (!names_.empty() && text_field(event, "stage") == names_.back()) at_end_ = true;
    } else if (kind == "evaluation") {
      record_.metrics = number_fields(event.value("values", Json::object()));
      record_.split = text_field(event, "split");
      evaluated_ = true;
    } else if (kind == "failed") {
      record_.message = text_field(event, "message");
      failed_ = true;
    }
  }

  std::string state() const {
    if (failed_) return "failed";
    if (evaluated_ || (!evaluates_ && at_end_)) return "done";
    return record_.steps > 0 ? "stopped" : "begun";
  }

 private:
  void come_to(const std::string& stage, std::int64_t step) {
    record_.stage = stage;
    record_.steps = step;
    for (std::size_t i = 0; i < names_.size() && names_[i] != stage; ++i)
      record_.steps += steps_[i];
    at_end_ = !names_.empty() && stage == names_.back() && step >= steps_.back();
  }

  RunRecord& record_;
  std::vector<std::string> names_;
  std::vector<std::int64_t> steps_;
  bool evaluates_ = false, evaluated_ = false, failed_ = false, at_end_ = false;
};

}  // namespace

std::vector<Json> events_of(const OpenFolder& run) {
  std::vector<Json> events;
  std::istringstream lines(text_in(run, "events.jsonl", k_longest_log));
  for (std::string line; std::getline(lines, line);) {
    Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (event.is_object() && event.value("event", Json()).is_string())
      events.push_back(std::move(event));
  }
  return events;
}

void require_run(const OpenFolder& run) {
  if (!run.has_file("recipe.json"))
    throw Error(Exit::no_input, concat(run.path(),
                                       " is no run folder: it holds no recipe.json. Give the "
                                       "folder that `weft train` wrote."));
}

RunRecord read_record(const std::string& folder) {
  if (!holds_run(folder))
    throw Error(Exit::no_input, concat(folder,
                                       " is no run folder: it holds no recipe.json. Give a folder "
                                       "that `weft train` wrote; `weft runs list` shows them."));
  const OpenFolder run(folder);
  RunRecord record;
  record.folder = folder;
  record.recipe_text = text_in(run, "recipe.json", k_longest_recipe);
  record.lock_text = text_in(run, "weft.lock", k_longest_recipe);
  const Json recipe = Json::parse(record.recipe_text, nullptr, /*allow_exceptions=*/false);
  if (!recipe.is_object())
    throw Error(Exit::bad_checkpoint,
                concat(run.path_of("recipe.json"), " is damaged: it is no JSON object."));
  record.name = text_field(recipe, "name");
  Reading reading(record, recipe);
  for (const Json& event : events_of(run)) reading.take(event);
  record.state = is_running(run) ? "running" : reading.state();
  // A process that a plug-in ended wrote no event; going on removes the file.
  if ((record.state == "stopped" || record.state == "begun") && run.has_file("crash.txt")) {
    record.state = "failed";
    record.message = text_in(run, "crash.txt", k_longest_recipe);
    if (record.message.ends_with('\n')) record.message.pop_back();
    if (record.message.starts_with(k_error)) record.message.erase(0, k_error.size());
  }
  return record;
}

std::vector<std::string> runs_in(const std::string& folder) {
  if (!fs::is_directory(folder))
    throw Error(Exit::no_input, concat(folder, " is no folder. Give the one that holds runs."));
  std::vector<std::string> runs;
  const auto look = [&](const fs::path& inside, bool deeper, const auto& again) -> void {
    for (const fs::directory_entry& entry : fs::directory_iterator(inside)) {
      if (!entry.is_directory() || entry.is_symlink()) continue;
      if (holds_run(entry.path()))
        runs.push_back(entry.path());
      else if (deeper)
        again(entry.path(), false, again);
    }
  };
  look(folder, true, look);
  std::ranges::sort(runs);
  return runs;
}

bool remove_run(const std::string& folder) {
  if (!holds_run(folder))
    throw Error(
        Exit::no_input,
        concat(folder, " is no run folder: it holds no recipe.json, so nothing is removed."));
  {
    const RunFolder run(folder, RunFolder::Mode::overwrite);  // locked, and cleared
    if (OpenFolder(run.folder().path_of("checkpoints")).names().empty())
      run.folder().remove_folder("checkpoints");
    run.folder().remove_file("lock");
  }
  if (!fs::is_empty(folder)) return false;
  return fs::remove(folder);
}

}  // namespace weft::host
