// SPDX-License-Identifier: Apache-2.0
/// Which examples stand in the rows of a training stream.

#pragma once

#include <memory>
#include <optional>

#include "host/data/dataset/content.hpp"
#include "host/data/document/document.hpp"
#include "host/data/loading/order.hpp"
#include "host/data/loading/position.hpp"
#include "host/data/loading/streamed_order.hpp"

namespace weft::host {

/// The rows of a training part without end, one after the other: an example each, or where
/// documents are packed, as many consecutive ones as fit. Of those only their texts are read for
/// this, and encoded; what cannot be read counts as a whole row.
class RowOrder {
 public:
  /// Keeps a reference to the content.
  /// @throws Error (bad_recipe) on a curriculum of a part that is streamed, of which it is not
  /// known
  ///         what there is, or packed, whose rows hold several examples
  RowOrder(const Dataset::Content& content, std::uint64_t seed,
           std::shared_ptr<const EasyFirst> curriculum = nullptr);

  /// @throws Error as StreamedOrder::next()
  Draw next();

  /// Passes over rows.
  void skip(std::int64_t rows);

  /// Before the next row.
  Position position() const;
  /// @throws Error as StreamedOrder::seek()
  void seek(const Position& position);

  /// As StreamedOrder::cancel(). [any thread]
  void cancel();

 private:
  const Draw& peek();
  void pop();
  DocumentSize size_of(const Draw& draw, const FieldOptions& field) const;
  void pack(Draw& row, const FieldOptions& field, std::optional<DocumentSize> first);

  const Dataset::Content& content_;
  std::optional<TrainingOrder> order_;  ///< or
  std::unique_ptr<StreamedOrder> streamed_;
  Position position_;         ///< before `next_`, or where there is none, before what comes
  std::optional<Draw> next_;  ///< looked at already
  std::optional<DocumentSize> next_size_;  ///< its size, where it was measured
};

}  // namespace weft::host
