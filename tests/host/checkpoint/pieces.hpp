// SPDX-License-Identifier: Apache-2.0
/// A checkpoint as several ranks would write it.

#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "host/checkpoint/checkpoint.hpp"

namespace weft::test {

/// Its tensors in turn, views and curriculum in the first piece.
inline std::vector<host::Checkpoint> in_pieces(const host::Checkpoint& whole, int count) {
  std::vector<host::Checkpoint> pieces(static_cast<std::size_t>(count), whole);
  for (int i = 0; i < count; ++i) {
    host::Checkpoint& piece = pieces[static_cast<std::size_t>(i)];
    piece.piece = i;
    piece.pieces = count;
    for (auto* tensors : {&piece.model, &piece.optimizer}) {
      int at = 0;
      std::erase_if(*tensors, [&](const auto&) { return at++ % count != i; });
    }
    if (i == 0) continue;
    piece.views.clear();
    piece.curriculum.clear();
  }
  return pieces;
}

inline void save_pieces(const host::OpenFolder& run, const std::vector<host::Checkpoint>& pieces) {
  host::begin_pieces(run, pieces[0]);
  std::vector<host::FileHashes> hashes;
  for (const host::Checkpoint& piece : pieces)  // as they come from other processes
    hashes.push_back(host::file_hashes_of(host::text_of(host::write_piece(run, piece))));
  host::join_pieces(run, pieces[0], hashes);
}

inline void save_in_pieces(const host::OpenFolder& run, const host::Checkpoint& whole, int count) {
  save_pieces(run, in_pieces(whole, count));
}

inline bool same_tensors(const std::map<std::string, host::Array>& a,
                         const std::map<std::string, host::Array>& b) {
  return std::ranges::equal(a, b, [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.sizes == other.second.sizes &&
           std::memcmp(one.second.bytes.get(), other.second.bytes.get(), one.second.byte_count()) ==
               0;
  });
}

inline bool same_tensors(const host::Checkpoint& a, const host::Checkpoint& b) {
  return same_tensors(a.model, b.model) && same_tensors(a.optimizer, b.optimizer) &&
         same_tensors(a.views, b.views);
}

}  // namespace weft::test
