// SPDX-License-Identifier: Apache-2.0
#include "host/graph/shape.hpp"

#include <stdexcept>

#include "host/registry/declarations.hpp"

namespace weft::host {

ShapePattern::ShapePattern(const std::string& text) {
  const std::optional<Shape> shape = parse_shape(text);
  if (!shape) throw std::invalid_argument("\"" + text + "\" is not a shape such as \"[B, N, 64]\"");
  leading_ = shape->leading;
  for (const std::string& word : shape->axes) {
    Axis axis;
    if (word.front() >= '0' && word.front() <= '9') {
      axis.size = std::stoll(word);
    } else {
      axis.each = word.back() == '*';
      axis.symbol = axis.each ? word.substr(0, word.size() - 1) : word;
    }
    axes_.push_back(axis);
  }
}

bool ShapePattern::unify(const std::vector<std::int64_t>& sizes, Symbols& symbols) const {
  if (leading_ ? sizes.size() < axes_.size() : sizes.size() != axes_.size()) return false;
  Symbols bound = symbols;
  const std::size_t skip = sizes.size() - axes_.size();
  if (leading_) {
    const std::vector<std::int64_t> head(sizes.begin(),
                                         sizes.begin() + static_cast<std::ptrdiff_t>(skip));
    if (bound.leading && *bound.leading != head) return false;
    bound.leading = head;
  }
  std::map<std::string, std::int64_t> each;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const std::int64_t size = sizes[skip + i];
    if (axes_[i].size >= 0 && axes_[i].size != size) return false;
    if (axes_[i].size >= 0) continue;
    auto& table = axes_[i].each ? each : bound.sizes;
    if (!table.emplace(axes_[i].symbol, size).second && table[axes_[i].symbol] != size)
      return false;
  }
  symbols = std::move(bound);
  return true;
}

std::optional<std::vector<std::int64_t>> ShapePattern::resolve(const Symbols& symbols) const {
  std::vector<std::int64_t> sizes;
  if (leading_) {
    if (!symbols.leading) return std::nullopt;
    sizes = *symbols.leading;
  }
  for (const Axis& axis : axes_) {
    const auto bound = symbols.sizes.find(axis.symbol);
    sizes.push_back(axis.size >= 0 ? axis.size : bound == symbols.sizes.end() ? -1 : bound->second);
  }
  return sizes;
}

std::string ShapePattern::text(const std::map<std::string, std::int64_t>& fixed) const {
  std::string text = leading_ ? "[..." : "[";
  for (const Axis& axis : axes_) {
    if (text.size() > 1) text += ", ";
    const auto value = fixed.find(axis.symbol);
    if (axis.size >= 0)
      text += std::to_string(axis.size);
    else if (value != fixed.end() && !axis.each)
      text += std::to_string(value->second);
    else
      text += axis.symbol;
  }
  return text + "]";
}

}  // namespace weft::host
