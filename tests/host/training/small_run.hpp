// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/data/fields/field.hpp"
#include "host/graph/model.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {

/// The shipped parts and those that are beside the test, in `parts`.
inline const host::Registry& parts() {
  static const host::Registry registry = [] {
    auto folders = host::default_search_path();
    folders.insert(folders.begin(), WEFT_DOUBLES);
    return parts_in(folders);
  }();
  return registry;
}

/// A small recipe with overrides, its data and a fresh model.
struct SmallRun {
  explicit SmallRun(const std::vector<std::string>& overrides = {},
                    host::DType dtype = host::DType::float32,
                    const std::string& text = small_recipe(),
                    const host::Registry& parts = shipped_parts())
      : recipe(read_text(text, overrides)),
        data(host::Dataset::open(recipe.data[0].name, recipe.data[0].config, folder.path("cache"))),
        model(host::Wiring(recipe, parts,
                           {{recipe.data[0].name, host::field_specs(recipe.data[0].config)}}),
              recipe.seed, dtype) {}

  TemporaryFolder folder;
  host::Recipe recipe;
  host::Dataset data;
  host::Model model;
};

/// Weights, or what an optimizer keeps, by path.
using State = std::map<std::string, host::Array>;

inline double largest_difference(const State& a, const State& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0.0;
  for (const auto& [path, array] : a)
    for (std::int64_t i = 0; i < array.count(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(array.data<float>()[i]) -
                                       static_cast<double>(b.at(path).data<float>()[i])));
  return worst;
}

}  // namespace weft::test
