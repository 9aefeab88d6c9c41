// SPDX-License-Identifier: Apache-2.0
/// What a folder, table or shard holds, before a recipe says how it is read: `weft new recipe`.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/data/section/section.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

/// So many different values of a column are counted one by one.
inline constexpr std::size_t k_most_categories = 100;

/// One value of every sample that is read as text: a value of its JSON, or a member such as `txt`.
struct Column {
  enum class Kind {
    number,     ///< each value is a finite number
    category,   ///< few different values, each of them several times
    text,       ///< words
    counter,    ///< whole numbers that grow by 1 from sample to sample
    structure,  ///< lists and objects
    other,      ///< such as names: hardly a value recurs, and hardly one has several words
  };

  std::string name;  ///< the key, or the member
  Source source;
  std::int64_t samples = 0;  ///< that have it
  Kind kind = Kind::other;
  std::map<std::string, std::int64_t> counts;  ///< of values; of up to k_most_categories + 1
  double mean = 0, deviation = 1;              ///< of numbers
  bool is_whole = false;                       ///< all numbers are whole
  std::int64_t longest = 0;                    ///< words of the longest text
  std::int64_t longest_characters = 0;
  std::set<std::string> words;  ///< different ones, of up to k_most_words + 1
};

/// So many different words of a column are kept.
inline constexpr std::size_t k_most_words = 4000;

/// Members that are pictures or recordings. Those of one stem stand for each other: `jpg;png`.
struct MediaLook {
  std::string members;  ///< as a field's `member` names them; empty: none
  std::int64_t samples = 0;
  std::int64_t looked_at = 0;          ///< of which the following is known
  std::int64_t height = 0, width = 0;  ///< of pictures: the median, as files have them
  double seconds = 0;                  ///< of recordings: the longest
};

struct FirstLook {
  std::int64_t samples = 0;
  MediaLook pictures, recordings;
  std::vector<Column> columns;             ///< in alphabetical order
  std::vector<std::string> other_members;  ///< which no field is drafted for

  const Column* column(const std::string& name) const;
};

/// Reads what all samples hold as text, and the heads of at most 100 pictures and recordings.
/// @throws Error (bad_data) naming the first sample that cannot be used
FirstLook first_look(const Shard& shard);

}  // namespace weft::host
