// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/parallel.hpp"

#include <nlohmann/json.hpp>

namespace weft::host {

ParallelPlan parallel_of(const Recipe& recipe) {
  const auto root = nlohmann::json::parse(recipe.resolved);
  const auto section = root.value("parallel", nlohmann::json::object());
  const std::string shard = section.value("shard", "none");
  return {shard == "optimizer"    ? Sharded::optimizer
          : shard == "gradients"  ? Sharded::gradients
          : shard == "parameters" ? Sharded::parameters
                                  : Sharded::none,
          section.value("wire", "float32") == "bfloat16" ? DType::bfloat16 : DType::float32,
          section.value("pipeline", std::int64_t{1})};
}

}  // namespace weft::host
