// SPDX-License-Identifier: Apache-2.0
#include "host/command/ending.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace weft::host {
namespace {

template <class Thrown>
Ending ending_of(const Thrown& thrown) {
  try {
    throw thrown;
  } catch (...) {
    return current_ending();
  }
}

std::error_code system_error(int number) {
  return {number, std::generic_category()};
}

TEST(Ending, ASystemErrorHasTheCodeOfItsNumber) {
  for (const auto& [number, exit] :
       std::vector<std::pair<int, Exit>>{{ENOENT, Exit::no_input},
                                         {EACCES, Exit::cannot_create},
                                         {ENOTDIR, Exit::cannot_create},
                                         {ENAMETOOLONG, Exit::cannot_create},
                                         {EROFS, Exit::cannot_create},
                                         {EEXIST, Exit::cannot_create},
                                         {ENOTEMPTY, Exit::cannot_create},
                                         {ENOSPC, Exit::io},
                                         {EIO, Exit::io},
                                         {EFBIG, Exit::io},
                                         {EDQUOT, Exit::io},
                                         {ENOMEM, Exit::no_resources},
                                         {EAGAIN, Exit::no_resources},
                                         {EMFILE, Exit::no_resources}}) {
    EXPECT_EQ(ending_of(std::system_error(system_error(number))).exit, exit) << number;
    const Ending named = ending_of(
        std::filesystem::filesystem_error("cannot rename", "from", "to", system_error(number)));
    EXPECT_EQ(named.exit, exit) << number;
    EXPECT_EQ(named.sentence, "to: " + system_error(number).message() +
                                  ". Check the path, its rights and the room on the disk.");
  }
}

TEST(Ending, MissingMemoryIsNoFaultOfAPlugin) {
  const std::string remedy =
      "\\. Make the batch or the model smaller, or use a machine with more\\.";
  EXPECT_EQ(ending_of(std::bad_alloc()).exit, Exit::no_resources);
  EXPECT_THAT(ending_of(std::bad_array_new_length()).sentence,
              testing::MatchesRegex(
                  "there is not enough memory: this process holds [0-9]+ MiB, of the machine's "
                  "[0-9]+ MiB are free, and it.*" +
                  remedy));
  EXPECT_THAT(ending_of(std::length_error("vector::_M_default_append")).sentence,
              testing::MatchesRegex("there is not enough memory: a list or text larger than any "
                                    "memory was asked for \\(vector::_M_default_append\\)" +
                                    remedy));
}

TEST(Ending, ALimitThatMemoryRanIntoIsNamed) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  const rlimit low{rlim_t{1} << 42, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &low), 0);
  const std::string sentence = ending_of(std::bad_alloc()).sentence;
  ::setrlimit(RLIMIT_AS, &before);
  EXPECT_THAT(sentence, testing::HasSubstr("its limit (ulimit -v) is 4194304 MiB."));
}

TEST(Ending, ErrorsBringTheirOwnAndTheRestIsInternal) {
  EXPECT_EQ(ending_of(Error(Exit::bad_data, "a shard")).exit, Exit::bad_data);
  EXPECT_EQ(ending_of(Error(Exit::bad_data, "a shard")).sentence, "a shard");
  EXPECT_EQ(ending_of(std::logic_error("x")).exit, Exit::plugin);
  EXPECT_EQ(ending_of(std::logic_error("x")).sentence, "internal error: x");
  EXPECT_EQ(ending_of(7).exit, Exit::plugin);
}

TEST(Ending, ARecipesProblemsComeThroughTheOtherLibrary) {
  const RecipeError error("r.json", {{"r.json", 3, "/graph", "it is empty.", 5}});
  const Ending ending = ending_of(VerbFailed(ending_of(error)));
  EXPECT_EQ(ending.sentence, error.what());
  EXPECT_EQ(nlohmann::json::parse(json_text(ending)), nlohmann::json::parse(R"({"error": {
    "exit": 78, "sentence": "r.json has 1 problem:\n  r.json:3:5: /graph: it is empty.",
    "problems": [{"file": "r.json", "line": 3, "column": 5, "pointer": "/graph", "text": "it is empty."}]}})"));
  EXPECT_EQ(nlohmann::json::parse(json_text({Exit::io, "a\xff", {}})),
            nlohmann::json::parse(R"({"error": {"exit": 74, "sentence": "a\ufffd"}})"));
}

}  // namespace
}  // namespace weft::host
