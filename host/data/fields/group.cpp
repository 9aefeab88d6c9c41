// SPDX-License-Identifier: Apache-2.0
/// The kind `group`: any value -> int64 [], the same number for the same text: 53 bits of its hash,
/// so that float64 holds it. Of a million values, two share a number with a chance of 1 to 18,000.

#include <memory>

#include "host/base/text.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {
namespace {

class Group final : public FieldKind {
 public:
  std::vector<FieldSpec> specs(const std::string& name) const override {
    return {{name, DType::int64, {}, "", 0}};
  }

  Feature decode(std::string_view content, const std::string&) const override {
    constexpr int k_dropped_bits = 11;
    Array number = Array::empty(DType::int64, {});
    *number.data<std::int64_t>() =
        static_cast<std::int64_t>(stable_hash(content) >> k_dropped_bits);
    return {std::move(number)};
  }

  void write(const Feature& feature, RowWriter& row) const override {
    row.array<std::int64_t>()[0] = *feature.values.data<std::int64_t>();
  }
};

}  // namespace

std::shared_ptr<const FieldKind> group_kind(const Section&, const Source&) {
  return std::make_shared<const Group>();
}

}  // namespace weft::host
