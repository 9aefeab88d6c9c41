// SPDX-License-Identifier: Apache-2.0
/// The options of the verbs about runs and about the program itself: part of the table of
/// options.hpp.

#pragma once

#include <boost/program_options/options_description.hpp>

#include <string>
#include <vector>

#include "host/command/options.hpp"

namespace weft::host {

/// REQUIRES: `name` is one of their options, or "log-file" or "help"
void add_run_option(boost::program_options::options_description& shown, const std::string& name,
                    Options& options);

/// `train r.json stages.fit.steps=4` is short for `train r.json --set stages.fit.steps=4`: behind
/// the first operand, of a verb that knows --set, an operand with "=" that is no file is an
/// override.
void take_short_overrides(const Verb& verb, Options& options);

}  // namespace weft::host
