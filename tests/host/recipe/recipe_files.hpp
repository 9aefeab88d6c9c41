// SPDX-License-Identifier: Apache-2.0
/// A fixture that writes recipes into an empty folder, which is the current one while the test
/// runs.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "host/recipe/recipe.hpp"

namespace weft::test {

using host::read_recipe;
using host::Recipe;
using testing::ElementsAre;
using testing::HasSubstr;

/// The smallest recipe; names begin at the lines that the tests expect.
inline const std::string k_recipe = R"({
  "format": 2,
  "name": "small",
  "data": {
    "qa": {
      "shards": {"train": ["a.tar"], "val": ["b.tar"]},
      "fields": {
        "image": {"kind": "image", "size": [8, 8]},
        "answer": {"kind": "class", "pointer": "/answer", "classes": ["yes", "no"]}
      }
    }
  },
  "graph": {
    "vision": {"use": "encoder.vit", "in": {"image": "batch.image"}, "config": {"dim": 8}},
    "core": {"use": "reasoning.steps", "in": {"tokens": ["vision.tokens", "batch.answer"]}}
  },
  "losses": {
    "ce": {"use": "loss.cross_entropy", "in": {"logits": "core.logits", "target": "batch.answer"}}
  },
  "metrics": {
    "accuracy": {"use": "metric.accuracy", "in": {"logits": "core.logits"}}
  },
  "stages": [
    {
      "name": "first",
      "data": "qa",
      "steps": 10,
      "batch_size": 4,
      "losses": {"ce": 1},
      "optimizer": {"lr": 0.001}
    }
  ]
}
)";

class RecipeFiles : public testing::Test {
 public:
  RecipeFiles() : before_(std::filesystem::current_path()) {
    std::string name = (std::filesystem::temp_directory_path() / "weft-recipe-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::filesystem::current_path(folder_);
  }
  ~RecipeFiles() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

 protected:
  /// The folder as the kernel names it.
  std::string folder() const { return std::filesystem::current_path().string(); }

  static void write(const std::string& path, const std::string& text) {
    if (const auto parent = std::filesystem::path(path).parent_path(); !parent.empty())
      std::filesystem::create_directories(parent);
    std::ofstream(path, std::ios::binary) << text;
  }

  /// k_recipe with the first `old_text` replaced.
  static std::string edited(const std::string& old_text, const std::string& new_text) {
    std::string text = k_recipe;
    const std::size_t at = text.find(old_text);
    EXPECT_NE(at, std::string::npos) << old_text;
    return at == std::string::npos ? text : text.replace(at, old_text.size(), new_text);
  }

  static Recipe read(const std::string& text, const std::vector<std::string>& overrides = {}) {
    write("r.json", text);
    return read_recipe("r.json", overrides);
  }

  /// The sentences with which a recipe is refused; none if it is accepted.
  static std::vector<std::string> refusals_of(const std::string& path,
                                              const std::vector<std::string>& overrides = {}) {
    try {
      read_recipe(path, overrides);
    } catch (const host::RecipeError& error) {
      EXPECT_EQ(error.exit(), host::Exit::bad_recipe);
      std::vector<std::string> sentences;
      for (const host::Problem& problem : error.problems()) sentences.push_back(problem.sentence());
      return sentences;
    }
    return {};
  }
  static std::vector<std::string> refusals(const std::string& text,
                                           const std::vector<std::string>& overrides = {}) {
    write("r.json", text);
    return refusals_of("r.json", overrides);
  }

 private:
  std::filesystem::path before_, folder_;
};

}  // namespace weft::test
