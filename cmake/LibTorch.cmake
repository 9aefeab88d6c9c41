# LibTorch comes from the PyPI wheel, unpacked by `./dev setup` into .deps/torch. Its own TorchConfig.cmake demands
# the CUDA toolkit, so the two libraries that the engine links are imported here by hand. Never link libtorch itself:
# it needs libtorch_cuda.

# The releases with which all tests pass: the first is the one that is shipped, `./dev compat` tries the others.
set(WEFT_TORCH_RELEASES 2.11 2.12)

set(WEFT_TORCH_DIR "${PROJECT_SOURCE_DIR}/.deps/torch/torch" CACHE PATH
  "The wheel's folder that holds include/ and lib/.")
if(NOT EXISTS "${WEFT_TORCH_DIR}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "No LibTorch in ${WEFT_TORCH_DIR}. Run ./dev setup, or set WEFT_TORCH_DIR.")
endif()
file(READ "${WEFT_TORCH_DIR}/include/torch/headeronly/version.h" torch_version_header)
foreach(place IN ITEMS MAJOR MINOR PATCH)
  string(REGEX MATCH "TORCH_VERSION_${place} ([0-9]+)" _ "${torch_version_header}")
  set(torch_${place} ${CMAKE_MATCH_1})
endforeach()
if(NOT "${torch_MAJOR}.${torch_MINOR}" IN_LIST WEFT_TORCH_RELEASES)
  list(JOIN WEFT_TORCH_RELEASES " or " releases)
  message(FATAL_ERROR "${WEFT_TORCH_DIR} is LibTorch ${torch_MAJOR}.${torch_MINOR}, not ${releases}. Run ./dev setup to "
    "install the pinned one.")
endif()
set(WEFT_TORCH_VERSION "${torch_MAJOR}.${torch_MINOR}.${torch_PATCH}")

foreach(library IN ITEMS c10 torch_cpu)
  add_library(weft::${library} SHARED IMPORTED GLOBAL)
  set_target_properties(weft::${library} PROPERTIES IMPORTED_LOCATION "${WEFT_TORCH_DIR}/lib/lib${library}.so")
endforeach()
target_include_directories(weft::torch_cpu SYSTEM INTERFACE
  "${WEFT_TORCH_DIR}/include" "${WEFT_TORCH_DIR}/include/torch/csrc/api/include")
target_link_libraries(weft::torch_cpu INTERFACE weft::c10)
# Some of its classes have members more without NDEBUG, with which the wheel is built.
target_compile_definitions(weft::torch_cpu INTERFACE $<$<NOT:$<CONFIG:Release>>:NDEBUG>)
# libtorch_cpu needs CUDA's run-time libraries, which it finds through its own RPATH beside the wheel.
target_link_options(weft::torch_cpu INTERFACE LINKER:--no-as-needed LINKER:--allow-shlib-undefined)
