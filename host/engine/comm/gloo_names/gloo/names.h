// SPDX-License-Identifier: Apache-2.0
/// The names of Gloo that <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp> mentions. LibTorch's
/// wheel holds that header and not Gloo's, which lie in libtorch_cpu.so. Only pointers to these
/// types are in its classes, so what is in them does not matter; none is ever made here.

#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds);
};

namespace rendezvous {
class Store {
 public:
  virtual ~Store();
  virtual void set(const std::string&, const std::vector<char>&) = 0;
  virtual std::vector<char> get(const std::string&) = 0;
  virtual void wait(const std::vector<std::string>&) = 0;
  virtual void wait(const std::vector<std::string>&, const std::chrono::milliseconds&) = 0;
};
}  // namespace rendezvous

namespace transport {
class Device;
class UnboundBuffer {
 public:
  ~UnboundBuffer();
};
}  // namespace transport

}  // namespace gloo
