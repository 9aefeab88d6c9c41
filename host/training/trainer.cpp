// SPDX-License-Identifier: Apache-2.0
#include "host/training/trainer.hpp"

#include <chrono>

#include "host/optim/stage_optimizer.hpp"
#include "host/training/divergence.hpp"
#include "host/training/loss_scale.hpp"
#include "host/training/stage_batches.hpp"
#include "host/training/stage_run.hpp"
#include "host/training/stage_saving.hpp"
#include "host/training/stage_share.hpp"
#include "host/training/step_runner.hpp"

namespace weft::host {
namespace {

/// One stage under way.
class StageRun {
 public:
  StageRun(Model& model, std::uint64_t seed, const TrainerHooks& hooks, const StageShare& share,
           const Dataset& data, const Checkpoint* resume)
      : model_(model),
        share_(share),
        ranks_(share.sharing.ranks),
        hooks_(hooks),
        stage_(share.plan),
        step_(resume != nullptr ? resume->step : 0),
        progress_(resume != nullptr ? resume->progress : StageProgress{}),
        optimizer_(stage_, model, share.sharing),
        runner_(model, stage_, seed, ranks_, share.gradient_owners(optimizer_), share.rank_of),
        batches_(model, seed, share, data, resume),
        saving_(
            stage_, model, hooks, [this] { return checkpoint(); }, progress_, ranks_),
        divergence_(stage_, model, optimizer_, progress_),
        loss_scale_(stage_, progress_) {
    if (resume != nullptr) optimizer_.load(resume->optimizer);
    if (share.shards(Sharded::parameters)) model.shard(ranks_, optimizer_.owners_of_all(model));
  }

  void run() {
    saving_.go_on(step_);
    divergence_.keep(step_);
    while (!saving_.is_done(step_)) {
      if (hooks_.begin) hooks_.begin(stage_.name, step_ + 1);
      if (take_step() && end_step() && saving_.saved() == step_) divergence_.keep(step_);
    }
    saving_.finish();
    model_.unshard();
  }

 private:
  Checkpoint checkpoint() const {
    Checkpoint now = share_.saved_state(model_, optimizer_);
    now.step = step_;
    batches_.keep_in(now);
    if (now.piece > 0) now.curriculum.clear();
    return now;
  }

  Batch next_batch(StepReport& report) try {
    return batches_.next(step_, report);
  } catch (const std::exception& fault) {
    if (ranks_.size() > 1) throw;  // the others do not know, and one alone saves nothing
    saving_.save_and_rethrow(fault, step_);
  }

  /// False where training went back to an earlier step.
  bool take_step() {
    StepReport report{stage_.name, step_ + 1, stage_.steps, {}, {}, {}, optimizer_.rate(step_)};
    const Batch batch = next_batch(report);
    divergence_.begin_step();
    if (loss_scale_.is_on()) report.loss_scale = loss_scale_.value();
    const std::string fault = runner_.run(batch, step_, report, loss_scale_.value());
    if (overflows(report, loss_scale_.value())) return leave_out_overflow();
    if (fault.empty()) {
      loss_scale_.grow();
      optimizer_.step(step_);
      runner_.end_step();
      model_.average();
    }
    runner_.clear_gradients();
    if (!fault.empty()) return leave_out(fault);
    ++step_;
    report.seconds =
        std::chrono::duration<double>(Clock::now() - std::exchange(last_, Clock::now())).count();
    report.is_logged = step_ % stage_.log_every == 0 || step_ == stage_.steps;
    if (hooks_.step) hooks_.step(report);
    return true;
  }

  bool leave_out_overflow() {
    runner_.clear_gradients();
    divergence_.put_back();
    const OverflowedStep left_out = loss_scale_.shrink(++step_);
    if (hooks_.overflowed) hooks_.overflowed(left_out);
    return true;
  }

  /// False likewise: what cannot be saved is rolled back.
  bool end_step() try {
    saving_.after_step(step_, ranks_.any(hooks_.stop != nullptr && *hooks_.stop));
    return true;
  } catch (const NotFiniteWeights& fault) {
    --step_;
    return leave_out(fault.what(), /*moved=*/true);
  }

  bool leave_out(const std::string& fault, bool moved = false) {
    const DivergedStep diverged = divergence_.leave_out(fault, step_, moved);
    const std::int64_t before = std::exchange(step_, diverged.next - 1);
    if (hooks_.diverged) hooks_.diverged(diverged);
    return step_ > before;
  }

  using Clock = std::chrono::steady_clock;
  Model& model_;
  const StageShare& share_;
  Collective& ranks_;
  const TrainerHooks& hooks_;
  const StagePlan& stage_;
  std::int64_t step_;  // done so far
  StageProgress progress_;
  optim::StageOptimizer optimizer_;
  StepRunner runner_;
  StageBatches batches_;
  StageSaving saving_;
  Divergence divergence_;
  LossScale loss_scale_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

void train_stage(Model& model, std::uint64_t seed, const TrainerHooks& hooks,
                 const StagePlan& stage, const Dataset& data, const Checkpoint* resume,
                 const Sharing& sharing) {
  sharing.ranks.send_gradients_as(sharing.wire);
  const StageShare share = share_stage(model, seed, hooks.note, stage, data, sharing);
  StageRun(model, seed, hooks, share, data, resume).run();
}

void Trainer::run(const StagePlan& stage, const Dataset& data, const Checkpoint* resume) {
  train_stage(model_, seed_, hooks_, stage, data, resume, {});
}

}  // namespace weft::host
