// SPDX-License-Identifier: Apache-2.0
#include "host/training/stage_batches.hpp"

#include "host/training/curriculum.hpp"
#include "host/training/selection.hpp"
#include "host/training/stage_saving.hpp"

namespace weft::host {

StageBatches::StageBatches(Model& model, std::uint64_t seed, const StageShare& share,
                           const Dataset& data, const Checkpoint* resume)
    : share_(share),
      selection_(model, share.plan, seed, share.readers()),
      kept_curriculum_(resume != nullptr ? resume->curriculum : std::map<std::string, Array>{}),
      curriculum_((begin_views(model, share.plan, resume),
                   make_curriculum(model, share.plan, data, share.readers(), kept_curriculum_))),
      stream_(data, share.batch_size() * selection_.draw(), seed, share.part(),
              resume != nullptr ? place_of(*resume) : Position{}, curriculum_) {}

Batch StageBatches::next(std::int64_t step, StepReport& report) {
  const double waited_before = stream_.waited();
  Batch batch = selection_.choose(stream_.next(), step, report);
  if (curriculum_ != nullptr) report.competence = curriculum_->competence(step);
  report.samples = batch.size * share_.sharing.parts();
  report.waited = stream_.waited() - waited_before;
  return batch;
}

void StageBatches::keep_in(Checkpoint& checkpoint) const {
  checkpoint.data = numbers_of(stream_.position());
  checkpoint.curriculum = kept_curriculum_;
}

}  // namespace weft::host
