# find_package(Weft 0.10 REQUIRED): weft_add_plugin() and weft_seal_plugin() of WeftPlugin.cmake, and WEFT_PROGRAM, which
# seals plug-ins that no library target of CMake builds. With COMPONENTS host also the target weft::host: libweft and
# <weft/host.hpp>, for programs that train and predict.
find_program(WEFT_PROGRAM weft NO_DEFAULT_PATH PATHS ${CMAKE_CURRENT_LIST_DIR}/../../../bin)
if(NOT WEFT_PROGRAM)
  message(FATAL_ERROR "Weft's package in ${CMAKE_CURRENT_LIST_DIR} has no program `weft` beside it, which seals plug-ins. Install "
    "Weft's component \"host\" into the same prefix.")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/WeftPlugin.cmake)

if(host IN_LIST Weft_FIND_COMPONENTS AND NOT TARGET weft::host)
  get_filename_component(weft_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
  add_library(weft::host SHARED IMPORTED)
  set_target_properties(weft::host PROPERTIES
    IMPORTED_LOCATION ${weft_prefix}/lib/libweft.so
    INTERFACE_INCLUDE_DIRECTORIES ${weft_prefix}/include
    # What libweft itself needs is found by its own run path, not by the linker.
    INTERFACE_LINK_OPTIONS LINKER:--allow-shlib-undefined)
  set(Weft_host_FOUND TRUE)
endif()
