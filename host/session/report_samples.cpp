// SPDX-License-Identifier: Apache-2.0
#include "host/session/report_samples.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "host/base/html.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/data/inspect/contact_sheet.hpp"
#include "host/data/loading/stream.hpp"
#include "host/report/chart.hpp"
#include "host/report/page.hpp"
#include "host/session/map_html.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_most_classes = 20;  ///< of a confusion matrix that one can read
constexpr std::size_t k_most_pairs = 20;    ///< of classes that are taken for each other
constexpr std::size_t k_bins = 10;
constexpr std::size_t k_most_map_bytes = 1U << 20;  ///< samples beyond these have no maps

bool is_wrong(const Answer& answer) {
  return answer.target && *answer.target != answer.text;
}

double confidence_of(const Answer& answer) {
  return answer.scores.empty() ? 0.0 : static_cast<double>(std::ranges::max(answer.scores));
}

/// The first of several that sort first are kept: wrong before right, sure before unsure.
class Shown {
 public:
  explicit Shown(std::size_t count) : count_(count) {}

  void add(const Prediction& prediction) {
    const bool wrong = std::ranges::any_of(prediction.answers, is_wrong);
    double surest = 0;
    for (const Answer& answer : prediction.answers)
      if (wrong == is_wrong(answer)) surest = std::max(surest, confidence_of(answer));
    all_.push_back({!wrong, -surest, next_++, prediction});
    std::ranges::push_heap(all_, before);
    if (all_.size() > count_) {
      std::ranges::pop_heap(all_, before);
      all_.pop_back();
    }
  }

  std::vector<Prediction> sorted() {
    std::ranges::sort_heap(all_, before);
    std::vector<Prediction> predictions;
    for (Entry& entry : all_) predictions.push_back(std::move(entry.prediction));
    return predictions;
  }

 private:
  struct Entry {
    bool is_right;
    double unsure;
    std::size_t place;
    Prediction prediction;
  };
  static bool before(const Entry& a, const Entry& b) {
    return std::tie(a.is_right, a.unsure, a.place) < std::tie(b.is_right, b.unsure, b.place);
  }

  std::size_t count_, next_ = 0;
  std::vector<Entry> all_;  // a heap, the last on top
};

/// How the classes of one answer are spread.
class Spread {
 public:
  void add(const Answer& answer) {
    ++counts_[*answer.target][answer.text];
    classes_.insert({*answer.target, answer.text});
    const double confidence = confidence_of(answer);
    const auto bin = std::min(static_cast<std::size_t>(confidence * k_bins), k_bins - 1);
    ++bins_[bin].count;
    bins_[bin].confidence += confidence;
    bins_[bin].right += is_wrong(answer) ? 0 : 1;
    ++count_;
  }

  std::string html(const std::string& name) const {
    std::vector<ReliabilityBin> bins;
    double error = 0;  // expected calibration error: Guo et al. 2017, equation 3
    for (const Bin& bin : bins_) {
      if (bin.count == 0) continue;
      const double n = bin.count;
      bins.push_back({bin.confidence / n, bin.right / n, n / count_});
      error += std::abs(bin.confidence - bin.right) / count_;
    }
    return concat("<div class=\"grid\"><figure><figcaption>", escaped(name),
                  ": what is right (rows), what is said (columns)</figcaption>",
                  classes_.size() <= k_most_classes ? matrix() : pairs(), "</figure>\n",
                  html_reliability(concat(name,
                                          ": how often it is right (upwards) where it is so "
                                          "sure (to the right); expected calibration error ",
                                          number(error, "%.3f")),
                                   bins),
                  "</div>\n");
  }

 private:
  struct Bin {
    double confidence = 0, right = 0, count = 0;
  };

  int at(const std::string& target, const std::string& said) const {
    const auto row = counts_.find(target);
    if (row == counts_.end()) return 0;
    const auto cell = row->second.find(said);
    return cell == row->second.end() ? 0 : cell->second;
  }

  /// A cell is as dark as its share of the row.
  std::string matrix() const {
    std::string html =
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"confusion\">"
        "<table class=\"confusion\"><tr><th></th>";
    for (const std::string& said : classes_)
      html += concat("<th scope=\"col\">", escaped(said), "</th>");
    for (const std::string& target : classes_) {
      html += concat("</tr>\n<tr><th scope=\"row\">", escaped(target), "</th>");
      int sum = 0;
      for (const std::string& said : classes_) sum += at(target, said);
      for (const std::string& said : classes_) {
        const int count = at(target, said);
        const double share = sum > 0 ? 0.45 * count / sum : 0;
        html += concat("<td style=\"background:rgba(var(--cell),", number(share, "%.2f"), ")\">",
                       count, "</td>");
      }
    }
    return html + "</tr></table></div>";
  }

  std::string pairs() const {
    std::vector<std::pair<int, std::pair<std::string, std::string>>> wrong;
    for (const auto& [target, row] : counts_)
      for (const auto& [said, count] : row)
        if (said != target) wrong.push_back({-count, {target, said}});
    std::ranges::sort(wrong);
    wrong.resize(std::min(wrong.size(), k_most_pairs));
    std::vector<std::vector<std::string>> rows{{"right", "said", "times"}};
    for (const auto& [count, pair] : wrong)
      rows.push_back({pair.first, pair.second, std::to_string(-count)});
    return html_table("Most frequent mistakes", rows);
  }

  std::map<std::string, std::map<std::string, int>> counts_;  // target → said → times
  std::set<std::string> classes_;
  std::array<Bin, k_bins> bins_{};
  double count_ = 0;
};

std::string numbers(const std::vector<float>& values) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 8); ++i)
    text += (i > 0 ? ", " : "") + number(static_cast<double>(values[i]), "%.4g");
  return values.size() > 8 ? text + ", …" : text;
}

std::string answer_html(const Answer& answer) {
  const bool has_text = answer.target || answer.index || !answer.text.empty();
  const std::string said = has_text ? answer.text : numbers(answer.values);
  std::string html = concat("<p>", escaped(answer.name), ": <b>", escaped(said), "</b>");
  if (!answer.scores.empty()) html += concat(" (", number(confidence_of(answer), "%.2f"), ")");
  if (answer.target)
    html += is_wrong(answer) ? concat(", <b class=\"bad\">wrong</b>: ", escaped(*answer.target))
                             : ", <b class=\"good\">right</b>";
  if (!answer.target_values.empty()) html += concat(", right is ", numbers(answer.target_values));
  return html + "</p>";
}

std::string maps_html(const Prediction& prediction, const Dataset& data, const Batch& batch,
                      std::int64_t row) {
  std::string html;
  for (const TokenMap& map : prediction.maps) html += map_html(map, data, batch, row);
  return html;
}

std::string cards(const std::vector<Prediction>& shown, const Dataset& data, Split split) {
  ContactSheet sheet(data, "", "");
  std::map<std::string, const Prediction*> waiting;
  for (const Prediction& prediction : shown) waiting[prediction.key] = &prediction;
  std::map<std::string, std::string> maps;  // by key
  std::size_t drawn = 0;
  EvaluationStream stream(data, split, 16);
  for (Batch batch; !waiting.empty() && stream.next(batch);)
    for (std::int64_t row = 0; row < batch.size; ++row) {
      const std::string& key = batch.keys[static_cast<std::size_t>(row)];
      const auto found = waiting.find(key);
      if (found == waiting.end()) continue;
      sheet.add_row(batch, row);
      if (drawn < k_most_map_bytes)
        drawn += (maps[key] = maps_html(*found->second, data, batch, row)).size();
      waiting.erase(found);
    }
  sheet.add_waveforms(split);
  std::string html = "<div class=\"grid\">";
  for (const Prediction& prediction : shown) {
    html += concat("<article><h3>", escaped(prediction.key), "</h3>");
    for (const Answer& answer : prediction.answers) html += answer_html(answer);
    html += concat(sheet.body_of(prediction.key), maps[prediction.key], "</article>\n");
  }
  return html + "</div>\n";
}

}  // namespace

RunPageSamples report_samples(Predictor& predictor, const Dataset& data, Split split,
                              std::size_t count) {
  Shown shown(count);
  std::map<std::string, Spread> spreads;
  predictor.predict_split(split, [&](const Prediction& prediction) {
    shown.add(prediction);
    for (const Answer& answer : prediction.answers)
      if (answer.index && answer.target) spreads[answer.name].add(answer);
  });
  RunPageSamples samples;
  for (const auto& [name, spread] : spreads) samples.answers += spread.html(name);
  samples.samples = cards(shown.sorted(), data, split);
  return samples;
}

}  // namespace weft::host
