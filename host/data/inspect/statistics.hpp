// SPDX-License-Identifier: Apache-2.0
/// Goes once through every example of a data section: what cannot be used, and what the rest is
/// like. `weft data check` and `weft data stats` print it.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/data/dataset/oddity.hpp"
#include "host/data/inspect/histogram.hpp"
#include "host/data/inspect/member_statistics.hpp"
#include "host/data/inspect/packing.hpp"

namespace weft::host {

/// An example and its length.
struct Extreme {
  std::int64_t length = 0;
  std::string key;
};

/// Files of a shard that are no sample's.
struct PassedOverFiles {
  std::string shard;
  PassedOver files;
};

/// One field of the examples of one split, as evaluation sees them.
struct FieldSurvey {
  std::string name;
  std::int64_t examples = 0;          ///< that have the field
  std::vector<std::int64_t> classes;  ///< by class: its examples; empty for other fields
  Histogram lengths;                  ///< before anything is cut: tokens, or frames
  std::string unit;                   ///< of lengths: `tokens`, `frames`, `places` or `entries`
  double seconds = 0;                 ///< that a frame stands for; 0 where it stands for none
  std::int64_t room = 0, cut = 0;     ///< the field's length, and how many were longer
  std::vector<Extreme> longest;       ///< the longest first, at most five
  std::vector<Extreme> shortest;      ///< the shortest first
  Oddity ill_formed;                  ///< texts that hold bytes which are not UTF-8
  Oddity silent;                      ///< recordings whose frames are all alike
  Histogram heights, widths;          ///< of pictures as their files have them, in pixels
  Histogram pictures, sounds;         ///< of documents: how many parts of each they have
  /// Of values before their normalisation: a picture's for each channel, of full scale 1; of others
  /// over all real values. Where normalisation cannot be undone (per mel), of the values after it.
  std::vector<Moments> values;
  std::vector<double> means, deviations;
};

struct SplitSurvey {
  Split split = Split::train;
  std::int64_t samples = 0;   ///< in the shards
  std::int64_t examples = 0;  ///< that the section makes of them
  Packing packing;            ///< of the training part, where documents are packed
  std::vector<FieldSurvey> fields;
  std::vector<MemberSurvey> members;  ///< in alphabetical order
  std::vector<PassedOverFiles> passed_over;
};

/// Samples of `split` whose content in a field stands in `of` too: duplicates where both are one
/// split, a leak where they are not. A sample leaks into the first part that holds its content.
struct SameContent {
  std::string field;
  Split split = Split::train, of = Split::train;
  std::int64_t samples = 0;
  std::vector<std::pair<std::string, std::string>> shown;  ///< a sample and its twin, at most ten
};

struct Survey {
  /// All of them, in the order of the splits and shards: one that fails for several reasons stands
  /// here once for each.
  std::vector<BadSample> unusable;
  std::vector<SplitSurvey> splits;  ///< those that have samples
  std::vector<Split> streamed;      ///< those that commands or standard input give: not looked at
  std::vector<SameContent> same;

  std::size_t unusable_samples() const;
};

/// @param dataset     opened so that bad samples are set aside (bad_samples with a skip of 1);
///                    else opening has already failed on the worst of them
/// @param statistics  also what is not needed to find faults: sizes of pictures, values
/// Decodes on the section's number of threads. Content is compared by 64 bits of XXH3 over a
/// member's bytes or over a text: 16 bytes are kept for each sample and field, and a pair found by
/// accident is to be expected once in 10,000 data sets of 10 million samples.
/// @throws Error of another kind than bad_data, such as io
Survey survey(const Dataset& dataset, bool statistics);

}  // namespace weft::host
