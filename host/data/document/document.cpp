// SPDX-License-Identifier: Apache-2.0
#include "host/data/document/document.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/audio/augment_audio.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/batch/batch_row.hpp"
#include "host/data/image/augment_image.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using Kind = DocumentPart::Kind;

constexpr std::size_t k_most_parts = 10'000;

std::string asked_by(const FieldOptions& field) {
  return concat("field ", field.name);
}

/// An entry of a sample's list.
DocumentPart part_of_list(const Json& entry, const std::string& place) {
  constexpr std::pair<const char*, Kind> kinds[] = {
      {"text", Kind::text}, {"image", Kind::picture}, {"audio", Kind::sound}};
  if (entry.is_object() && entry.size() == 1) {
    for (const auto& [key, kind] : kinds) {
      if (!entry.contains(key) || !entry.at(key).is_string()) continue;
      return {kind, entry.at(key).get<std::string>(), false};
    }
  }
  throw Error(Exit::bad_data,
              concat(place,
                     ": expected {\"text\": …}, {\"image\": member} or {\"audio\": member}, "
                     "found ",
                     entry.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 80),
                     ". Correct the data."));
}

/// @throws Error  with the sentences of the first few, if there are any
void refuse_all(const std::vector<std::string>& faults) {
  constexpr std::size_t k_told = 3;
  if (faults.empty()) return;
  std::string sentences = faults[0];
  for (std::size_t i = 1; i < std::min(faults.size(), k_told); ++i) sentences += " " + faults[i];
  if (faults.size() > k_told)
    sentences += concat(" ", faults.size() - k_told, " more parts are like them.");
  throw Error(Exit::bad_data, sentences);
}

std::vector<DocumentPart> listed_parts(const FieldOptions& field, const Example& example) {
  const std::string& text = required_value(example, field.source.text, asked_by(field));
  const std::string place = concat(example.place, ": ", field.source.text);
  Json list;
  try {
    list = parse_sample_json(text);
  } catch (const std::exception&) {  // no list either
  }
  if (!list.is_array()) {
    throw Error(Exit::bad_data, concat(place, ": expected a list of parts for field ", field.name,
                                       ". Correct the data, or the pointer."));
  }
  if (list.size() > k_most_parts) {
    throw Error(Exit::bad_data, concat(place, ": a document has at most ", k_most_parts,
                                       " parts, found ", list.size(), ". Divide the sample."));
  }
  std::vector<DocumentPart> parts;
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < list.size(); ++i) {
    try {
      parts.push_back(part_of_list(list[i], concat(place, '/', i)));
    } catch (const Error& error) {
      faults.emplace_back(error.what());
    }
  }
  refuse_all(faults);
  return parts;
}

/// How the cache knows a picture or a recording of a document.
FieldOptions media_field(const FieldOptions& field, const DocumentPart& part) {
  const auto& options = std::get<DocumentOptions>(field.kind);
  FieldOptions media;
  media.name = field.name;
  media.source = {part.value};
  const bool is_picture = part.kind == Kind::picture;
  if (is_picture) {
    media.kind = options.pictures->image;
  } else {
    media.kind = options.sounds->recording;
  }
  media.feature_key = concat(
      is_picture ? options.pictures->feature_key : options.sounds->feature_key, ' ', part.value);
  return media;
}

}  // namespace

std::vector<DocumentPart> document_parts(const FieldOptions& field, const Example& example,
                                         const Shard& shard, std::size_t sample) {
  const auto& options = std::get<DocumentOptions>(field.kind);
  if (options.parts.empty()) {
    std::vector<DocumentPart> parts = listed_parts(field, example);
    std::vector<std::string> faults;
    for (const DocumentPart& part : parts) {
      const bool is_picture = part.kind == Kind::picture;
      const bool is_read = is_picture ? options.pictures.has_value() : options.sounds.has_value();
      if (part.kind == Kind::text || is_read) continue;
      const char* const section = is_picture ? "image" : "audio";
      faults.push_back(concat(example.place, ": ", field.source.text, " asks for the ", section,
                              ' ', part.value, ", and field ", field.name,
                              " does not say how it is read. Add \"", section,
                              "\" to the field, or leave the sample out."));
    }
    refuse_all(faults);
    return parts;
  }
  std::vector<DocumentPart> parts;
  for (const DocumentPart& part : options.parts) {
    DocumentPart found = part;
    if (part.kind == Kind::text) {
      const auto text = example.values.find(part.value);
      if (text == example.values.end() && part.is_optional) continue;
      found.value = required_value(example, part.value, asked_by(field));
    } else if (part.is_optional && !shard.has_any(sample, part.value)) {
      continue;
    }
    parts.push_back(std::move(found));
  }
  return parts;
}

bool DocumentSize::fits(const DocumentOptions& row) const {
  return places <= row.length && pictures <= (row.pictures ? row.pictures->most : 0) &&
         sounds <= (row.sounds ? row.sounds->most : 0);
}

DocumentSize document_size(const Dataset::Content& content, const FieldOptions& field,
                           const SplitContent& part, std::size_t example) {
  const auto& options = std::get<DocumentOptions>(field.kind);
  const ExampleRef& ref = part.examples[example];
  const Shard& shard = *part.shards[ref.shard];
  const Example values = read_example(shard, ref, content.options, content.row_sources);
  DocumentSize size{std::int64_t{options.begin} + options.end, 0, 0};
  for (const DocumentPart& one : document_parts(field, values, shard, ref.sample)) {
    switch (one.kind) {
      case Kind::text: size.places += std::ssize(content.tokenizer->encode(one.value)); break;
      case Kind::picture: size = size + DocumentSize{options.pictures->patches(), 1, 0}; break;
      case Kind::sound: size = size + DocumentSize{options.sounds->groups(), 0, 1}; break;
    }
  }
  return size;
}

std::vector<DocumentPiece> document_pieces(const Dataset::Content& content, const Draw& draw,
                                           const SplitContent& part, const Example& example,
                                           const FieldOptions& field, RandomSequence* random) {
  const auto& options = std::get<DocumentOptions>(field.kind);
  const ExampleRef& ref = part.examples[draw.example];
  std::vector<DocumentPiece> pieces;
  DocumentSize used;
  for (const DocumentPart& one :
       document_parts(field, example, *part.shards[ref.shard], ref.sample)) {
    DocumentPiece piece;
    piece.kind = one.kind;
    if (one.kind == Kind::text) {
      piece.ids = content.tokenizer->encode(one.value);
      used.places += std::ssize(piece.ids);
    } else {
      const bool is_picture = one.kind == Kind::picture;
      const DocumentSize least{1, is_picture ? 1 : 0, is_picture ? 0 : 1};
      // What cannot have a place is not decoded: a sample says how many parts it has.
      try {
        if ((used + least).fits(options)) {
          piece.feature =
              feature_of(content, draw, part, draw.example, media_field(field, one), random);
        }
      } catch (const LacksSound&) {
        if (!one.is_optional) throw;
        continue;
      }
      used = used + least;
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

DocumentRow::DocumentRow(const Dataset::Content& content, const FieldOptions& field, Batch& batch,
                         std::size_t row)
    : content_(content), field_(field), options_(std::get<DocumentOptions>(field.kind)) {
  const auto numbers = [&](const char* suffix) {
    return row_of<std::int64_t>(batch, field.name + suffix, row);
  };
  ids_ = numbers("");
  mask_ = row_of<bool>(batch, field.mask, row);
  positions_ = numbers(k_position);
  documents_ = numbers(k_document);
  sources_ = numbers(k_source);
  std::ranges::fill(ids_, content.tokenizer->pad());
  std::ranges::fill(mask_, false);
  for (const auto& span : {positions_, documents_, sources_}) std::ranges::fill(span, 0);
  if (options_.has_next) {
    next_ = numbers(k_next);
    next_mask_ = row_of<bool>(batch, field.name + k_next_mask, row);
  }
  if (options_.pictures) {
    pictures_ = row_of<float>(batch, field.name + k_pictures, row);
    pictures_at_ = numbers(k_pictures_at);
    std::ranges::fill(pictures_, 0.0F);
    std::ranges::fill(pictures_at_, 0);
  }
  if (options_.sounds) {
    sounds_ = row_of<float>(batch, field.name + k_sounds, row);
    sounds_mask_ = row_of<bool>(batch, field.name + k_sounds_mask, row);
    sounds_at_ = numbers(k_sounds_at);
    std::ranges::fill(sounds_, 0.0F);
    std::ranges::fill(sounds_mask_, false);
    std::ranges::fill(sounds_at_, 0);
  }
}

void DocumentRow::put(std::int64_t id, std::int64_t source) {
  const auto place = static_cast<std::size_t>(place_++);
  ids_[place] = id;
  mask_[place] = true;
  positions_[place] = position_++;
  documents_[place] = document_;
  sources_[place] = source;
}

bool DocumentRow::add_text(const std::vector<std::int32_t>& ids, std::int64_t limit) {
  for (const std::int32_t id : ids) {
    if (place_ == limit) return false;
    put(id, 0);
  }
  return true;
}

bool DocumentRow::add_picture(const Array& pixels, RandomSequence* random, std::int64_t limit) {
  const DocumentPictures& options = *options_.pictures;
  const ImageOptions& image = options.image;
  const std::int64_t patches = options.patches();
  if (!pixels.bytes || picture_count_ == options.most || place_ + patches > limit) return false;
  // One below the other: the channels of a picture lie apart.
  const std::int64_t size = std::int64_t{image.height} * image.width;
  std::vector<float> values(static_cast<std::size_t>(pixels.count()));
  write_picture(pixels, image, random, values.data());
  for (std::int64_t c = 0; c < image.channels; ++c) {
    std::copy_n(values.data() + c * size, size,
                pictures_.data() + (c * options.most + picture_count_) * size);
  }
  for (std::int64_t i = picture_count_ * patches; i < (picture_count_ + 1) * patches; ++i) {
    pictures_at_[static_cast<std::size_t>(i)] = place_;
    put(content_.tokenizer->pad(), 1 + i);
  }
  ++picture_count_;
  return true;
}

bool DocumentRow::add_sound(const Feature& feature, RandomSequence* random, std::int64_t limit) {
  const DocumentSounds& options = *options_.sounds;
  const std::int64_t frames = options.recording.frames, mels = options.recording.spectrum.mels;
  if (!feature.values.bytes || sound_count_ == options.most) return false;
  content_.truncated.add(field_.name + k_sounds, feature.frames, frames);
  float* const values = sounds_.data() + sound_count_ * frames * mels;
  const std::int64_t real = write_recording(feature, options.recording, random, values);
  const std::int64_t groups = (real + options.stride - 1) / options.stride;
  if (place_ + groups > limit) {
    std::fill_n(values, frames * mels, 0.0F);
    return false;
  }
  std::fill_n(sounds_mask_.begin() + sound_count_ * frames, real, true);
  const std::int64_t first = sound_count_ * options.groups();
  for (std::int64_t j = first; j < first + groups; ++j) {
    sounds_at_[static_cast<std::size_t>(j)] = place_;
    put(content_.tokenizer->pad(), -1 - j);
  }
  ++sound_count_;
  return true;
}

std::int64_t DocumentRow::wanted(const DocumentPiece& piece) const {
  switch (piece.kind) {
    case Kind::text: return std::ssize(piece.ids);
    case Kind::picture: return options_.pictures->patches();
    case Kind::sound: break;
  }
  const DocumentSounds& sounds = *options_.sounds;
  if (!piece.feature.values.bytes) return sounds.groups();
  const auto frames = std::min<std::int64_t>(piece.feature.frames, sounds.recording.frames);
  return (frames + sounds.stride - 1) / sounds.stride;
}

void DocumentRow::add(const std::vector<DocumentPiece>& pieces, RandomSequence* random) {
  ++document_;
  position_ = 0;
  const std::int64_t limit = options_.length - options_.end;
  std::int64_t places = std::int64_t{options_.begin} + options_.end;
  bool has_room =
      !options_.begin || add_text({content_.tokenizer->required(SpecialId::begin)}, limit);
  for (const DocumentPiece& piece : pieces) {
    places += wanted(piece);
    if (!has_room) continue;
    switch (piece.kind) {
      case Kind::text: has_room = add_text(piece.ids, limit); break;
      case Kind::picture: has_room = add_picture(piece.feature.values, random, limit); break;
      case Kind::sound: has_room = add_sound(piece.feature, random, limit); break;
    }
  }
  if (options_.end) {
    add_text({content_.tokenizer->required(SpecialId::end)}, options_.length);
  }
  // A picture too many is cut also where there are places enough.
  const std::int64_t room = options_.length;
  content_.truncated.add(field_.name, has_room ? places : std::max(places, room + 1), room);
}

void DocumentRow::finish() {
  for (std::size_t l = 0; l < next_.size(); ++l) {
    const bool has_next = l + 1 < ids_.size() && documents_[l] != 0 &&
                          documents_[l + 1] == documents_[l] && sources_[l + 1] == 0;
    next_[l] = has_next ? ids_[l + 1] : content_.tokenizer->pad();
    next_mask_[l] = has_next;
  }
}

}  // namespace weft::host
