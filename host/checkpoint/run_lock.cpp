// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/run_lock.hpp"

#include <functional>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr const char* k_file = "weft.lock";

/// Hands over what the run's weft.lock holds, if there is one.
/// @throws Error (bad_checkpoint) for a damaged one; whatever `compare` throws
void compare_lock(const OpenFolder& run, const std::function<void(const Json&)>& compare) {
  if (!run.has_file(k_file)) return;
  InputFile file(run, k_file);
  try {
    compare(parse_strictly(read_text(file, std::size_t{1} << 24)));
  } catch (const std::exception& error) {
    if (dynamic_cast<const Error*>(&error) != nullptr) throw;
    throw Error(Exit::bad_checkpoint, concat(file.path(), " is damaged: ", error.what(),
                                             ". Delete it to go on without this check."));
  }
}

/// @param before  what weft.lock holds
void require_tokenizer(const OpenFolder& run, const Json& before, const std::string& section,
                       const std::string& tokenizer) {
  const Json tokenizers = before.value("tokenizers", Json::object());
  if (tokenizers.value(section, tokenizer) == tokenizer) return;
  throw Error(
      Exit::bad_checkpoint,
      concat("the run in ", run.path(), " was trained with another tokenizer than section \"",
             section,
             "\" has now, so its ids mean other words: ", run.path_of("tokenizers/" + section),
             ", the tokenizer's file, or the texts that it is learned from, have "
             "changed. Restore them."));
}

void require_same_seed(const OpenFolder& run, const Json& before, std::uint64_t seed) {
  const auto begun = before.at("seed").get<std::uint64_t>();
  if (begun == seed) return;
  throw Error(Exit::bad_checkpoint,
              concat("the run in ", run.path(), " was begun with seed ", begun, ", found seed ",
                     seed, ". Use the recipe that it was begun with, or another run folder."));
}

void require_same_data(const OpenFolder& run, const Json& before, const RunLock& lock) {
  for (const auto& [section, fingerprint] : lock.data)
    if (before.at("data").value(section, fingerprint) != fingerprint)
      throw Error(
          Exit::bad_checkpoint,
          concat("the run in ", run.path(), " was begun with other data: section \"", section,
                 "\" or its shards have changed. Restore them, or use another run "
                 "folder."));
  for (const auto& [section, tokenizer] : lock.tokenizers)
    require_tokenizer(run, before, section, tokenizer);
}

/// How the sentences speak of the run.
struct Wording {
  const char* begun;  ///< "the run was begun with"
  const char* now;    ///< "and goes on with"
  const char* since;  ///< "since the run was begun"
};

std::vector<std::string> differences(const Json& before, const RunLock& lock,
                                     const Wording& words) {
  std::vector<std::string> sentences;
  const auto tell = [&](const std::string& what, const std::string& then, const std::string& now) {
    if (then != now)
      sentences.push_back(
          concat(words.begun, " ", what, then, " ", words.now, " ", now, ": numbers may differ."));
  };
  tell("host ", before.at("host"), lock.host_version);
  tell("torch ", before.at("torch"), lock.torch_version);
  if (before.contains("cpu")) tell("the vector instructions ", before.at("cpu"), lock.cpu);
  tell("the device ", before.value("device", "cpu"), lock.device);
  if (before.contains("threads")) {
    const int then = before.at("threads");
    tell("", concat(then, then == 1 ? " thread" : " threads"),
         concat(lock.threads, lock.threads == 1 ? " thread" : " threads"));
  }
  for (const auto& [node, part] : lock.parts)
    if (before.at("parts").contains(node) &&
        before.at("parts").at(node).at("sha256") != part.sha256)
      sentences.push_back(concat(part.file, ", the plug-in of \"", node, "\", has changed ",
                                 words.since, ": numbers may differ."));
  const Json runs = before.value("runs", Json::object());
  for (const auto& [run, xxh3] : lock.runs)
    if (runs.value(run, xxh3) != xxh3)
      sentences.push_back(concat("the weights in ", run, ", which a view has, have changed ",
                                 words.since, ": numbers may differ."));
  return sentences;
}

}  // namespace

std::string text_of(const RunLock& lock) {
  nlohmann::ordered_json parts = nlohmann::ordered_json::object();
  for (const auto& [node, part] : lock.parts)
    parts[node] = {
        {"id", part.id}, {"version", part.version}, {"file", part.file}, {"sha256", part.sha256}};
  nlohmann::ordered_json text{{"host", lock.host_version},
                              {"abi", lock.abi},
                              {"torch", lock.torch_version},
                              {"cpu", lock.cpu},
                              {"device", lock.device},
                              {"threads", lock.threads},
                              {"seed", lock.seed},
                              {"folder", lock.folder},
                              {"data", lock.data},
                              {"tokenizers", lock.tokenizers},
                              {"parts", parts}};
  if (!lock.runs.empty()) text["runs"] = lock.runs;
  return text.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::vector<std::string> changes_on_resuming(const OpenFolder& run, const RunLock& lock) {
  std::vector<std::string> sentences;
  compare_lock(run, [&](const Json& before) {
    require_same_seed(run, before, lock.seed);
    require_same_data(run, before, lock);
    sentences = differences(
        before, lock, {"the run was begun with", "and goes on with", "since the run was begun"});
  });
  return sentences;
}

std::vector<std::string> changes_on_evaluating(const OpenFolder& run, const RunLock& lock) {
  std::vector<std::string> sentences{
      concat(run.path_of(k_file), " is missing, so nothing says what the run was trained with.")};
  compare_lock(run, [&](const Json& before) {
    for (const auto& [section, tokenizer] : lock.tokenizers)
      require_tokenizer(run, before, section, tokenizer);
    sentences = differences(
        before, lock,
        {"the run was trained with", "and is evaluated with", "since the run was trained"});
    for (const auto& [section, data] : lock.data)
      if (before.at("data").value(section, data) != data)
        sentences.push_back(concat("section \"", section,
                                   "\" or its shards have changed since the run in ", run.path(),
                                   " was trained."));
  });
  return sentences;
}

std::string folder_when_written(const OpenFolder& run) {
  std::string folder;
  compare_lock(run, [&](const Json& before) { folder = before.value("folder", ""); });
  return folder;
}

int threads_when_written(const OpenFolder& run) {
  int threads = 0;
  compare_lock(run, [&](const Json& before) { threads = before.value("threads", 0); });
  return threads;
}

std::set<std::string> tokenizers_when_written(const OpenFolder& run) {
  std::set<std::string> fingerprints;
  compare_lock(run, [&](const Json& before) {
    const Json tokenizers = before.value("tokenizers", Json::object());
    for (const auto& [section, fingerprint] : tokenizers.items())
      fingerprints.insert(fingerprint.get<std::string>());
  });
  return fingerprints;
}

bool says_the_same(const std::string& text, const std::string& other) {
  Json one = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Json two = Json::parse(other, nullptr, /*allow_exceptions=*/false);
  for (Json* lock : {&one, &two})
    if (lock->is_object()) lock->erase("folder");
  return one == two;
}

bool has_lock(const OpenFolder& run) {
  if (run.kind_of(k_file) != OpenFolder::Kind::file) return false;
  InputFile file(run, k_file);
  try {
    const Json lock = parse_strictly(read_text(file, std::size_t{1} << 24));
    return lock.is_object() && lock.contains("host") && lock.contains("torch") &&
           lock.contains("parts");
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace weft::host
