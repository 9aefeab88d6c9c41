// SPDX-License-Identifier: Apache-2.0
/// Verbs that compute live in libweft.so, which lies beside this program in ../lib and is
/// opened only for them, because loading LibTorch takes a third of a second.

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "host/base/error.hpp"
#include "host/base/prefix.hpp"
#include "host/base/text.hpp"
#include "host/command/computing.hpp"
#include "host/command/computing_settings.hpp"
#include "host/command/ending.hpp"

namespace weft::host {
namespace {

using ComputingVerb = Ending (*)(const Options&);

/// Opens the LibTorch of WEFT_TORCH_DIR, where that is set: the loader then takes it for libweft
/// too, because it is there already.
void open_named_libtorch() {
  const char* folder = std::getenv("WEFT_TORCH_DIR");
  if (folder == nullptr || *folder == '\0') return;
  for (const char* name : {"libc10.so", "libtorch_cpu.so"}) {
    const auto file = std::filesystem::path(folder) / "lib" / name;
    if (dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr)
      throw Error(Exit::io, concat("WEFT_TORCH_DIR is ", folder,
                                   ", where LibTorch cannot be loaded: ", dlerror(),
                                   ". It names the folder that holds lib/libtorch_cpu.so."));
  }
}

std::filesystem::path library_path() {
  return installed_prefix() / "lib" / "libweft.so";
}

void* opened_library() {
  const auto library = library_path();
  // Read when it is loaded: what c10d logs of a rank that is gone, Weft says in a sentence.
  ::setenv("TORCH_CPP_LOG_LEVEL", "ERROR", /*overwrite=*/0);
  const ShortWaits waits;  // read when LibTorch's OpenMP is loaded
  open_named_libtorch();
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    throw Error(Exit::io,
                concat("the computing half of weft cannot be loaded: ", dlerror(),
                       ". LibTorch is looked for in the folder that WEFT_TORCH_DIR names, in ",
                       (installed_prefix() / ".deps/torch/torch").string(), " and in ",
                       WEFT_TORCH_BUILT_WITH, ". Name it, or build or install Weft again."));
  return handle;
}

}  // namespace

std::string require_computing_library() {
  opened_library();
  return library_path();
}

void run_computing(const char* symbol, const Options& options) {
  void* handle = opened_library();
  const auto verb = reinterpret_cast<ComputingVerb>(dlsym(handle, symbol));
  if (verb == nullptr)
    throw Error(Exit::io, concat(library_path().string(),
                                 " is of another version of weft. Build or "
                                 "install both together."));
  // Errors come back as values: exception types of two libraries need not be the same.
  const Ending ending = verb(options);
  if (ending.exit != Exit::ok) throw VerbFailed(ending);
}

}  // namespace weft::host
