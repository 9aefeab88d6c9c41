// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/community_weights.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Sizes = std::vector<std::int64_t>;

std::int64_t product(const Sizes& sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return count;
}

/// Of the row's tensor here, uncut: the sizes of its parameters one behind the other; nothing
/// where the part has none of them.
std::optional<Sizes> sizes_here(const TensorRow& row, const PartShapes& part) {
  Sizes whole;
  for (const std::string& ours : row.ours) {
    const auto found = part.find(ours);
    if (found == part.end()) return std::nullopt;
    if (whole.empty())
      whole = found->second;
    else
      whole[0] += found->second.at(0);
  }
  return whole;
}

Sizes sizes_there(const TensorRow& row, Sizes here) {
  if (row.is_transposed) std::swap(here.at(0), here.at(1));
  if (row.sizes.empty()) return here;
  Sizes there = row.sizes;
  std::int64_t known = 1;
  for (const std::int64_t size : there) known *= size < 0 ? 1 : size;
  for (std::int64_t& size : there)
    if (size < 0) size = known > 0 ? product(here) / known : 0;
  return there;
}

Array reshaped(Array array, Sizes sizes) {
  array.sizes = std::move(sizes);
  return array;
}

/// [a, b] → [b, a]
Array transposed(const Array& from) {
  const std::int64_t rows = from.sizes[0], columns = from.sizes[1];
  Array to = Array::empty(from.dtype, {columns, rows});
  const std::size_t item = item_size(from.dtype);
  const std::byte* read = from.bytes.get();
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column, read += item)
      std::memcpy(to.bytes.get() + static_cast<std::size_t>(column * rows + row) * item, read,
                  item);
  return to;
}

/// Rows [first, first + sizes[0]) of a tensor.
Array cut(const Array& from, std::int64_t first, const Sizes& sizes) {
  Array part = Array::empty(from.dtype, sizes);
  const std::size_t row =
      from.sizes[0] > 0 ? from.byte_count() / static_cast<std::size_t>(from.sizes[0]) : 0;
  std::memcpy(part.bytes.get(), from.bytes.get() + static_cast<std::size_t>(first) * row,
              part.byte_count());
  return part;
}

Array joined(const std::vector<Array>& parts, const Sizes& sizes) {
  if (parts.size() == 1) return parts[0];
  Array whole = Array::empty(parts[0].dtype, sizes);
  std::byte* to = whole.bytes.get();
  for (const Array& part : parts) {
    std::memcpy(to, part.bytes.get(), part.byte_count());
    to += part.byte_count();
  }
  return whole;
}

/// The spelling in which the file has most of the names.
std::size_t best_spelling(const CommunityModel& model, const Arrays& tensors) {
  std::size_t best = 0, most = 0;
  for (std::size_t i = 0; i < model.spellings.size(); ++i) {
    std::size_t found = 0;
    for (const CommunityNode& node : model.nodes)
      for (const TensorRow& row : node.rows) found += tensors.count(model.spellings[i].of(row));
    if (found > most) {
      best = i;
      most = found;
    }
  }
  return best;
}

bool is_kept(const CommunityModel& model, const Spelling& spelling, const std::string& name) {
  const std::string& prefix = spelling.prefix;
  return std::ranges::any_of(model.keeps, [&](const std::string& pattern) {
    return matches(pattern, name) || matches(prefix + pattern, name);
  });
}

/// Collects what does not fit, for one sentence.
struct Misfits {
  std::vector<std::string> missing, unknown, sizes, without;

  void require_none(const std::string& folder, const std::string& remedy) const {
    std::string text;
    const auto add = [&](const char* what, const std::vector<std::string>& names) {
      if (!names.empty()) text += concat(" ", what, " ", enumerate(names), ".");
    };
    add("Missing:", missing);
    add("Not known:", unknown);
    add("Other sizes:", sizes);
    add("No tensor gives", without);
    if (!text.empty())
      throw Error(Exit::bad_checkpoint,
                  concat("the weights in ", folder, " do not fit.", text, " ", remedy));
  }
};

void take(const TensorRow& row, const PartShapes& part, Array tensor, Arrays& ours) {
  const Sizes whole = *sizes_here(row, part);
  if (row.is_transposed) tensor = transposed(tensor);
  tensor = reshaped(std::move(tensor), whole);
  std::int64_t first = 0;
  for (const std::string& name : row.ours) {
    const Sizes& sizes = part.at(name);
    ours[name] = row.ours.size() == 1 ? tensor : cut(tensor, first, sizes);
    first += sizes.empty() ? 0 : sizes[0];
  }
}

}  // namespace

CommunityWeights from_community(const CommunityModel& model,
                                const std::map<std::string, PartShapes>& parts, Arrays tensors,
                                const std::string& folder) {
  CommunityWeights weights;
  weights.spelling = best_spelling(model, tensors);
  const Spelling& spelling = model.spellings.at(weights.spelling);
  Misfits misfits;
  for (const CommunityNode& node : model.nodes) {
    const PartShapes& part = parts.at(node.name);
    Arrays& ours = weights.nodes[node.name];
    std::set<std::string> given;
    for (const TensorRow& row : node.rows) {
      const std::optional<Sizes> here = sizes_here(row, part);
      if (!here) continue;  // the part is configured without
      given.insert(row.ours.begin(), row.ours.end());
      const std::string name = spelling.of(row);
      auto found = tensors.extract(name);
      if (found.empty()) {
        misfits.missing.push_back(name);
      } else if (const Sizes there = sizes_there(row, *here); found.mapped().sizes != there) {
        misfits.sizes.push_back(concat(name, " is ", shape_text(found.mapped().sizes),
                                       ", expected ", shape_text(there)));
      } else {
        take(row, part, std::move(found.mapped()), ours);
      }
    }
    for (const auto& [name, sizes] : part)
      if (!given.contains(name)) misfits.without.push_back(concat(node.name, ".", name));
  }
  for (const auto& [name, tensor] : tensors)
    if (!is_kept(model, spelling, name)) misfits.unknown.push_back(name);
  misfits.require_none(folder, "Give the config.json that belongs to the weights.");
  weights.rest = std::move(tensors);
  return weights;
}

Arrays to_community(const CommunityModel& model, const std::map<std::string, PartShapes>& parts,
                    const CommunityWeights& weights, const std::string& folder) {
  const Spelling& spelling = model.spellings.at(weights.spelling);
  Arrays tensors;
  Misfits misfits;
  for (const CommunityNode& node : model.nodes) {
    const PartShapes& part = parts.at(node.name);
    const Arrays& ours = weights.nodes.at(node.name);
    for (const TensorRow& row : node.rows) {
      const std::optional<Sizes> here = sizes_here(row, part);
      if (!here) continue;
      std::vector<Array> pieces;
      for (const std::string& name : row.ours) {
        const auto found = ours.find(name);
        const std::string path = concat(node.name, ".", name);
        if (found == ours.end())
          misfits.missing.push_back(path);
        else if (found->second.sizes != part.at(name))
          misfits.sizes.push_back(concat(path, " is ", shape_text(found->second.sizes),
                                         ", expected ", shape_text(part.at(name))));
        else
          pieces.push_back(found->second);
      }
      if (pieces.size() != row.ours.size()) continue;
      Array whole = joined(pieces, *here);
      if (row.is_transposed) whole = transposed(whole);
      tensors[spelling.of(row)] = reshaped(std::move(whole), sizes_there(row, *here));
    }
  }
  misfits.require_none(folder, "Convert the community's folder anew.");
  for (const auto& [name, tensor] : weights.rest) {
    if (tensors.contains(name)) continue;  // a part has it after all
    const auto tied = model.tied.find(name);
    const auto same =
        tied == model.tied.end() ? tensors.end() : tensors.find(spelling.prefix + tied->second);
    tensors[name] = same == tensors.end() ? tensor : same->second;
  }
  return tensors;
}

}  // namespace weft::host
