// SPDX-License-Identifier: Apache-2.0
#include "host/graph/memory_check.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "host/base/text.hpp"
#include "host/graph/stages.hpp"

namespace weft::host {
namespace {

constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();
constexpr double k_element = 4;         // float32
constexpr double k_copies = 4;          // weight, gradient, two moments
constexpr double k_gibibyte = 1 << 30;  // bytes

std::string gibibytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, bytes < 1e5 * k_gibibyte ? "%.1f GiB" : "%.1e GiB",
                bytes / k_gibibyte);
  return text;
}

/// Of one example.
double bytes_of(const std::vector<FieldSpec>& fields) {
  double bytes = 0;
  for (const FieldSpec& field : fields)
    if (!field.is_text())  // no batch of training holds it
      bytes += static_cast<double>(element_count(field.sizes)) *
               static_cast<double>(item_size(field.dtype));
  return bytes;
}

}  // namespace

std::int64_t element_count(const std::vector<std::int64_t>& sizes) {
  std::int64_t count = 1;
  if (std::ranges::find(sizes, 0) != sizes.end()) return 0;
  for (const std::int64_t size : sizes)
    if (__builtin_mul_overflow(count, size, &count)) return k_most;
  return count;
}

std::int64_t parameter_count(const Node& node) {
  std::int64_t total = 0;
  for (const ParameterDecl& parameter : node.instance.parameters())
    if (__builtin_add_overflow(total, element_count(parameter.sizes), &total)) return k_most;
  return total;
}

double machine_memory() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(::sysconf(_SC_PAGE_SIZE));
}

std::vector<Problem> memory_problems(const Recipe& recipe, const std::vector<Node>& nodes,
                                     const std::map<std::string, std::vector<FieldSpec>>& fields,
                                     double memory) {
  std::vector<Problem> problems;
  double total = 0;
  const Node* largest = nullptr;
  for (const Node& node : nodes) {
    if (node.is_viewed()) {  // one further copy at most, which does not train
      total += node.weights > 0 ? static_cast<double>(parameter_count(node)) * k_element : 0.0;
      continue;
    }
    total += static_cast<double>(parameter_count(node)) * k_element * k_copies;
    if (largest == nullptr || parameter_count(node) > parameter_count(*largest)) largest = &node;
  }
  if (total > memory && largest != nullptr)
    problems.push_back(recipe.locate(
        largest->pointer + "/config",
        concat("\"", largest->name, "\" is the largest part, with ", parameter_count(*largest),
               " parameters. To train all parts takes ", gibibytes(total), "; there are ",
               gibibytes(memory), ". Make it smaller.")));
  for (const StagePlan& stage : recipe.stages) {
    if (!fields.contains(stage.data)) continue;
    const double batch = static_cast<double>(stage.batch_size) * bytes_of(fields.at(stage.data));
    if (batch > memory)
      problems.push_back(recipe.locate(
          stage.place.pointer + "/batch_size",
          concat("the fields of ", stage.batch_size, " examples take ", gibibytes(batch),
                 "; there are ", gibibytes(memory), ". Use a smaller batch.")));
  }
  return problems;
}

std::int64_t trained_count(const Node& node, const StagePlan& stage) {
  if (node.is_viewed()) return 0;
  std::int64_t count = 0;
  for (const ParameterDecl& parameter : node.instance.parameters())
    if (is_trained(stage, concat(node.name, ".", parameter.name)))
      count += element_count(parameter.sizes);
  return count;
}

}  // namespace weft::host
