// SPDX-License-Identifier: Apache-2.0
#include "host/report/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "host/base/printable.hpp"

namespace weft::host {
namespace {

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

using Groups = std::map<std::string, std::map<std::string, double>>;

/// "  gradients audio.* 0.12 (31 %), vision.* 0.27 (69 %)": who learns how much.
std::string balance_text(const Groups& groups) {
  std::string text;
  for (const auto& [name, told] : groups) {
    const auto norm = told.find("norm"), share = told.find("share");
    if (norm == told.end() || share == told.end()) continue;
    text += text.empty() ? "  gradients " : ", ";
    text += name + " " + number(norm->second, "%.2g");
    text += " (" + number(100 * share->second, "%.0f") + " %)";
  }
  return text;
}

}  // namespace

Progress::Progress(Style style)
    : Progress(style != Style::automatic    ? style
               : isatty(STDERR_FILENO) != 0 ? Style::terminal
                                            : Style::plain,
               std::cerr) {}

Progress::Progress(Style style, std::ostream& out) : style_(style), out_(out) {}

void Progress::step(const std::string& stage, std::int64_t step, std::int64_t steps,
                    const std::map<std::string, double>& losses, double learning_rate,
                    std::int64_t samples, double waited, const Groups& modulation) {
  const Clock::time_point now = Clock::now();
  if (stage != stage_) {
    stage_ = stage;
    begun_ = shown_ = now;
    first_ = step;
    samples_ = 0;
    waited_ = 0;
  } else {
    samples_ += samples;  // the first step's time is not known
    waited_ += waited;
  }
  const auto pause =
      style_ == Style::terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  if (style_ == Style::silent || (now - shown_ < pause && step != steps)) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  std::string line = stage + "  step " + std::to_string(step) + "/" + std::to_string(steps);
  for (const auto& [name, value] : losses) line += "  " + name + " " + number(value, "%.4f");
  line += "  lr " + number(learning_rate, "%.2e");
  line += balance_text(modulation);
  if (seconds > 0.0 && samples_ > 0) {
    line += "  " + number(static_cast<double>(samples_) / seconds, "%.0f") + " samples/s";
    const double each = seconds / static_cast<double>(step - first_);
    line += "  " + number(each * static_cast<double>(steps - step), "%.0f") + " s left";
    if (waited_ > 0.01 * seconds) {
      line += "  " + number(100 * waited_ / seconds, "%.0f") + " % waiting for data";
    }
  }
  if (style_ == Style::terminal)
    out_ << "\r\033[K" << line.substr(0, terminal_width() - 1);
  else
    out_ << line << "\n";
  out_.flush();
}

void Progress::measured(const std::string& stage, std::int64_t step,
                        const std::map<std::string, double>& values) {
  if (style_ == Style::silent) return;
  std::string line = stage + "  step " + std::to_string(step) + "  val";
  for (const auto& [name, value] : values) line += "  " + name + " " + number(value, "%.4f");
  out_ << (style_ == Style::terminal ? "\r\033[K" : "") << line << "\n" << std::flush;
}

void Progress::end_stage() {
  if (style_ == Style::terminal && !stage_.empty()) out_ << "\n" << std::flush;
  stage_.clear();
}

}  // namespace weft::host
