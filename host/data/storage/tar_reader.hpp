// SPDX-License-Identifier: Apache-2.0
/// One tar, member by member, with everything refused that is no plain data (docs/data-safety.md).

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct archive;
struct archive_entry;

namespace weft::host {

/// Where the bytes of a tar come from: a file, a command's output, standard input.
class TarInput {
 public:
  virtual ~TarInput() = default;

  /// The next bytes; 0 at the end, -1 on failure with errno set.
  virtual std::int64_t read(const void** bytes) = 0;

  /// Called at the end of the tar: reads what is left, and complains of an input that failed.
  /// @throws Error
  virtual void finish() = 0;

  virtual std::int64_t size() const = 0;        ///< bytes read up to now
  virtual const std::string& name() const = 0;  ///< how messages call it: a path, a command
};

/// Members that are no samples' files, which a reader passes over.
struct PassedOver {
  std::int64_t count = 0;
  std::vector<std::string> names;  ///< of the first three
  const char* reason = "being no KEY.ext";
  void add(const std::string& name);
};

/// Whether a member `folder/KEY.ext` is the file of a sample, as WebDataset's reader has it: its
/// name has a key and an ending. Files of the systems that pack tars are none: hidden ones
/// (`._cat.png`, `.DS_Store`), `Thumbs.db` and `desktop.ini`, folders `__MACOSX`, and those that
/// begin as `__meta__` does.
bool is_sample_file(const std::string& member);

/// Of a member `folder/KEY.flow.png` the key `folder/KEY`, up to the first dot after the last
/// slash, and the name `flow.png`, which is empty without a dot.
std::pair<std::string, std::string> key_and_name(const std::string& member);

class TarReader {
 public:
  /// The input must outlive the reader.
  explicit TarReader(TarInput& input);
  ~TarReader();

  /// Goes to the next member; folders, and files that are not a sample's, are passed over. Its
  /// bytes are read, or skipped and checked,
  /// by the next call of read() or next().
  /// @throws Error (bad_data) when the tar is damaged or holds what is refused
  bool next();

  // The member at hand.
  const std::string& key() const {
    return key_;
  }  ///< the name up to the first dot after the last slash
  const std::string& name() const { return name_; }  ///< what follows that dot
  std::int64_t offset() const { return offset_; }    ///< in the uncompressed tar
  std::int64_t size() const { return size_; }

  /// Reads the member's bytes; `bytes`, unless null, gets them.
  void read(std::string* bytes);

  /// Files that were passed over up to now.
  const PassedOver& passed_over() const { return passed_over_; }

  /// Not compressed. Known after next().
  bool is_plain() const;

  /// Refuses the member at hand.
  [[noreturn]] void refuse(const std::string& found) const;
  [[noreturn]] void refuse(const std::string& found, const std::string& remedy) const;

 private:
  struct Free {
    void operator()(archive* tar) const;
  };

  std::int64_t position() const;
  void check_place();
  void check_pax() const;
  void check_ratio() const;
  bool is_wanted(archive_entry* entry);
  void skip();
  void finish(int status);
  [[noreturn]] void refuse_foreign() const;

  TarInput& input_;
  std::string head_;  ///< the first bytes of the input
  std::unique_ptr<archive, Free> tar_;
  std::string full_name_, key_, name_;
  std::int64_t offset_ = 0, size_ = 0;
  bool is_unread_ = false;
  PassedOver passed_over_;
  bool is_tar_ = false;              ///< a header was read
  std::string last_key_;             ///< of the last member that was read
  std::optional<std::int64_t> end_;  ///< where the next header must be
};

}  // namespace weft::host
