// SPDX-License-Identifier: Apache-2.0
/// Verbs that compute live in libweft_run.so, which lies beside this program in ../lib and is
/// opened only for them, because loading LibTorch takes a third of a second.

#include <dlfcn.h>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/verbs.hpp"

namespace weft::host {

void run_computing(const char* symbol, const Options& options) {
  const auto library = installed_prefix() / "lib" / "libweft_run.so";
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    throw Error(Exit::io, concat("the computing half of weft cannot be loaded: ", dlerror(),
                                 ". Build or install it again."));
  const auto verb = reinterpret_cast<ComputingVerb>(dlsym(handle, symbol));
  if (verb == nullptr)
    throw Error(Exit::io, concat(library.string(),
                                 " is of another version of weft. Build or "
                                 "install both together."));
  // Errors come back as values: exception types of two libraries need not be the same.
  const Ending ending = verb(options);
  if (ending.exit != Exit::ok) throw VerbFailed(ending);
}

}  // namespace weft::host
