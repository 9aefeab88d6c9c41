# find_package(Weft 0.9 REQUIRED): weft_add_plugin() and weft_seal_plugin() of WeftPlugin.cmake, and WEFT_PROGRAM, which
# seals plug-ins that no library target of CMake builds.
find_program(WEFT_PROGRAM weft REQUIRED HINTS ${CMAKE_CURRENT_LIST_DIR}/../../../bin)
include(${CMAKE_CURRENT_LIST_DIR}/WeftPlugin.cmake)
