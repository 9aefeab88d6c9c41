// SPDX-License-Identifier: Apache-2.0
/// Checkpoints of an older state version. A part that raised Identity::state_version says how its
/// tensors become the present ones:
///
///   void migrate(std::uint32_t from, Migration& saved) const {
///     if (from < 2) saved.rename("w", "project.weight");
///     if (from < 3) saved.set("project.weight", saved["project.weight"].transpose(0, 1));
///   }
///
/// A part without it refuses checkpoints of older versions.

#pragma once

#include <weft/tensor.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  /// The parameters and buffers that a checkpoint holds for this part, by the names of their
  /// declaration. After migrate() they must be those that the part declares now.
  class Migration {
   public:
    explicit Migration(weft_migration saved) : saved_(saved) {}

    /// In alphabetical order.
    std::vector<std::string> names() const {
      std::uint32_t count = 0;
      detail::check(api().count(saved_, &count));
      std::vector<std::string> names;
      for (std::uint32_t i = 0; i < count; ++i) {
        const char* name = nullptr;
        detail::check(api().name(saved_, i, &name));
        names.emplace_back(name);
      }
      return names;
    }
    Tensor operator[](const std::string& name) const {
      weft_tensor out = nullptr;
      detail::check(api().get(saved_, name.c_str(), &out));
      return Tensor::own(out);
    }
    /// Adds a tensor, or replaces the one of that name.
    void set(const std::string& name, const Tensor& tensor) {
      detail::check(api().set(saved_, name.c_str(), tensor.handle()));
    }
    void remove(const std::string& name) { detail::check(api().remove(saved_, name.c_str())); }
    void rename(const std::string& from, const std::string& to) {
      detail::check(api().rename(saved_, from.c_str(), to.c_str()));
    }

   private:
    static const weft_migration_api& api() { return *detail::host->migration; }

    weft_migration saved_;
  };

}  // namespace weft
