// SPDX-License-Identifier: Apache-2.0
/// A page that shows the fields of examples: one HTML file that needs nothing else, neither scripts
/// nor a network.

#pragma once

#include <cstdint>
#include <string>

#include "host/data/dataset/dataset.hpp"

namespace weft::host {

/// Collects the cards of a page.
class ContactSheet {
 public:
  /// @param explanation  what the page shows, as a sentence
  ContactSheet(const Dataset& dataset, std::string title, std::string explanation)
      : dataset_(dataset), title_(std::move(title)), explanation_(std::move(explanation)) {}

  /// Adds the first `most` rows of a batch, each as a card: pictures (float32 [1 or 3, H, W], also
  /// several of them) and matrices as pictures, texts as their tokens, classes by name, masks as
  /// counts, and anything else by its shape and its values' range.
  void add(const Batch& batch, std::int64_t most);
  /// Adds one row of a batch.
  void add_row(const Batch& batch, std::int64_t row);

  /// Adds to each card, by its key, the waveforms of its recordings as they lie in the shards, and
  /// a player with their first half minute.
  void add_waveforms(Split split);

  /// The inside of a card by its key, HTML; empty where there is none.
  std::string body_of(const std::string& key) const;

  std::int64_t cards() const { return static_cast<std::int64_t>(cards_.size()); }
  std::string html() const;

 private:
  struct Card {
    std::string key, body;
  };

  const Dataset dataset_;
  std::string title_, explanation_;
  std::vector<Card> cards_;
};

}  // namespace weft::host
