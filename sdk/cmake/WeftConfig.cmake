# find_package(Weft 0.9 REQUIRED): weft_add_plugin() and weft_seal_plugin() of WeftPlugin.cmake, and WEFT_PROGRAM, which
# seals plug-ins that no library target of CMake builds.
find_program(WEFT_PROGRAM weft NO_DEFAULT_PATH PATHS ${CMAKE_CURRENT_LIST_DIR}/../../../bin)
if(NOT WEFT_PROGRAM)
  message(FATAL_ERROR "Weft's package in ${CMAKE_CURRENT_LIST_DIR} has no program `weft` beside it, which seals plug-ins. Install "
    "Weft's component \"host\" into the same prefix.")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/WeftPlugin.cmake)
