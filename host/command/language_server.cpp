// SPDX-License-Identifier: Apache-2.0
/// `weft language-server`: what `weft check` finds, where an editor shows it. It speaks the
/// Language Server Protocol 3.17 over standard input and output. A document is checked when it is
/// opened and when it is saved, by a process of its own: a plug-in that crashes ends that one.

#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/temporary_folder.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/file_uri.hpp"
#include "host/command/options.hpp"
#include "host/command/trial_process.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t k_longest_message = std::size_t{1} << 26;
constexpr std::size_t k_longest_output = std::size_t{1} << 26;

// Of JSON-RPC and the protocol.
constexpr int k_parse_error = -32700, k_invalid_request = -32600, k_method_not_found = -32601;
constexpr int k_error = 1, k_warning = 2;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Exit::usage, concat("standard input is not of the Language Server Protocol: ", what,
                                  ". An editor starts this verb; see docs/recipe.md."));
}

/// The next message's text: header fields, an empty line, Content-Length bytes. Nothing at the end.
std::optional<std::string> next_message(std::istream& in) {
  constexpr std::string_view k_length = "Content-Length: ";
  std::size_t length = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.starts_with(k_length)) {
      length = 0;
      for (const char c : line.substr(k_length.size())) {
        if (c < '0' || c > '9' || length > k_longest_message)
          refuse(concat("\"", line, "\" is no length of at most ", k_longest_message, " bytes"));
        length = 10 * length + static_cast<std::size_t>(c - '0');
      }
    } else if (line.empty()) {
      if (length == 0 || length > k_longest_message)
        refuse(concat("a message needs a Content-Length of at most ", k_longest_message));
      std::string text(length, '\0');
      if (!in.read(text.data(), static_cast<std::streamsize>(length)))
        refuse("a message ends before its Content-Length");
      return text;
    }
  }
  return std::nullopt;
}

class LanguageServer {
 public:
  explicit LanguageServer(const Options& options) : options_(options) {}

  /// Answers until the editor says exit or goes away.
  void serve(std::istream& in) {
    while (const std::optional<std::string> text = next_message(in)) {
      const Json message = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
      if (!message.is_object()) {
        answer_error(nullptr, k_parse_error, "a message is a JSON object");
        continue;
      }
      try {
        const std::string method = message.value("method", "");
        if (method == "exit") break;
        handle(method, message);
      } catch (const Json::exception& error) {  // a value of another type than the protocol says
        answer_error(message.value("id", Json()), k_invalid_request, error.what());
      }
    }
    if (!is_shut_down_) throw Error(Exit::failed, "the editor left without a shutdown request.");
  }

 private:
  void handle(const std::string& method, const Json& message) {
    const Json none = Json::object();
    const Json& params = message.contains("params") ? message["params"] : none;
    const std::string uri = params.value(Json::json_pointer("/textDocument/uri"), std::string());
    if (method == "textDocument/didOpen" || method == "textDocument/didSave") return check(uri);
    if (method == "textDocument/didClose") return close(uri);
    if (!message.contains("id")) return;  // notifications may be passed over
    const Json& id = message["id"];
    if (method == "initialize") return answer(id, abilities());
    if (method == "textDocument/codeAction") return answer(id, fixes(uri, params));
    if (method == "shutdown") {
      is_shut_down_ = true;
      return answer(id, nullptr);
    }
    answer_error(id, k_method_not_found, concat("there is no method ", method));
  }

  static Json abilities() {
    return {{"capabilities",
             {{"textDocumentSync", {{"openClose", true}, {"change", 0}, {"save", true}}},
              {"codeActionProvider", {{"codeActionKinds", {"quickfix"}}}}}},
            {"serverInfo", {{"name", "weft"}, {"version", WEFT_VERSION}}}};
  }

  /// Shows what is wrong with a recipe, in all files that it is made of.
  void check(const std::string& uri) {
    const std::optional<std::string> path = path_of_uri(uri);
    if (!path) return;  // not in a file
    std::map<std::string, Json> now{{uri, Json::array()}};
    for (const std::string& before : shown_[uri]) now[before] = Json::array();
    for (const Json& one : diagnostics_of(*path)) {
      const std::string file = std::filesystem::absolute(one["file"].get<std::string>()).string();
      Json& list = now[file == *path ? uri : uri_of_path(file)];
      if (list.is_null()) list = Json::array();
      list.push_back({{"range", one["range"]},
                      {"severity", one["severity"] == "error" ? k_error : k_warning},
                      {"source", one["source"]},
                      {"code", one["pointer"]},
                      {"message", one["message"]}});
      if (one.contains("fix")) list.back()["data"] = one["fix"]["with"];
    }
    shown_[uri].clear();
    for (auto& [document, list] : now) {
      if (!list.empty() && document != uri) shown_[uri].insert(document);
      show(document, std::move(list));
    }
  }

  /// Of `weft check --json`; where that could not check, its sentence at the beginning.
  Json diagnostics_of(const std::string& path) {
    const TemporaryFolder folder("weft-language-server");
    TrialCommand command{
        {"check", path, "--json"}, folder.path() / "diagnostics.json", folder.path() / "errors"};
    for (const std::string& plugins : options_.plugins)
      command.arguments.insert(command.arguments.end(), {"--plugins", plugins});
    run_trials({command}, 1, [](std::size_t, const TrialEnd&) {});
    const Json told = Json::parse(read_text(command.log, k_longest_output), nullptr, false);
    if (told.is_object() && told.contains("diagnostics")) return told["diagnostics"];
    const std::string sentence = told.is_object()
                                     ? told.value(Json::json_pointer("/error/sentence"), "")
                                     : read_text(command.errors, k_longest_output);
    const Json place{{"line", 0}, {"character", 0}};
    return {{{"file", path},
             {"severity", "error"},
             {"message", sentence},
             {"pointer", ""},
             {"source", "weft"},
             {"range", {{"start", place}, {"end", place}}}}};
  }

  void close(const std::string& uri) {
    for (const std::string& document : shown_[uri]) show(document, Json::array());
    show(uri, Json::array());
    shown_.erase(uri);
  }

  void show(const std::string& uri, Json list) {
    send({{"jsonrpc", "2.0"},
          {"method", "textDocument/publishDiagnostics"},
          {"params", {{"uri", uri}, {"diagnostics", std::move(list)}}}});
  }

  /// An edit for each given diagnostic that has a certain fix.
  static Json fixes(const std::string& uri, const Json& params) {
    Json actions = Json::array();
    const Json given = params.value(Json::json_pointer("/context/diagnostics"), Json::array());
    for (const Json& one : given) {
      if (!one.is_object() || !one.contains("data") || !one["data"].is_string()) continue;
      const std::string now = one["data"];
      actions.push_back(
          {{"title", concat("Write \"", now, "\"")},
           {"kind", "quickfix"},
           {"diagnostics", {one}},
           {"isPreferred", true},
           {"edit", {{"changes", {{uri, {{{"range", one["range"]}, {"newText", now}}}}}}}}});
    }
    return actions;
  }

  void answer(const Json& id, Json result) {
    send({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
  }

  void answer_error(const Json& id, int code, const std::string& text) {
    send({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", text}}}});
  }

  static void send(const Json& message) {
    // Names of files may be any bytes; the protocol is UTF-8.
    const std::string text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::cout << "Content-Length: " << text.size() << "\r\n\r\n" << text << std::flush;
  }

  const Options& options_;
  bool is_shut_down_ = false;
  /// By document: other documents in which its check has shown something.
  std::map<std::string, std::set<std::string>> shown_;
};

}  // namespace

void language_server(const Options& options) {
  LanguageServer(options).serve(std::cin);
}

}  // namespace weft::host
