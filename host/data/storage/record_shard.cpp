// SPDX-License-Identifier: Apache-2.0
/// Records as samples: the rows of a table, or the lines of a metadata.jsonl. The column
/// `file_name` names a file beside it, and `NAME_file_name` a further one; the others are the
/// sample's JSON.

#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/file_folder.hpp"
#include "host/data/storage/folder_files.hpp"
#include "host/data/storage/foreign_file.hpp"
#include "host/data/storage/shard.hpp"
#include "host/data/storage/table_reader.hpp"
#include "host/data/storage/text_shard.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr const char* k_file = "file_name";
constexpr const char* k_further_file = "_file_name";
constexpr std::size_t k_deepest = 64;

bool names_file(const std::string& column) {
  return column == k_file || column.ends_with(k_further_file);
}

/// Refuses a value of the record at hand, by its column.
using Refuse = std::function<void(const std::string& column, const std::string& found,
                                  const std::string& remedy)>;

/// Makes samples of records, one after the other.
class Records {
 public:
  Records(const std::string& path, const std::string& cache_folder, Damage damage,
          Contents contents)
      : damage_(damage), files_(folder_of(path), path, cache_folder, contents) {
    shard_.name = path;
  }

  /// Calls `take`, and sets aside what it refuses where that may be.
  void attempt(const std::function<std::size_t()>& line, const std::function<void()>& take) {
    try {
      take();
    } catch (const Error& error) {
      if (damage_ == Damage::refuse || error.exit() != Exit::bad_data) throw;
      shard_.bad.push_back({shard_.name, concat("line ", line()), error.what()});
    }
  }

  /// @param has_file  whether each record must name a file
  void add(std::size_t line, const Json& record, bool has_file, const Refuse& refuse) {
    std::map<std::string, std::string> members;  // the name of a file by that of the member
    Json values = Json::object();
    for (const auto& [column, value] : record.items()) {
      if (!names_file(column)) {
        values[column] = value;
      } else if (!value.is_null()) {
        add_file(column, value, members, refuse);
      }
    }
    if (has_file && members.empty()) {
      refuse(k_file, "there is no file name", "Name a file, or leave the row out.");
    }
    const std::string json = text_of_values(values, refuse);
    const std::size_t sample = shard_.add_sample(key_of(line, record, refuse));
    for (const auto& [member, name] : members) {
      shard_.add_member(sample, member, files_.member(name));
    }
    shard_.add_member(sample, "json", std::string_view(json));
  }

  Shard finish(const std::string& fingerprint) {
    if (shard_.size() == 0 && shard_.bad.empty()) {
      throw Error(Exit::bad_data,
                  concat("The table ", shard_.name,
                         " holds no row but the names of its columns. Write one a sample."));
    }
    files_.keep_known();
    shard_.fingerprint = files_.fingerprint_with(fingerprint);
    return std::move(shard_);
  }

 private:
  void add_file(const std::string& column, const Json& value,
                std::map<std::string, std::string>& members, const Refuse& refuse) {
    if (!value.is_string()) {
      refuse(column, concat("the name of a file is ", shown(value.dump())), "Write it as a text.");
    }
    const auto& name = value.get_ref<const std::string&>();
    const std::string problem = files_.look_at(name);
    if (!problem.empty()) {
      refuse(column, concat("the file ", shown(name), " ", problem),
             "Name a file below the table's folder, or leave the row out.");
    }
    const std::string ending = std::filesystem::path(name).extension().string();
    if (ending.size() < 2) {
      refuse(column, concat("the name of the file ", shown(name), " has no ending"),
             "Give it one that says what it holds, such as .png.");
    }
    const std::string prefix =
        column == k_file
            ? ""
            : column.substr(0, column.size() - std::string(k_further_file).size()) + ".";
    const std::string member = prefix + ending.substr(1);
    if (member == "json") {
      refuse(column, concat("the file ", shown(name), " would take the place of the row's values"),
             "Write its values as columns.");
    }
    members[member] = name;
  }

  /// The name of the file up to its last dot; of a record without one, its line.
  std::string key_of(std::size_t line, const Json& record, const Refuse& refuse) {
    if (!record.contains(k_file)) return std::to_string(line);
    const auto& name = record.at(k_file).get_ref<const std::string&>();
    const std::string key =
        std::filesystem::path(name).replace_extension().lexically_normal().generic_string();
    const auto [known, is_new] = line_of_.emplace(key, line);
    if (!is_new) {
      refuse(k_file,
             concat("the file ", shown(name), " has the key ", shown(key), ", as line ",
                    known->second, " has"),
             "Name each file once. Several texts for one file go into a list of a metadata.jsonl.");
    }
    return key;
  }

  static std::string text_of_values(const Json& values, const Refuse& refuse) {
    const auto text = [](const Json& value) -> std::optional<std::string> {
      try {
        return value.dump();
      } catch (const Json::exception&) {
        return std::nullopt;
      }
    };
    if (const auto whole = text(values)) return *whole;
    for (const auto& [column, value] : values.items()) {
      if (!text(value)) refuse(column, "the text is not UTF-8", "Save the table as UTF-8.");
    }
    refuse("", "the name of a column is not UTF-8", "Save the table as UTF-8.");
    return "";
  }

  Damage damage_;
  Shard shard_;
  FolderFiles files_;
  std::map<std::string, std::size_t> line_of_;  ///< by key
};

}  // namespace

bool is_table(const std::string& path) {
  return has_ending(path, ".csv") || has_ending(path, ".tsv");
}

Shard read_table(const std::string& path, const std::string& cache_folder, Damage damage,
                 Contents contents) {
  TableReader table(path);
  Records records(path, cache_folder, damage, contents);
  const std::vector<std::string>& columns = table.columns();
  const bool has_file = std::ranges::any_of(columns, names_file);
  const Refuse refuse = [&](const std::string& column, const std::string& found,
                            const std::string& remedy) {
    const auto place = std::ranges::find(columns, column);
    table.fail(static_cast<std::size_t>(place - columns.begin()), found, remedy);
  };
  for (bool is_end = false; !is_end;) {
    records.attempt([&] { return table.line(); },
                    [&] {
                      const std::optional<std::vector<std::string>> cells = table.next();
                      is_end = !cells;
                      if (is_end) return;
                      Json record = Json::object();
                      for (std::size_t i = 0; i < columns.size(); ++i) {
                        if (!(*cells)[i].empty()) record[columns[i]] = (*cells)[i];
                      }
                      records.add(table.line(), record, has_file, refuse);
                    });
  }
  return records.finish(table.fingerprint());
}

Shard read_metadata_lines(const std::string& path, const std::string& cache_folder, Damage damage,
                          Contents contents) {
  Lines lines(path, "index");
  Records records(path, cache_folder, damage, contents);
  const Refuse refuse = [&](const std::string& column, const std::string& found,
                            const std::string& remedy) {
    throw Error(Exit::bad_data, concat("The index ", path, ", line ", lines.number(),
                                       column.empty() ? "" : concat(", ", shown(column)), ": ",
                                       found, ". ", remedy));
  };
  while (const std::optional<std::string_view> line = lines.next()) {
    records.attempt([&] { return lines.number(); },
                    [&] {
                      std::string reason = "it is not an object";
                      Json record;
                      try {
                        record = parse_strictly(*line, {k_deepest, 1});
                      } catch (const std::exception& problem) {
                        reason = problem.what();
                      }
                      if (!record.is_object()) {
                        refuse("", concat("it is not usable JSON (", reason, ")"),
                               "Correct the line.");
                      }
                      records.add(lines.number(), record, /*has_file=*/true, refuse);
                    });
  }
  return records.finish(lines.fingerprint());
}

}  // namespace weft::host
