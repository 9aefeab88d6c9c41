// SPDX-License-Identifier: Apache-2.0
/// Which parts of an example a model has to guess: tokens of a text, patches of a picture, frames
/// and bands of a spectrum, and how several of them share one budget. Everything follows from the
/// RandomSequence alone; true always means "hidden, to be guessed".

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/base/random.hpp"
#include "host/data/text/masking_vocabulary.hpp"

namespace weft::host {

/// Masked language modelling (Devlin et al., "BERT", 2019, arXiv:1810.04805, §3.1).
struct TokenMasking {
  float probability = 0.15F;  ///< that a token, or with whole_word a word, is chosen
  bool whole_word = false;    ///< the pieces of a word are chosen together
  float mask = 0.8F;          ///< share of the chosen tokens that become the mask's id
  float random = 0.1F;        ///< share that becomes another token; what is left stays as it is
};

/// Chooses tokens, each (or each word) with options.probability. Ids that are not ordinary are
/// never chosen; a word is an ordinary id together with those ordinary ones behind it that do not
/// start a word.
/// Shapes: ids, chosen [length].
void choose_tokens(std::span<const std::int64_t> ids, std::span<bool> chosen,
                   const TokenMasking& options, const MaskingVocabulary& vocabulary,
                   RandomSequence& random);

/// Each chosen token becomes the mask's id, an ordinary id drawn evenly, or stays, by the shares of
/// the options.
void corrupt_tokens(std::span<std::int64_t> ids, std::span<const bool> chosen,
                    const TokenMasking& options, const MaskingVocabulary& vocabulary,
                    RandomSequence& random);

/// Masked image modelling over a grid of patches.
struct PatchMasking {
  std::int64_t rows = 1, columns = 1;
  float share = 0.4F;          ///< of the patches that is hidden
  bool blocks = true;          ///< rectangles, else patches one by one
  std::int64_t smallest = 16;  ///< patches in a block, before the edges of the last one are fitted
  float aspect = 0.3F;         ///< height / width of a block lies between this and 1 / this
};

/// One by one: exactly round(share · rows · columns) patches, every choice as likely (He et al.,
/// "Masked Autoencoders", 2021, arXiv:2111.06377).
/// Blocks: Bao et al., "BEiT", 2021, arXiv:2106.08254, algorithm 1, much as its authors' code does
/// it: a block of s patches, s even between `smallest` and what is still free, but no more than
/// that, and of aspect r, ln r even, is round(√(s r)) × round(√(s / r)); one that would leave the
/// grid, hide nothing new or hide more than round(share · rows · columns) in all is drawn again, up
/// to ten times, after which the row is left as it is. So it may hide less, never more.
/// Shapes: hidden [rows · columns], row by row; what it held does not matter.
void hide_patches(std::span<bool> hidden, const PatchMasking& options, RandomSequence& random);

/// Spans of a spectrum's frames, and of its bands for the whole recording; see hide_spans().
struct SpanMasking {
  float probability = 0, band_probability = 0;
  int length = 0, band_length = 0;
};

/// Spans along one axis of a spectrum: each position begins a span of `length` with `probability`;
/// spans may overlap and end with the axis (Baevski et al., "wav2vec 2.0", 2020, arXiv:2006.11477,
/// §3.1; over bands: Liu et al., "TERA", 2021, arXiv:2007.06028).
/// Shapes: hidden [positions]; what it held does not matter.
void hide_spans(std::span<bool> hidden, float probability, std::int64_t length,
                RandomSequence& random);

/// How many positions of each modality are visible where together `visible` are (Bachmann et al.,
/// "MultiMAE", 2022, arXiv:2204.01678, §3.2): λ ~ Dirichlet(α, …, α), N_m = round(λ_m · visible),
/// then raised or lowered one by one, first where λ_m · visible is missed most, until they add up
/// and N_m ≤ lengths[m]. There is at least one modality; with `visible` beyond the sum of the
/// lengths all are visible.
std::vector<std::int64_t> share_budget(std::span<const std::int64_t> lengths, std::int64_t visible,
                                       float alpha, RandomSequence& random);

/// Sets exactly `count` of the positions where `eligible` is true, every choice as likely, and
/// clears the others; all of the eligible ones where there are fewer.
/// Shapes: chosen, eligible [positions], which must not overlap; an empty `eligible` is true
/// everywhere.
void choose_positions(std::span<bool> chosen, std::span<const bool> eligible, std::int64_t count,
                      RandomSequence& random);

}  // namespace weft::host
