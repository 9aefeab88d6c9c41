# LibTorch comes from the PyPI wheel, unpacked by `./dev setup` into .deps/torch. Its own TorchConfig.cmake demands
# the CUDA toolkit, so the two libraries that the engine links are imported here by hand. Never link libtorch itself:
# it needs libtorch_cuda.

set(WEFT_TORCH_DIR "${PROJECT_SOURCE_DIR}/.deps/torch/torch" CACHE PATH
  "The wheel's folder that holds include/ and lib/.")
if(NOT EXISTS "${WEFT_TORCH_DIR}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "No LibTorch in ${WEFT_TORCH_DIR}. Run ./dev setup, or set WEFT_TORCH_DIR.")
endif()
file(READ "${WEFT_TORCH_DIR}/include/torch/headeronly/version.h" torch_version_header)
if(NOT torch_version_header MATCHES "TORCH_VERSION_MAJOR 2\n" OR
   NOT torch_version_header MATCHES "TORCH_VERSION_MINOR 11\n")
  message(FATAL_ERROR "${WEFT_TORCH_DIR} is not LibTorch 2.11. Run ./dev setup to install the pinned one.")
endif()

string(REGEX MATCH "TORCH_VERSION_PATCH ([0-9]+)" _ "${torch_version_header}")
set(WEFT_TORCH_VERSION "2.11.${CMAKE_MATCH_1}")

foreach(library IN ITEMS c10 torch_cpu)
  add_library(weft::${library} SHARED IMPORTED GLOBAL)
  set_target_properties(weft::${library} PROPERTIES IMPORTED_LOCATION "${WEFT_TORCH_DIR}/lib/lib${library}.so")
endforeach()
target_include_directories(weft::torch_cpu SYSTEM INTERFACE
  "${WEFT_TORCH_DIR}/include" "${WEFT_TORCH_DIR}/include/torch/csrc/api/include")
target_link_libraries(weft::torch_cpu INTERFACE weft::c10)
# libtorch_cpu needs CUDA's run-time libraries, which it finds through its own RPATH beside the wheel.
target_link_options(weft::torch_cpu INTERFACE LINKER:--no-as-needed LINKER:--allow-shlib-undefined)
