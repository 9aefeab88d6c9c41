// SPDX-License-Identifier: Apache-2.0
#include "host/engine/migration.hpp"

#include <iterator>
#include <utility>

#include "host/base/text.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/tables.hpp"

/// What a weft_migration points to.
struct weft_migration_s {
  std::map<std::string, weft::host::Tensor> tensors;
};

namespace weft::host {
namespace {

using Tensors = std::map<std::string, Tensor>;

/// Runs an entry of the table after a look at what it was given.
template <class Body>
weft_status with(weft_migration map, const char* entry, bool given, const Body& body) {
  return guarded([&] { return concat("migration.", entry); },
                 [&] {
                   if (map == nullptr || !given)
                     throw Failure(WEFT_INVALID,
                                   concat("migration.", entry, ": an argument is null"));
                   body(map->tensors);
                 });
}

Tensors::iterator find(Tensors& tensors, const char* entry, const char* name) {
  const auto found = tensors.find(name);
  if (found != tensors.end()) return found;
  std::vector<std::string> names;
  for (const auto& [known, tensor] : tensors) names.push_back(known);
  throw Failure(WEFT_NOT_FOUND, concat("migration.", entry, ": the checkpoint holds no tensor \"",
                                       name, "\".", suggestion(name, names)));
}

weft_status count(weft_migration map, std::uint32_t* out) {
  return with(map, "count", out != nullptr,
              [&](Tensors& tensors) { *out = static_cast<std::uint32_t>(tensors.size()); });
}

weft_status name(weft_migration map, std::uint32_t i, const char** out) {
  return with(map, "name", out != nullptr, [&](Tensors& tensors) {
    if (i >= tensors.size())
      throw Failure(WEFT_INDEX,
                    concat("migration.name: asked for tensor ", i, " of ", tensors.size()));
    *out = std::next(tensors.begin(), static_cast<std::ptrdiff_t>(i))->first.c_str();
  });
}

weft_status get(weft_migration map, const char* name, weft_tensor* out) {
  return with(map, "get", name != nullptr && out != nullptr, [&](Tensors& tensors) {
    *out = new_handle(tensor_of(find(tensors, "get", name)->second));
  });
}

weft_status set(weft_migration map, const char* name, weft_tensor tensor) {
  return with(map, "set", name != nullptr && tensor != nullptr,
              [&](Tensors& tensors) { tensors[name] = Tensor::share(tensor); });
}

weft_status remove(weft_migration map, const char* name) {
  return with(map, "remove", name != nullptr,
              [&](Tensors& tensors) { tensors.erase(find(tensors, "remove", name)); });
}

weft_status rename(weft_migration map, const char* from, const char* to) {
  return with(map, "rename", from != nullptr && to != nullptr, [&](Tensors& tensors) {
    const auto found = find(tensors, "rename", from);
    if (tensors.contains(to))
      throw Failure(WEFT_INVALID,
                    concat("migration.rename: there is a tensor \"", to, "\" already"));
    auto node = tensors.extract(found);
    node.key() = to;
    tensors.insert(std::move(node));
  });
}

}  // namespace

Migration::Migration(const std::map<std::string, Array>& saved)
    : map_(std::make_unique<weft_migration_s>()) {
  for (const auto& [name, array] : saved) map_->tensors[name] = from_array(array);
}

Migration::~Migration() = default;

std::map<std::string, Array> Migration::result() const {
  std::map<std::string, Array> result;
  for (const auto& [name, tensor] : map_->tensors) result[name] = to_array(tensor);
  return result;
}

const weft_migration_api* migration_api() {
  static constexpr weft_migration_api table = {
      sizeof(weft_migration_api), 0, count, name, get, set, remove, rename};
  return &table;
}

}  // namespace weft::host
