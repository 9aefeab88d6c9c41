// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/sentencepiece/sentencepiece_vetting.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/text/little_endian.hpp"

namespace weft::host {
namespace {

/// Why a model is refused; vet_sentencepiece() makes the sentence.
struct Refusal {
  std::string reason;
};

[[noreturn]] void refuse(const std::string& reason) {
  throw Refusal{reason};
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// How a field of a message is stored.
enum Wire : unsigned { k_varint = 0, k_fixed64 = 1, k_bytes = 2, k_fixed32 = 5 };

struct WireField {
  std::uint64_t number = 0;
  unsigned wire = 0;
  std::uint64_t value = 0;  ///< of a number; its bits
  std::string_view bytes;   ///< of bytes, texts and messages
};

/// The fields of one message, one after the other.
class Message {
 public:
  Message(std::string_view bytes, std::string what) : rest_(bytes), what_(std::move(what)) {}

  bool next(WireField& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {tag >> 3, static_cast<unsigned>(tag & 7), 0, {}};
    if (field.number == 0 || tag > UINT32_MAX) damaged();
    switch (field.wire) {
      case k_varint: field.value = varint(); break;
      case k_fixed64: field.value = little_endian(take(8)); break;
      case k_fixed32: field.value = little_endian(take(4)); break;
      case k_bytes: field.bytes = take(varint()); break;
      default: damaged();  // groups, which no such model has and which nest
    }
    return true;
  }

  /// Refuses a known field that is stored in another way than its type asks for.
  void expect(const WireField& field, unsigned wire) const {
    if (field.wire != wire) damaged();
  }

 private:
  [[noreturn]] void damaged() const { refuse(concat(what_, " is damaged")); }

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) damaged();
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    damaged();
  }

  std::string_view rest_;
  std::string what_;
};

/// The compiled normalisation rules: a trie over bytes as a double array of 32-bit units. A state
/// has a base; reading byte c in it leads to unit base ^ c if that unit has the label c, and from
/// there to the base that the unit's offset names. With a leaf bit, unit base holds a value: where
/// the replacement begins.
class Rules {
 public:
  explicit Rules(std::string_view charsmap) {
    constexpr std::size_t head = 4;
    if (charsmap.size() < head) refuse("its normalisation rules are cut off");
    const std::uint64_t size = little_endian(charsmap.substr(0, head));
    charsmap.remove_prefix(head);
    if (size > charsmap.size()) refuse("its normalisation rules are cut off");
    if (size == 0 || size % (k_block * sizeof(std::uint32_t)) != 0) {
      refuse(concat("the table of its normalisation rules has ", size,
                    " bytes, which is not a multiple of 1024"));
    }
    for (std::size_t at = 0; at < size; at += sizeof(std::uint32_t)) {
      units_.push_back(static_cast<std::uint32_t>(little_endian(charsmap.substr(at, head))));
    }
    replacements_ = charsmap.substr(size);
  }

  /// @return whether no rule reads a space beside an ASCII letter or digit
  bool vet() {
    for (std::uint32_t i = 0; i < units_.size(); ++i) {
      if (i > 0 && is_value(units_[i])) continue;  // never read as a transition
      if (base(i) / k_block >= units_.size() / k_block) {
        refuse(concat("unit ", i, " of its normalisation rules points outside their table"));
      }
      if (has_leaf(units_[i])) vet_replacement(i);
    }
    group_by_state();
    matches_.assign(units_.size(), k_unknown);
    if (matches(0, 0) > k_most_matches) {
      refuse(concat("more than ", k_most_matches, " of its normalisation rules begin alike"));
    }
    return !read_spaces_in_words_;
  }

 private:
  static constexpr std::uint32_t k_block = 256;
  static constexpr std::uint16_t k_unknown = UINT16_MAX;

  static bool is_value(std::uint32_t unit) { return unit >> 31 != 0; }
  static bool has_leaf(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
  /// The base to which a transition through unit `i` leads.
  std::uint32_t base(std::uint32_t i) const {
    const std::uint32_t unit = units_[i];
    return i ^ (unit >> 10) << ((unit & 1U << 9) >> 6);
  }
  /// The base of the state that unit `i` is a transition of.
  std::uint32_t state_of(std::uint32_t i) const { return i ^ (units_[i] & 0xff); }

  void vet_replacement(std::uint32_t i) const {
    const std::uint32_t value = units_[base(i)] & INT32_MAX;
    const std::string_view rest =
        value < replacements_.size() ? replacements_.substr(value, k_longest_piece + 1) : "";
    if (rest.find('\0') == std::string_view::npos) {
      refuse(concat("unit ", i, " of its normalisation rules has no replacement of at most ",
                    k_longest_piece, " bytes"));
    }
  }

  /// Lists the transitions of each state: those of base b are members_[first_[b]] and following.
  void group_by_state() {
    first_.assign(units_.size() + 1, 0);
    members_.resize(units_.size());
    const auto each = [&](const auto& action) {
      for (std::uint32_t i = 0; i < units_.size(); ++i) {
        if (!is_value(units_[i])) action(i);
      }
    };
    each([&](std::uint32_t i) { ++first_[state_of(i) + 1]; });
    for (std::size_t b = 1; b < first_.size(); ++b) first_[b] += first_[b - 1];
    std::vector<std::uint32_t> next = first_;
    each([&](std::uint32_t i) { members_[next[state_of(i)]++] = i; });
  }

  /// How many rules at most are met on a way that goes on from unit `i`, its own included.
  std::uint16_t matches(std::uint32_t i, std::size_t depth) {
    if (matches_[i] != k_unknown) return matches_[i];
    if (depth > k_longest_piece) {
      refuse(concat("its normalisation rules go round in a circle or are longer than ",
                    k_longest_piece, " bytes"));
    }
    std::uint16_t most = 0;
    for (std::uint32_t at = first_[base(i)]; at < first_[base(i) + 1]; ++at) {
      read_spaces_in_words_ = read_spaces_in_words_ || is_space_in_word(i, members_[at]);
      most = std::max(most, matches(members_[at], depth + 1));
    }
    if (has_leaf(units_[i])) ++most;
    return matches_[i] = most;
  }

  bool is_space_in_word(std::uint32_t i, std::uint32_t next) const {
    const char first = static_cast<char>(units_[i] & 0xff);
    const char second = static_cast<char>(units_[next] & 0xff);
    return i > 0 && ((first == ' ' && is_word_character(second)) ||
                     (is_word_character(first) && second == ' '));
  }

  bool read_spaces_in_words_ = false;
  std::vector<std::uint32_t> units_, first_, members_;
  std::vector<std::uint16_t> matches_;
  std::string_view replacements_;
};

/// @return whether no rule reads a space beside an ASCII letter or digit
bool vet_normalizer(std::string_view bytes) {
  enum : std::uint64_t { k_charsmap = 2 };
  Message message(bytes, "its normalizer_spec");
  bool is_there = false, words_are_apart = true;
  for (WireField field; message.next(field);) {
    if (field.number != k_charsmap) continue;
    message.expect(field, k_bytes);
    if (is_there) refuse("it has normalisation rules twice");
    is_there = true;
    if (!field.bytes.empty()) words_are_apart = Rules(field.bytes).vet();
  }
  return words_are_apart;
}

enum PieceType : std::uint64_t { k_unknown_type = 2, k_control_type = 3, k_user_defined_type = 4 };

struct Piece {
  std::string_view text;
  std::uint64_t type = 1;
};

Piece vet_piece(std::string_view bytes, std::size_t number) {
  enum : std::uint64_t { k_text = 1, k_score = 2, k_type = 3 };
  const std::string place = concat("piece ", number);
  Message message(bytes, place);
  Piece piece;
  for (WireField field; message.next(field);) {
    if (field.number == k_text) {
      message.expect(field, k_bytes);
      piece.text = field.bytes;
    } else if (field.number == k_score) {
      message.expect(field, k_fixed32);
      const auto score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
      if (!std::isfinite(score)) refuse(concat("the score of ", place, " is not a finite number"));
    } else if (field.number == k_type) {
      message.expect(field, k_varint);
      piece.type = field.value;
    }
  }
  if (piece.text.empty() || piece.text.size() > k_longest_piece) {
    refuse(concat(place, " has ", piece.text.size(), " bytes, not from 1 to ", k_longest_piece));
  }
  if (piece.text.find('\0') != std::string_view::npos) refuse(concat(place, " holds a zero byte"));
  return piece;
}

/// Whether a space stands in the piece, or its sign behind anything else.
bool joins_words(std::string_view piece) {
  constexpr std::string_view k_space = "\u2581";
  if (piece.find(' ') != std::string_view::npos) return true;
  while (piece.starts_with(k_space)) piece.remove_prefix(k_space.size());
  return piece.find(k_space) != std::string_view::npos;
}

bool is_unigram(std::string_view trainer_spec) {
  enum : std::uint64_t { k_model_type = 3, k_unigram = 1 };
  Message message(trainer_spec, "its trainer_spec");
  std::uint64_t type = k_unigram;  // where nothing is said
  for (WireField field; message.next(field);) {
    if (field.number == k_model_type) type = field.value;
  }
  return type == k_unigram;
}

/// Refuses long chains of texts, each of which begins with the one before.
void vet_chains(std::vector<std::string_view>& texts) {
  std::sort(texts.begin(), texts.end());
  std::vector<std::string_view> chain;
  for (const std::string_view text : texts) {
    while (!chain.empty() && !text.starts_with(chain.back())) chain.pop_back();
    chain.push_back(text);
    if (chain.size() > k_most_matches) {
      refuse(concat("more than ", k_most_matches, " of its user-defined pieces begin alike"));
    }
  }
}

/// Ids of the pieces that are no text.
using Meanings = std::map<std::pair<std::uint64_t, std::string_view>, std::int64_t>;

/// The names that trainer_spec gives to pieces with a meaning, and their ids.
SpecialIds special_ids(std::string_view trainer_spec, const Meanings& meanings) {
  std::array<std::string_view, 4> names = {"<unk>", "<s>", "</s>", "<pad>"};
  constexpr std::uint64_t first = 45;  // unk_piece, bos_piece, eos_piece, pad_piece
  Message message(trainer_spec, "trainer_spec");
  for (WireField field; message.next(field);)
    if (field.number >= first && field.number < first + names.size() && field.wire == k_bytes)
      names[field.number - first] = field.bytes;
  const auto id = [&](std::uint64_t type, std::string_view name, std::int64_t otherwise = -1) {
    const auto found = meanings.find({type, name});
    return found == meanings.end() ? otherwise : found->second;
  };
  return {id(k_control_type, "[CLS]", id(k_control_type, names[1])),
          id(k_control_type, "[SEP]", id(k_control_type, names[2])), id(k_control_type, names[3]),
          id(k_unknown_type, names[0])};
}

SentencePieceSummary vet_model(std::string_view bytes) {
  enum : std::uint64_t { k_piece = 1, k_trainer = 2, k_normalizer = 3, k_denormalizer = 5 };
  constexpr std::array names = {"trainer_spec", "normalizer_spec", "self_test_data",
                                "denormalizer_spec"};
  constexpr std::size_t required = 2;
  if (bytes.empty()) refuse("it is empty");
  if (bytes.size() > k_largest_tokenizer) {
    refuse(concat("it has ", bytes.size(), " bytes; at most ", k_largest_tokenizer, " are read"));
  }
  Message message(bytes, "it");
  SentencePieceSummary model;
  std::string_view trainer_spec;
  Meanings meanings;
  std::vector<std::string_view> user_defined;
  std::array<bool, names.size()> is_there{};
  for (WireField field; message.next(field);) {
    if (field.number > k_denormalizer) continue;  // extensions, which the library leaves alone
    message.expect(field, k_bytes);
    if (field.number == k_piece) {
      if (model.pieces == k_most_pieces) {
        refuse(concat("it has more than ", k_most_pieces, " pieces"));
      }
      const auto id = static_cast<std::int64_t>(model.pieces);
      const Piece piece = vet_piece(field.bytes, model.pieces++);
      if (joins_words(piece.text)) model.is_divisible = false;
      if (piece.type == k_user_defined_type) user_defined.push_back(piece.text);
      if (piece.type == k_unknown_type || piece.type == k_control_type)
        meanings.emplace(std::pair(piece.type, piece.text), id);
      continue;
    }
    bool& is_known = is_there[field.number - 2];
    if (is_known) refuse(concat("it has two of ", names[field.number - 2]));
    is_known = true;
    if (field.number == k_trainer) trainer_spec = field.bytes;
    if (field.number == k_normalizer && !vet_normalizer(field.bytes)) model.is_divisible = false;
    if (field.number == k_denormalizer) vet_normalizer(field.bytes);
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (!is_there[i]) refuse(concat("it has no ", names[i], ", or is cut off"));
  }
  vet_chains(user_defined);
  if (is_unigram(trainer_spec)) model.is_divisible = false;
  model.special = special_ids(trainer_spec, meanings);
  return model;
}

}  // namespace

SentencePieceSummary vet_sentencepiece(std::string_view model, const std::string& name) {
  try {
    return vet_model(model);
  } catch (const Refusal& refusal) {
    throw Error(Exit::bad_data, concat(name, " is not a SentencePiece model that is safe to load: ",
                                       refusal.reason, ". Choose another file."));
  }
}

}  // namespace weft::host
