// SPDX-License-Identifier: Apache-2.0
/// A page that shows the fields of examples: one HTML file that needs nothing else, neither scripts
/// nor a network.

#pragma once

#include <cstdint>
#include <string>

#include "host/data/dataset/dataset.hpp"

namespace weft::host {

/// Safe as text and as an attribute's value in HTML, whatever data holds.
std::string escaped(const std::string& text);

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

  /// Adds to each card, by its key, the waveforms of its recordings as they lie in the shards.
  void add_waveforms(Split split);

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
