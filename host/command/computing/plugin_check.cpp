// SPDX-License-Identifier: Apache-2.0
/// `weft plugin check FILE`.

#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/json_document.hpp"
#include "host/conformance/checker.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::map<std::string, std::int64_t> sizes_of(const std::vector<std::string>& words) {
  std::map<std::string, std::int64_t> sizes;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    std::int64_t size = 0;
    const char* const end = word.data() + word.size();
    if (equals == std::string::npos || equals == 0 ||
        std::from_chars(word.data() + equals + 1, end, size).ptr != end || size < 1)
      throw Error(Exit::usage, concat("weft plugin check: --size expects SYMBOL=N with N of at "
                                      "least 1, such as --size N=16; found \"",
                                      word, "\"."));
    sizes[word.substr(0, equals)] = size;
  }
  return sizes;
}

std::string place(const TestResult& test) {
  return concat("level ", test.level, "  ", test.name, test.part.empty() ? "" : "  ", test.part);
}

/// Where docs/abi/checker.md says what the test means.
std::string page(const TestResult& test) {
  return "docs/abi/checker.md#" + test.name;
}

void print(const TestResult& test) {
  const std::string text = printable(test.text, k_sentence_bytes);
  if (test.outcome == TestOutcome::passed) {
    std::cout << "ok    " << place(test) << (text.empty() ? "" : ": ") << text << "\n";
  } else if (test.outcome == TestOutcome::not_applicable) {
    std::cout << "n/a   " << place(test) << ": " << text << "\n";
  } else {
    std::cout << "FAIL  " << place(test) << ": " << text << "\n      contract: " << test.contract
              << "; " << page(test) << "\n      do: " << test.remedy << "\n";
  }
  std::cout << std::flush;
}

OrderedJson document(const std::string& file, const CheckReport& report) {
  OrderedJson tests = OrderedJson::array();
  for (const TestResult& test : report.tests) {
    OrderedJson one{{"name", test.name}, {"level", test.level}};
    if (!test.part.empty()) one["part"] = test.part;
    one["outcome"] =
        test.outcome == TestOutcome::not_applicable ? "not_applicable" : outcome_name(test.outcome);
    if (!test.text.empty()) one["text"] = test.text;
    one["contract"] = test.contract;
    one["page"] = page(test);
    if (!test.remedy.empty()) one["remedy"] = test.remedy;
    one["seconds"] = test.seconds;
    tests.push_back(one);
  }
  OrderedJson json{
      {"file", file}, {"sha256", report.sha256}, {"parts", report.parts}, {"tests", tests}};
  if (!report.stopped.empty()) json["stopped"] = report.stopped;
  return json;
}

}  // namespace

void check_file(const Options& options) {
  if (options.level < 1 || options.level > highest_check_level)
    throw Error(Exit::usage, concat("weft plugin check: --level expects a number from 1 to ",
                                    highest_check_level, ", found ", options.level, "."));
  CheckRequest request;
  request.file = options.operands[1];
  request.level = options.level;
  request.config = options.config;
  request.sizes = sizes_of(options.sizes);
  const CheckReport report =
      check_plugin(request, options.json ? std::function<void(const TestResult&)>() : print);
  if (options.json) std::cout << document_text(document(request.file.string(), report));

  std::size_t failed = 0, passed = 0;
  for (const TestResult& test : report.tests) {
    failed += test.outcome == TestOutcome::failed ? 1 : 0;
    passed += test.outcome == TestOutcome::passed ? 1 : 0;
  }
  if (!options.json)
    std::cout << passed << " passed, " << failed << " failed, "
              << report.tests.size() - passed - failed << " not applicable\n";
  if (report.exit == Exit::ok) return;
  throw Error(report.exit, concat(request.file.filename().string(), " fails ", failed,
                                  failed == 1 ? " test" : " tests", " of ", passed + failed, ".",
                                  report.stopped.empty() ? "" : " ", report.stopped));
}

}  // namespace weft::host

WEFT_EXPORT_VERB(plugin_check, check_file)
