// SPDX-License-Identifier: Apache-2.0
/// A kind of field in one place: what it promises, reads and writes. `number.cpp` is an example; a
/// new kind is a file like it and a line in kinds.cpp.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/field_spec.hpp"
#include "host/data/batch/batch_row.hpp"
#include "host/data/batch/feature.hpp"

namespace weft::host {

struct Normalization;
struct Placement;

/// The arrays of one field in one row of a batch.
class RowWriter {
 public:
  /// @param placement  where the image of FieldKind::image() lies in its field, else null
  RowWriter(Batch& batch, std::string field, std::size_t row, const Placement* placement = nullptr)
      : batch_(batch), field_(std::move(field)), row_(row), placement_(placement) {}

  /// The elements of NAME + suffix, an array that specs() promises of this type.
  template <class T>
  std::span<T> array(const std::string& suffix = "") {
    return row_of<T>(batch_, field_ + suffix, row_);
  }

  const Placement* placement() const { return placement_; }

 private:
  Batch& batch_;
  std::string field_;
  std::size_t row_;
  const Placement* placement_;
};

/// How long something is, and how much of it fits.
struct FittedLength {
  std::int64_t length = 0, room = 0;
};

/// What a field of a recipe is, with its options read. [any thread]
class FieldKind {
 public:
  virtual ~FieldKind() = default;

  /// The array NAME first, then those that come with it. An array's mask is among them.
  virtual std::vector<FieldSpec> specs(const std::string& name) const = 0;

  /// Whether decode() gets the bytes of a member, and what it gives may be cached and exchanged.
  /// Otherwise it gets a text: the value at a pointer, as JSON writes it, or a member.
  virtual bool reads_bytes() const { return false; }

  /// Where the values stand of a field that puts several together; empty for one source. decode()
  /// then gets a JSON list of their texts.
  virtual std::vector<std::string> pointers() const { return {}; }

  /// What of the options decode() depends on: equal options share cached features.
  virtual std::string decoding() const { return ""; }

  /// @param place  how a message begins: `a.tar, sample k1: size.npy`
  /// @throws Error (bad_data) when the content is no value of the kind
  virtual Feature decode(std::string_view content, const std::string& place) const = 0;

  /// The image field of the section whose crop and flips write() follows; empty for none.
  virtual std::string image() const { return ""; }

  /// Fills all arrays of the row.
  virtual void write(const Feature& feature, RowWriter& row) const = 0;

  /// What statistics undo to show values as the samples hold them; null where nothing is to undo.
  virtual const Normalization* undone() const { return nullptr; }

  /// Of kinds that cut what is too long.
  virtual std::optional<FittedLength> length(const Feature&) const { return std::nullopt; }
};

}  // namespace weft::host
