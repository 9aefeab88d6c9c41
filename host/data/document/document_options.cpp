// SPDX-License-Identifier: Apache-2.0
#include "host/data/document/document_options.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/image/patch_options.hpp"
#include "host/data/section/feature_key.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {
namespace {

constexpr int k_most_media = 1024;

DocumentPart part(const Section& section) {
  DocumentPart part;
  if (section.has("text") + section.has("image") + section.has("audio") != 1) {
    section.fail("", "one of text, image and audio");
  }
  part.is_optional = section.flag("optional");
  if (section.has("text")) {
    part.value = section.word("text", "");
    part.value = part.value.starts_with('/') ? section.pointer("text", part.value)
                                             : section.members("text", part.value);
    return part;
  }
  const char* const key = section.has("image") ? "image" : "audio";
  part.kind = section.has("image") ? DocumentPart::Kind::picture : DocumentPart::Kind::sound;
  part.value = section.members(key, section.word(key, ""));
  return part;
}

DocumentPictures pictures(const Section& section) {
  DocumentPictures pictures;
  pictures.image = image_options(section);
  pictures.patch = patch_of(section, pictures.image);
  pictures.most = section.integer("max_images", std::nullopt, 1, k_most_media);
  if (section.has("mask")) {
    pictures.masking = patch_masking(section.inner("mask"), pictures.image, pictures.patch);
  }
  pictures.feature_key = feature_key(section.json(), {});
  return pictures;
}

DocumentSounds sounds(const Section& section) {
  DocumentSounds sounds;
  sounds.recording = recording_options(section);
  sounds.stride = section.integer("frames_per_token", std::nullopt, 1, sounds.recording.frames);
  if (sounds.recording.frames % sounds.stride != 0) {
    section.refuse("frames_per_token",
                   concat("a number that divides frames (", sounds.recording.frames, ")"));
  }
  sounds.most = section.integer("max_clips", std::nullopt, 1, k_most_media);
  if (section.has("mask")) {
    const Section mask = section.inner("mask");
    sounds.mask_probability = mask.real("probability", 0.2, 0, 1);
    sounds.mask_length = mask.integer("length", 3, 1, 1'000'000);
  }
  sounds.feature_key = feature_key(section.json(), {});
  return sounds;
}

}  // namespace

DocumentOptions document_options(const Section& section) {
  DocumentOptions document;
  document.begin = section.flag("bos");
  document.end = section.flag("eos");
  document.length =
      section.integer("max_length", std::nullopt, 1 + document.begin + document.end, 1'000'000);
  document.is_packed = section.flag("pack");
  document.has_next = section.flag("next");
  if (section.has("image")) document.pictures = pictures(section.inner("image"));
  if (section.has("audio")) document.sounds = sounds(section.inner("audio"));
  if (section.has("parts") == section.has("pointer")) {
    section.fail("parts", "either parts, the same for all samples, or a pointer to a list of them");
  }
  if (!section.has("parts")) return document;
  if (!section.at("parts").is_array() || section.at("parts").empty()) {
    section.fail("parts", "a list of at least one part");
  }
  while (document.parts.size() < section.at("parts").size()) {
    const Section one = section.element("parts", document.parts.size());
    document.parts.push_back(part(one));
    const bool lacks_image =
        document.parts.back().kind == DocumentPart::Kind::picture && !document.pictures;
    const bool lacks_audio =
        document.parts.back().kind == DocumentPart::Kind::sound && !document.sounds;
    if (lacks_image) section.refuse("image", "how pictures are read, since a part is one");
    if (lacks_audio) section.refuse("audio", "how recordings are read, since a part is one");
  }
  return document;
}

}  // namespace weft::host
