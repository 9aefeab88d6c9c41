# Kernels of shipped parts (plugins/<kind>s/<name>.cu) are compiled where there is nvcc; without it these parts compute on
# the CPU only. Nothing else needs it: LibTorch brings its own kernels.

set(WEFT_CUDA AUTO CACHE STRING "AUTO: compile the parts' CUDA kernels if nvcc is found. ON: demand it. OFF: never.")
set_property(CACHE WEFT_CUDA PROPERTY STRINGS AUTO ON OFF)

# What the kernels run on: GPUs since Turing through PTX that the driver compiles, and two kinds without that delay.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75-virtual 80-real 90-real)
endif()
if(WEFT_CUDA AND NOT WEFT_SANITIZE AND NOT WEFT_FUZZ)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
  elseif(WEFT_CUDA STREQUAL ON)
    message(FATAL_ERROR "WEFT_CUDA is ON, and CMake finds no nvcc. Put CUDA's bin folder into PATH, name nvcc in CUDACXX, or "
      "set WEFT_CUDA to OFF.")
  endif()
endif()
