// SPDX-License-Identifier: Apache-2.0
/// The n-grams of a text, counted. An n-gram is known by a 64-bit hash of its words: of a million
/// different ones, two share theirs with a chance of 1 to 37 million.

#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  struct Gram {
    std::uint64_t hash;
    double count;
  };
  /// In the order of their hashes, each once.
  using Grams = std::vector<Gram>;

  /// The finaliser of MurmurHash3.
  inline std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ bits >> 33U) * 0xff51afd7ed558ccdULL;
    bits = (bits ^ bits >> 33U) * 0xc4ceb9fe1a85ec53ULL;
    return bits ^ bits >> 33U;
  }

  inline std::uint64_t hash_of(std::string_view word) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char byte : word) {
      hash ^= static_cast<unsigned char>(byte);
      hash *= 0x100000001b3ULL;
    }
    return mixed(hash);
  }

  template <class Words>
  std::vector<std::uint64_t> hashes_of(const Words& words) {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(words.size());
    for (const auto& word : words) hashes.push_back(hash_of(word));
    return hashes;
  }

  /// The n-grams of words that are given by their hashes.
  inline Grams count_grams(const std::vector<std::uint64_t>& words, std::size_t n) {
    std::vector<std::uint64_t> all;
    if (words.size() >= n) all.reserve(words.size() - n + 1);
    for (std::size_t i = 0; i + n <= words.size(); ++i) {
      std::uint64_t hash = words[i];
      for (std::size_t j = 1; j < n; ++j) hash = mixed(hash * 0x9e3779b97f4a7c15ULL + words[i + j]);
      all.push_back(hash);
    }
    std::sort(all.begin(), all.end());
    Grams grams;
    for (const std::uint64_t hash : all) {
      if (grams.empty() || grams.back().hash != hash) grams.push_back({hash, 0});
      ++grams.back().count;
    }
    return grams;
  }

  inline double total(const Grams& grams) {
    double sum = 0;
    for (const Gram& gram : grams) sum += gram.count;
    return sum;
  }

  /// Calls each(count in a, count in b) for the n-grams that both hold.
  template <class Each>
  void for_common(const Grams& a, const Grams& b, Each&& each) {
    for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
      if (x->hash < y->hash) {
        ++x;
      } else if (y->hash < x->hash) {
        ++y;
      } else {
        each((x++)->count, (y++)->count);
      }
    }
  }

  /// Σ min(count in a, count in b).
  inline double overlap(const Grams& a, const Grams& b) {
    double sum = 0;
    for_common(a, b, [&](double x, double y) { sum += std::min(x, y); });
    return sum;
  }

  /// Of each n-gram the largest count.
  inline Grams largest(const Grams& a, const Grams& b) {
    Grams both;
    auto x = a.begin();
    for (const Gram& gram : b) {
      while (x != a.end() && x->hash < gram.hash) both.push_back(*x++);
      both.push_back(gram);
      if (x != a.end() && x->hash == gram.hash)
        both.back().count = std::max(gram.count, (x++)->count);
    }
    both.insert(both.end(), x, a.end());
    return both;
  }

  }  // namespace text
}  // namespace weft
