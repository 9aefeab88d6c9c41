// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/collective.hpp"

#include <algorithm>
#include <map>

namespace weft::host {
namespace {

class OneRank final : public Collective {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::vector<double> table(const std::vector<double>& row) override { return row; }
  std::vector<std::string> texts(const std::string& own) override { return {own}; }
  void send_gradients_as(DType) override {}
  void sum_gradients(const std::vector<Tensor>&) override {}
  void sum_gradients_to_owners(const std::vector<Tensor>&, const std::vector<int>&) override {}
  Tensor rows_of_all(const Tensor& rows) override { return rows; }
  void spread(const std::vector<Tensor>&, const std::vector<int>&) override {}
  void send(const std::vector<Tensor>& tensors, int, int tag) override { own_[tag] = tensors; }
  std::vector<Tensor> receive(int, int tag) override { return own_.extract(tag).mapped(); }
  void sent() override {}
  void note(const std::string&, std::int64_t) override {}

 private:
  std::map<int, std::vector<Tensor>> own_;  // sent by itself to itself
};

}  // namespace

RankLost::RankLost(const std::string& sentence) : Error(Exit::interrupted, sentence) {}

bool Collective::any(bool here) {
  const std::vector<double> all = table({here ? 1.0 : 0.0});
  return std::ranges::any_of(all, [](double says) { return says != 0.0; });
}

Collective& one_rank() {
  static OneRank alone;
  return alone;
}

}  // namespace weft::host
