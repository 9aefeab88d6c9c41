// SPDX-License-Identifier: Apache-2.0
/// `weft compare RUN…`: runs on the same test samples, with verdicts.

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/compare.hpp"
#include "host/command/comparison_output.hpp"
#include "host/command/json_document.hpp"

namespace weft::host {
namespace {

/// @throws Error (cannot_create) where the file is there already and --overwrite is not given
void require_free(const std::string& path, const std::string& option, const Options& options) {
  if (!options.overwrite && std::filesystem::exists(path))
    throw Error(Exit::cannot_create, concat("There is a file ", path, " already. Name another ",
                                            option, ", or replace it with --overwrite."));
}

}  // namespace

void compare_runs(const std::vector<std::string>& folders, const Options& options) {
  if (!options.html.empty()) require_free(options.html, "--html", options);
  const std::vector<RunGroup> groups = groups_of(folders, options.split);
  const std::vector<ComparedGroup> compared = compare_groups(groups, options.lower);
  if (!options.html.empty()) {
    write_text(options.html, comparison_page(groups, compared));
    std::cerr << "note: the page is " << printable(options.html) << "\n";
  }
  if (options.json)
    std::cout << document_text(comparison_json(groups, compared));
  else
    std::cout << comparison_text(groups, compared);
}

void compare(const Options& options) {
  compare_runs(options.operands, options);
}

}  // namespace weft::host
