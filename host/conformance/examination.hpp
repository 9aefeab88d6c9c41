// SPDX-License-Identifier: Apache-2.0
/// What a test receives, and how it says what it found.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/conformance/specimen.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

/// A test found a fault: what was expected and what was found, in one sentence.
class Fault : public std::runtime_error {
 public:
  /// @param remedy  what to do; empty: what the catalogue says
  /// @param exit    of a file that cannot be loaded at all: why
  explicit Fault(const std::string& sentence, std::string remedy = "", Exit exit = Exit::plugin)
      : std::runtime_error(sentence), remedy_(std::move(remedy)), exit_(exit) {}
  const std::string& remedy() const noexcept { return remedy_; }
  Exit exit() const noexcept { return exit_; }

 private:
  std::string remedy_;
  Exit exit_;
};

/// There is nothing to test, and why.
class NotApplicable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The test is passed, and there is something to know.
class Remark : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The tables of this host's engine.
HostTables engine_tables();

/// One test's view of the plug-in: the file, and the part where the test is about one.
struct Examination {
  std::filesystem::path file;
  Part part;                                  ///< not loaded
  std::string config = "{}";                  ///< as the vendor gave it
  std::map<std::string, std::int64_t> sizes;  ///< chosen for free symbols of the port shapes

  /// The part with its library loaded.
  Part load(const HostTables& tables = engine_tables()) const;
};

/// What the inputs of a part look like: all that its ports leave open.
struct Sizing {
  std::map<std::string, std::int64_t> symbols;
  std::int64_t batch = 2;              ///< size of the symbol B and of the first leading axis
  std::vector<std::int64_t> trailing;  ///< leading axes behind the batch, where a port has `...`
  bool optional = true;                ///< optional ports are wired
};

/// A part together with inputs that it accepts.
struct Subject {
  Part part;
  std::string config;
  Sizing sizing;
  Specimen specimen;
  std::string refusal =
      "";  ///< what it said of the first sizes that it was offered; empty: took them

  /// A second instance of the same part and configuration.
  Specimen another(DType dtype = DType::float32) const;
  /// Inputs by port and wire: normal numbers, indices 0 and 1, masks with padding.
  std::vector<std::vector<Array>> draw(std::uint64_t seed, DType dtype = DType::float32) const;
  std::vector<std::vector<Array>> draw(std::uint64_t seed, DType dtype, const Sizing& other) const;
  /// The role that makes outputs out of inputs: forward, or update for a metric.
  std::uint32_t role() const;
};

/// Wires per input port: two for lists, one for others; none for optional ones unless wanted.
std::map<std::string, std::uint32_t> wires_of(const Part& part, const std::string& config,
                                              bool optional);

/// Creates the part and looks for inputs that it accepts: small sizes first.
/// @throws Fault with the part's own words if it accepts none
Subject find_subject(const Examination& examination, DType dtype = DType::float32,
                     const HostTables& tables = engine_tables());

/// Whether any input or output is of floating type and allows this one.
bool computes_in(const Specimen& specimen, DType dtype);

}  // namespace weft::host
