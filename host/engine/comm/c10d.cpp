// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/c10d.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <thread>

#include "host/base/text.hpp"
#include "host/engine/comm/message.hpp"
#include "host/engine/comm/rank_watch.hpp"
#include "host/engine/comm/tree_sum.hpp"
#include "host/engine/device/cuda_engine.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

using StorePointer = RankWatch::StorePointer;

/// Gloo's own limit is above the watch's, which knows who is late.
constexpr auto k_beyond = std::chrono::hours(24);

constexpr std::int64_t k_align = 16;      // elements: 64 bytes of float32
constexpr std::int64_t k_part = 4 << 20;  // elements that are exchanged at once, about

std::int64_t rounded_up(std::int64_t count, std::int64_t to) {
  return (count + to - 1) / to * to;
}

StorePointer open_store(const Meeting& meeting) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(meeting.port);
  options.isServer = meeting.listening >= 0;
  if (options.isServer) options.masterListenFd = meeting.listening;
  options.waitWorkers = false;
  options.timeout = meeting.limit;
  const auto server = c10::make_intrusive<c10d::TCPStore>(meeting.address, options);
  return c10::make_intrusive<c10d::PrefixStore>("weft/" + meeting.name, server);
}

/// Each says how many it takes them to be, before anything waits for one that never comes.
void require_same_size(const StorePointer& store, const Meeting& meeting) {
  const std::string own = std::to_string(meeting.size);
  store->set(concat("size/", meeting.rank), std::vector<std::uint8_t>(own.begin(), own.end()));
  const std::vector<std::uint8_t> bytes = store->get("size/0");
  const std::string first(bytes.begin(), bytes.end());
  if (first != own)
    throw Error(Exit::usage, concat("rank ", meeting.rank, " was started as one of ", own,
                                    " ranks, rank 0 as one of ", first,
                                    ". Start all of them with one launcher."));
}

/// Waits for an exchange, and for the thread that made it to let go of its tensors: they are freed
/// by the thread that the memory is counted for (OperationRecorder). On a GPU nothing is waited
/// for: what follows is queued behind it.
void complete(const c10::intrusive_ptr<c10d::Work>& work, const at::Tensor& tensor) {
  constexpr int k_most = 100'000;  // looks; it lets go within some
  work->wait();
  if (!tensor.is_cpu()) return;
  for (int i = 0; work.use_count() > 1 && i < k_most; ++i) std::this_thread::yield();
}

class Gloo final : public Ranks {
 public:
  explicit Gloo(const Meeting& meeting)
      : rank_(meeting.rank), size_(meeting.size), store_(open_store(meeting)) {
    require_same_size(store_, meeting);
    watch_ = std::make_unique<RankWatch>(store_, meeting);
    exchange("the other ranks", [&] {
      const auto group_store = c10::make_intrusive<c10d::PrefixStore>("group", store_);
      group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(
          group_store, rank_, size_,
          c10d::ProcessGroupGloo::Options::create_default(
              std::chrono::duration_cast<std::chrono::milliseconds>(k_beyond)));
      gather(at::zeros({1}));
    });
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void note(const std::string& phase, std::int64_t step) override { watch_->note(phase, step); }
  void fail(const std::string& sentence) override {
    watch_->fail(sentence, [this] {
      flying_.clear();  // what is on its way keeps the connections
      device_group_.reset();
      group_.reset();
    });
  }
  void leave() override { table({}); }

  std::vector<double> table(const std::vector<double>& row) override {
    return exchange("the table of the step", [&] {
      at::Tensor own = at::empty({std::ssize(row) + 1}, at::kDouble);
      own[0] = static_cast<double>(row.size());
      std::copy(row.begin(), row.end(), own.mutable_data_ptr<double>() + 1);
      const at::Tensor all = gather(own);
      std::vector<double> table;
      const double* next = all.const_data_ptr<double>();
      for (int rank = 0; rank < size_; ++rank, next += own.numel())
        table.insert(table.end(), next + 1, next + own.numel());
      return table;
    });
  }

  std::vector<std::string> texts(const std::string& own) override {
    const std::vector<double> lengths = table({static_cast<double>(own.size())});
    const auto longest = static_cast<std::int64_t>(*std::ranges::max_element(lengths));
    return exchange("the texts of the ranks", [&] {
      at::Tensor padded = at::zeros({std::max<std::int64_t>(longest, 1)}, at::kByte);
      std::copy(own.begin(), own.end(), padded.mutable_data_ptr<std::uint8_t>());
      const at::Tensor all = gather(padded);
      std::vector<std::string> texts;
      const auto* next = reinterpret_cast<const char*>(all.const_data_ptr<std::uint8_t>());
      for (int rank = 0; rank < size_; ++rank, next += padded.numel())
        texts.emplace_back(next, static_cast<std::size_t>(lengths[static_cast<std::size_t>(rank)]));
      return texts;
    });
  }

  void send_gradients_as(DType type) override {
    wire_ = type == DType::bfloat16 ? at::kBFloat16 : at::kFloat;
  }

  void sum_gradients(const std::vector<Tensor>& parameters) override {
    std::map<at::ScalarType, std::vector<at::Tensor>> found;  // by element type
    for (const std::size_t i : with_gradient(parameters))
      found[tensor_of(parameters[i]).scalar_type()].push_back(tensor_of(parameters[i]));
    for (auto& [type, tensors] : found)
      exchange("the gradients", [&, &tensors = tensors] { sum_of_type(tensors); });
  }

  void sum_gradients_to_owners(const std::vector<Tensor>& parameters,
                               const std::vector<int>& owners) override {
    std::map<at::ScalarType, std::vector<OwnedTensor>> parts;  // what is exchanged at once
    const auto send = [&](std::vector<OwnedTensor>& part) {
      exchange("the gradients", [&] { sum_to_owners(part); });
      part.clear();
    };
    for (const std::size_t i : with_gradient(parameters)) {
      const at::Tensor& parameter = tensor_of(parameters[i]);
      std::vector<OwnedTensor>& part = parts[parameter.scalar_type()];
      part.push_back({parameter, owners[i]});
      std::int64_t count = 0;
      for (const OwnedTensor& one : part) count += one.tensor.numel();
      if (count >= k_part) send(part);
    }
    for (auto& [type, part] : parts)
      if (!part.empty()) send(part);
  }

  Tensor rows_of_all(const Tensor& rows) override {
    const at::Tensor own = tensor_of(rows);
    std::vector<double> sizes;
    for (const std::int64_t size : own.sizes()) sizes.push_back(static_cast<double>(size));
    sizes.resize(8, -1.0);
    const std::vector<double> all_sizes = table(sizes);
    for (std::size_t i = 0; i < all_sizes.size(); ++i)
      if (all_sizes[i] != sizes[i % sizes.size()])
        throw Error(Exit::failed,
                    concat("rank ", i / sizes.size(), " has other sizes than rank ", rank_,
                           " where a loss compares the rows of all ranks: give the fields one "
                           "length on all of them."));
    return exchange("the rows of all ranks", [&] {
      std::vector<at::Tensor> parts = gather(own.detach()).chunk(size_);
      parts[static_cast<std::size_t>(rank_)] = own;  // the only one that leads back
      return wrap(at::cat(parts));
    });
  }

  void spread(const std::vector<Tensor>& tensors, const std::vector<int>& owners) override {
    std::map<std::pair<int, at::ScalarType>, std::vector<at::Tensor>> parts;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const at::Tensor& tensor = tensor_of(tensors[i]);
      parts[{owners[i], tensor.scalar_type()}].push_back(tensor);
    }
    for (auto& [of, list] : parts)
      exchange("the weights", [&, owner = of.first, &list = list] { spread_from(owner, list); });
  }

  void send(const std::vector<Tensor>& tensors, int to, int tag) override {
    exchange("another rank's message", [&] {
      const at::Tensor message = packed(tensors);
      flying_.push_back(start(message, to, tag));
    });
  }

  std::vector<Tensor> receive(int from, int tag) override {
    return exchange("another rank's message", [&] {
      std::vector<at::Tensor> length{at::empty({1}, at::kLong)};
      group_->recv(length, from, 2 * tag)->wait();
      std::vector<at::Tensor> message{at::empty({length[0].item<std::int64_t>()}, at::kByte)};
      group_->recv(message, from, 2 * tag + 1)->wait();
      return unpacked(message[0]);
    });
  }

  void sent() override {
    exchange("its messages to arrive", [&] {
      for (const Flying& one : flying_)
        for (const auto& work : one.works) work->wait();
      flying_.clear();
    });
  }

 private:
  /// A message on its way, which is kept until it has arrived.
  struct Flying {
    std::vector<at::Tensor> length, message;
    std::vector<c10::intrusive_ptr<c10d::Work>> works;
  };

  Flying start(const at::Tensor& message, int to, int tag) {
    Flying flying{{at::full({1}, message.numel(), at::kLong)}, {message}, {}};
    flying.works.push_back(group_->send(flying.length, to, 2 * tag));
    flying.works.push_back(group_->send(flying.message, to, 2 * tag + 1));
    return flying;
  }

  /// Runs what needs all ranks. @throws RankLost where it breaks
  template <class Body>
  auto exchange(const char* what, const Body& body) -> decltype(body()) {
    struct Waits {
      RankWatch& watch;
      ~Waits() { watch.wait_for(""); }
    };
    watch_->wait_for(what);
    const Waits until_the_end{*watch_};
    try {
      return body();
    } catch (const Error&) {
      throw;
    } catch (const std::exception&) {  // Gloo's texts tell an address and no rank
      watch_->wait_for("");
      throw RankLost(watch_->lost());
    }
  }

  /// Gloo's, or for tensors on a GPU NCCL's, which begins with the first that is exchanged.
  c10d::Backend& backend_for(const at::Tensor& tensor) {
    if (tensor.is_cpu()) return *group_;
    if (!device_group_)
      device_group_ = cuda_engine().join(
          c10::make_intrusive<c10d::PrefixStore>("nccl", store_), rank_, size_,
          tensor.device().index(), std::chrono::duration_cast<std::chrono::milliseconds>(k_beyond));
    return *device_group_;
  }

  /// [size · n, …] of [n, …].
  at::Tensor gather(const at::Tensor& own) {
    const c10::NoGradGuard no_grad;
    std::vector<std::int64_t> sizes = own.sizes().vec();
    sizes[0] *= size_;
    at::Tensor all = at::empty(sizes, own.options());
    at::Tensor part = own.contiguous();
    complete(backend_for(part)._allgather_base(all, part), part);
    return all;
  }

  struct OwnedTensor {
    at::Tensor tensor;
    int owner;
  };

  /// Which of the parameters have a gradient on some rank.
  std::vector<std::size_t> with_gradient(const std::vector<Tensor>& parameters) {
    std::vector<double> here;
    for (const Tensor& parameter : parameters)
      here.push_back(tensor_of(parameter).grad().defined() ? 1.0 : 0.0);
    const std::vector<double> everywhere = table(here);
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      for (std::size_t at = i; at < everywhere.size(); at += parameters.size())
        if (everywhere[at] != 0.0) {
          found.push_back(i);
          break;
        }
    return found;
  }

  /// Of gradients on their way.
  at::TensorOptions wire_of(const at::Tensor& parameter) const {
    const at::TensorOptions options = parameter.options().requires_grad(false);
    return parameter.scalar_type() == at::kFloat ? options.dtype(wire_) : options;
  }

  /// Of what came from each rank, in the tree's order, in the type of the parameters. It is rounded
  /// to what travels, also where it stays here: owners alone have the bits that all would have.
  at::Tensor sum_of(const at::Tensor& pieces, at::ScalarType type) const {
    TreeSum tree;
    for (const at::Tensor& piece : pieces.chunk(size_)) tree.add({piece.to(type)});
    return tree.sum()[0].to(pieces.scalar_type());
  }

  /// Each rank gets every rank's gradients of what it owns, and adds those up in the tree's order.
  void sum_to_owners(std::vector<OwnedTensor>& parameters) {
    const c10::NoGradGuard no_grad;
    std::ranges::stable_sort(parameters, {}, &OwnedTensor::owner);
    std::vector<std::int64_t> counts(static_cast<std::size_t>(size_), 0);
    for (const OwnedTensor& one : parameters)
      counts[static_cast<std::size_t>(one.owner)] += rounded_up(one.tensor.numel(), k_align);
    const std::int64_t own = counts[static_cast<std::size_t>(rank_)];
    const at::TensorOptions options = wire_of(parameters[0].tensor);
    at::Tensor flat = at::full({std::reduce(counts.begin(), counts.end())}, -0.0,
                               options);  // as in sum_of_type()
    std::int64_t at = 0;
    for (const OwnedTensor& one : parameters) {
      at::Tensor& gradient = one.tensor.mutable_grad();
      if (gradient.defined())
        flat.narrow(0, at, one.tensor.numel()).view(one.tensor.sizes()).copy_(gradient);
      gradient.reset();
      at += rounded_up(one.tensor.numel(), k_align);
    }
    at::Tensor pieces = at::empty({own * size_}, options);
    std::vector<std::int64_t> received(static_cast<std::size_t>(size_), own);
    complete(backend_for(flat).alltoall_base(pieces, flat, received, counts), pieces);
    flat.reset();
    if (own == 0) return;
    const at::ScalarType type = parameters[0].tensor.scalar_type();
    // A copy: a piece would keep all of them.
    const at::Tensor sum = sum_of(pieces, type).to(type, /*non_blocking=*/false, /*copy=*/true);
    at = 0;
    for (const OwnedTensor& one : parameters) {
      if (one.owner != rank_) continue;
      one.tensor.mutable_grad() = sum.narrow(0, at, one.tensor.numel()).view(one.tensor.sizes());
      at += rounded_up(one.tensor.numel(), k_align);
    }
  }

  /// Each rank gets a piece of every rank's gradients, adds those up in the tree's order, and
  /// gives the sum to all.
  void sum_of_type(const std::vector<at::Tensor>& parameters) {
    const c10::NoGradGuard no_grad;
    std::int64_t count = 0;
    for (const at::Tensor& parameter : parameters) count += rounded_up(parameter.numel(), k_align);
    count = rounded_up(count, k_align * size_);
    // -0 changes nothing that it is added to, where +0 makes +0 of -0.
    at::Tensor flat = at::full({count}, -0.0, wire_of(parameters[0]));
    std::int64_t at = 0;
    for (const at::Tensor& parameter : parameters) {
      if (parameter.grad().defined())
        flat.narrow(0, at, parameter.numel()).view(parameter.sizes()).copy_(parameter.grad());
      at += rounded_up(parameter.numel(), k_align);
    }
    at::Tensor pieces = at::empty_like(flat);
    std::vector<std::int64_t> even;
    complete(backend_for(flat).alltoall_base(pieces, flat, even, even), pieces);
    at::Tensor sum = sum_of(pieces, parameters[0].scalar_type()).contiguous();
    complete(backend_for(sum)._allgather_base(flat, sum), sum);
    at = 0;
    for (const at::Tensor& parameter : parameters) {
      parameter.mutable_grad() =
          flat.narrow(0, at, parameter.numel()).view(parameter.sizes()).to(parameter.scalar_type());
      at += rounded_up(parameter.numel(), k_align);
    }
  }

  void spread_from(int owner, const std::vector<at::Tensor>& tensors) {
    const c10::NoGradGuard no_grad;
    std::vector<at::Tensor> flat;
    for (const at::Tensor& tensor : tensors) flat.push_back(tensor.detach().reshape({-1}));
    std::vector<at::Tensor> whole{at::cat(flat)};
    c10d::BroadcastOptions options;
    options.rootRank = owner;
    complete(backend_for(whole[0]).broadcast(whole, options), whole[0]);
    if (owner == rank_) return;
    std::int64_t at = 0;
    for (const at::Tensor& tensor : tensors) {
      // Not as a change of the tensor: what autograd has saved of it stands.
      tensor.variable_data().copy_(whole[0].narrow(0, at, tensor.numel()).view(tensor.sizes()));
      at += tensor.numel();
    }
  }

  const int rank_, size_;
  const StorePointer store_;
  at::ScalarType wire_ = at::kFloat;  // of float32 gradients
  std::unique_ptr<RankWatch> watch_;
  c10::intrusive_ptr<c10d::Backend> group_, device_group_;
  std::vector<Flying> flying_;
};

}  // namespace

std::unique_ptr<Ranks> join(const Meeting& meeting) {
  return checked("joining the other ranks",
                 [&]() -> std::unique_ptr<Ranks> { return std::make_unique<Gloo>(meeting); });
}

}  // namespace weft::host
