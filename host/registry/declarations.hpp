// SPDX-License-Identifier: Apache-2.0
/// What a component declares while it is created: ports, parameters, buffers, states, caches,
/// sizes, traits.

#pragma once

#include <weft/abi.h>
#include <weft/drafts.h>

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace weft::host {

/// An input or output of a component.
struct Port {
  std::string name;
  std::string shape;  ///< as declared; parse_shape() reads it
  std::string doc;
  std::string mask_of;  ///< port of the same direction whose padding mask this is; empty: none
  bool output = false;
  bool optional = false;
  bool list = false;
  std::uint32_t dtypes = 0;  ///< set of WEFT_DTYPES(…)
  bool on_demand = false;    ///< an output that is computed only where something reads it
};

/// The names of a set of WEFT_DTYPES(…), as dtype_name() has them.
std::vector<std::string> dtype_names(std::uint32_t set);

/// A parameter or buffer; fields as in weft_parameter.
struct ParameterDecl {
  std::string name;
  std::vector<std::int64_t> sizes;
  std::uint32_t dtype = 0;  ///< 0: the model's floating type
  std::uint32_t init = 0;   ///< WEFT_INIT_…
  double a = 0, b = 0;
  std::uint32_t flags = 0;  ///< WEFT_PARAMETER_…
  std::uint32_t layer = 0;  ///< from 1 at the input; 0: it does not say
};

/// The same as the ABI has it, borrowing the declaration's name and sizes.
weft_parameter abi_parameter(const ParameterDecl& declared);

/// An accumulator; fields as in weft_state.
struct StateDecl {
  std::string name;
  std::vector<std::int64_t> sizes;
  std::uint32_t dtype = 0;
  std::uint32_t merge = 0;  ///< WEFT_MERGE_…
  double initial = 0;
};

/// What is kept of texts that grow; fields as in weft_cache.
struct CacheDecl {
  std::string name;
  std::uint32_t kind = 0;  ///< WEFT_CACHE_…
  std::uint32_t axis = 0;
};

/// A port shape taken apart: `[..., N*, 4]` has `leading` and the axes "N*" and "4".
struct Shape {
  bool leading = false;           ///< begins with `...`: any leading axes
  std::vector<std::string> axes;  ///< integers and symbols; `*` behind a symbol is kept
};

/// Nothing if the text is not in the grammar that weft_port.shape describes.
std::optional<Shape> parse_shape(std::string_view text);

/// One part may declare this many ports, parameters, buffers and states together. The largest
/// models in use have some thousands; more is a number in a configuration that got out of hand.
constexpr std::size_t k_most_declarations = 16'384;

/// A declared number that no part can mean: too many declarations, a size below the smallest.
/// Numbers follow from the configuration, so that it is the recipe's fault, not the part's.
class OutOfRange : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Everything that one instance declared, each list in the order of declaration. The functions
/// throw std::invalid_argument with a sentence, and change nothing, when a declaration is
/// malformed.
struct Declarations {
  std::vector<Port> inputs, outputs;
  std::vector<ParameterDecl> parameters, buffers;
  std::vector<StateDecl> states;
  std::vector<CacheDecl> caches;
  std::map<std::string, std::int64_t> sizes;  ///< symbols of the port shapes that are fixed
  std::uint32_t traits = 0;

  void add_size(const char* symbol, std::int64_t value);
  void add_port(const weft_port& port);
  /// @param list  `parameters` or `buffers`, which share their names
  /// @return the slot
  std::uint32_t add_parameter(const weft_parameter& parameter, std::vector<ParameterDecl>& list);
  std::uint32_t add_state(const weft_state& state);
  std::uint32_t add_cache(const weft_cache& cache);
  void add_traits(std::uint32_t more);

  /// What can be judged only when create() is over: masks, and what the kind demands.
  void check_complete(std::uint32_t kind) const;

 private:
  /// Notes a name within its list of names. @return false if it is there already
  bool take_name(const char* list, const char* name);

  std::unordered_set<std::string> names_;  // "parameter norm.weight"
};

}  // namespace weft::host

/// What stands behind the weft_context that create() receives.
struct weft_context_s {
  weft::host::Declarations declared;
  std::map<std::string, std::uint32_t> wired;  ///< wires per input port
  bool open = true;                            ///< false once create() has returned
  std::string refused;        ///< the first declaration that was refused, in words; empty: none
  bool out_of_range = false;  ///< it was OutOfRange
  bool was_late = false;      ///< something was declared after create()
  std::uint32_t wires_unless_named = 0;  ///< of the ports that `wired` does not name
};
