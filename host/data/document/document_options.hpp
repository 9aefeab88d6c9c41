// SPDX-License-Identifier: Apache-2.0
/// What a document field says of its parts.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/data/audio/audio_options.hpp"
#include "host/data/image/image_options.hpp"
#include "host/data/masking/masking.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {

/// A part of a document: a text, or a member that holds a picture or a recording.
struct DocumentPart {
  enum class Kind { text, picture, sound };
  Kind kind = Kind::text;
  std::string value;         ///< the member; of a text its Source, or what document_parts() found
  bool is_optional = false;  ///< left out where the sample lacks it
};

/// The pictures of a row of documents, one below the other.
struct DocumentPictures {
  ImageOptions image;
  int most = 1;  ///< in a row
  int patch = 1;
  std::optional<PatchMasking> masking;  ///< of each
  std::string feature_key;              ///< as FieldOptions::feature_key, but for the member
  int patches() const { return image.height / patch * (image.width / patch); }  ///< of one
};

/// The recordings of a row of documents, one behind the other.
struct DocumentSounds {
  RecordingOptions recording;
  int most = 1;                ///< in a row
  int stride = 1;              ///< frames that share a place, a group
  float mask_probability = 0;  ///< of each group to begin a span that is hidden
  int mask_length = 0;         ///< groups of a span; 0: none is hidden
  std::string feature_key;
  int groups() const { return recording.frames / stride; }  ///< most of one
};

/// Texts, pictures and recordings as one sequence; document.hpp says what a batch holds of them.
struct DocumentOptions {
  int length = 0;
  bool begin = false, end = false;  ///< around each document
  bool is_packed = false;           ///< while training, a row holds as many documents as fit
  bool has_next = false;            ///< gives the next token as a target
  std::vector<DocumentPart> parts;  ///< the same for all samples; none: the list at the source
  std::optional<DocumentPictures> pictures;
  std::optional<DocumentSounds> sounds;
};

DocumentOptions document_options(const Section& section);

}  // namespace weft::host
