// SPDX-License-Identifier: Apache-2.0
/// Interleaved documents: texts, pictures and recordings as one sequence of L places, of which a
/// token, a patch of a picture or a group of a recording's frames takes one each.
///
/// A batch holds of the field NAME, per example:
///
///   NAME            int64 [L]   the token's id; pad's where no text stands
///   NAME_mask       bool  [L]   something stands here
///   NAME_position   int64 [L]   place in the document, from 0
///   NAME_document   int64 [L]   which document, from 1; 0 where nothing stands
///   NAME_source     int64 [L]   0 text, 1 + i patch i, -1 - j group j
///   NAME_next       int64 [L]   with `next`: the token at the next place, where NAME_next_mask [L]
///                               says that it is text of the same document
///   NAME_pictures   [C, M·H, W] M pictures one below the other: N = M·(H/patch)·(W/patch) patches,
///                               row by row; NAME_pictures_at int64 [N] their places
///   NAME_sounds     [K·T, F]    K recordings one behind the other: J = K·T/stride groups, with
///                               NAME_sounds_mask [K·T]; NAME_sounds_at int64 [J] their places
///
/// and of what is hidden NAME_target, NAME_masked [L]; NAME_pictures_masked [N];
/// NAME_sounds_masked [J] and, for each of their frames, NAME_sounds_masked_frames [K·T].
/// Where a patch or group does not stand in the sequence, its place is 0 and it is not hidden.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/data/dataset/content.hpp"

namespace weft::host {

/// The parts of an example, in order: the recipe's, or those of the sample's list, objects with one
/// of `text` (the text itself), `image` and `audio` (members). Texts are read; optional ones that
/// the sample lacks are left out.
/// @throws Error (bad_data) on something else in the list, on a part whose section the field lacks,
///         and where there is no list or text
std::vector<DocumentPart> document_parts(const FieldOptions& field, const Example& example,
                                         const Shard& shard, std::size_t sample);

/// What a document takes of a row.
struct DocumentSize {
  std::int64_t places = 0, pictures = 0, sounds = 0;

  DocumentSize operator+(const DocumentSize& other) const {
    return {places + other.places, pictures + other.pictures, sounds + other.sounds};
  }
  bool fits(const DocumentOptions& row) const;
};

/// At most: a recording counts as long as the field lets it be, because it is not decoded for this.
/// @throws Error as document_parts()
DocumentSize document_size(const Dataset::Content& content, const FieldOptions& field,
                           const SplitContent& part, std::size_t example);

/// A part as the sequence takes it: ids, pixels or a spectrum.
struct DocumentPiece {
  DocumentPart::Kind kind = DocumentPart::Kind::text;
  std::vector<std::int32_t> ids;
  Feature feature;  ///< empty where the piece could not have a place in the row
};

/// The pieces of an example, decoded as far as they may stand in a row.
/// @param example  of draw.example
/// @param random   of training, else null
/// @throws Error (bad_data) naming the sample that cannot be used
std::vector<DocumentPiece> document_pieces(const Dataset::Content& content, const Draw& draw,
                                           const SplitContent& part, const Example& example,
                                           const FieldOptions& field, RandomSequence* random);

/// One row of a document field, filled document by document.
class DocumentRow {
 public:
  /// The row is empty then. Keeps references.
  DocumentRow(const Dataset::Content& content, const FieldOptions& field, Batch& batch,
              std::size_t row);

  /// Adds a document. A text without room loses its end; from the first picture or recording
  /// without room on, the rest is left out. Either is counted as cut.
  void add(const std::vector<DocumentPiece>& pieces, RandomSequence* random);

  /// Fills what follows from the sequence. To be called once.
  void finish();

 private:
  void put(std::int64_t id, std::int64_t source);
  bool add_text(const std::vector<std::int32_t>& ids, std::int64_t limit);
  bool add_picture(const Array& pixels, RandomSequence* random, std::int64_t limit);
  bool add_sound(const Feature& feature, RandomSequence* random, std::int64_t limit);
  std::int64_t wanted(const DocumentPiece& piece) const;

  const Dataset::Content& content_;
  const FieldOptions& field_;
  const DocumentOptions& options_;
  std::span<std::int64_t> ids_, positions_, documents_, sources_, next_;
  std::span<bool> mask_, next_mask_;
  std::span<float> pictures_, sounds_;
  std::span<std::int64_t> pictures_at_, sounds_at_;
  std::span<bool> sounds_mask_;
  std::int64_t place_ = 0, position_ = 0, document_ = 0;  ///< where the next one stands
  std::int64_t picture_count_ = 0, sound_count_ = 0;      ///< that the row holds
};

}  // namespace weft::host
