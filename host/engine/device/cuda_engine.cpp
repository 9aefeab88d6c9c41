// SPDX-License-Identifier: Apache-2.0
#include "host/engine/device/cuda_engine.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "host/engine/device/device.hpp"

namespace weft::host {
namespace {

const CudaEngine* engine = nullptr;

/// The folder of the library that holds this function.
std::filesystem::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&own_folder), &info) == 0) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

}  // namespace

std::string open_cuda_engine() {
  if (engine != nullptr) return "";
  // Read when cuBLAS begins: without it, products need not come out alike twice.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  const std::string file = own_folder() / "libweft_engine_cuda.so";
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return dlerror();
  const auto entry = reinterpret_cast<CudaEngineEntry>(dlsym(library, k_cuda_engine));
  if (entry == nullptr || entry()->size != sizeof(CudaEngine))
    return file + " is of another build of Weft";
  engine = entry();
  return "";
}

const CudaEngine& cuda_engine() {
  if (engine == nullptr) throw std::logic_error("libweft_engine_cuda.so is not open");
  return *engine;
}

}  // namespace weft::host
