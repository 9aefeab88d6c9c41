# weft_add_plugin(kind name [SOURCES …] [VERSION …] [VENDOR …] [LICENSE …] [TORCH …]): the part vendor/kind.name as a
# loadable library, lib<vendor>_<kind>_<name>.so, sealed: `weft plugin seal` has written its manifest into it.
#
# VERSION, VENDOR and LICENSE are what `weft plugin info` shows; without them the project's version and the variables
# WEFT_PLUGIN_VENDOR and WEFT_PLUGIN_LICENSE are taken. VENDOR is the word before the slash of the part's id, and begins
# the target's name too: <vendor>_<kind>_<name>. A source in C names these facts in its own descriptor.
# TORCH names the LibTorch version that the part links, if it does: it is then of tier torch-full and runs with that
# version only.
# Libraries of your own are linked statically, by target_link_libraries(<target> PRIVATE …): a plug-in is one file, and
# sealing one that needs a shared library fails.
# Without SOURCES the source is <name>.cpp or <name>.c of the current folder, and <name>.cu beside it. Where the project
# has enabled the language CUDA, .cu sources are compiled, CUDA's run-time library is linked statically, and sources in
# C++ see WEFT_PLUGIN_CUDA defined; elsewhere they are left out, with a message, and the part computes on the CPU only. The
# library sees the SDK's
# headers and nothing else, exports one symbol, and lands at the top of the build folder (in Weft's own tree in
# lib/weft/plugins, where the `weft` of the same build finds it).
#
# find_package(Weft) gives this file to a project of its own.

option(WEFT_PLUGIN_STATIC_RUNTIME
  "Link plug-ins with a C++ run-time library of their own; for plug-ins that travel." OFF)

# ../include in the tree, ../../../include from lib/cmake/Weft of an installed prefix.
foreach(folder IN ITEMS .. ../../..)
  get_filename_component(folder ${CMAKE_CURRENT_LIST_DIR}/${folder}/include ABSOLUTE)
  if(EXISTS ${folder}/weft/abi.h)
    set(WEFT_SDK_INCLUDE_DIR ${folder} CACHE INTERNAL "The folder that holds weft/abi.h.")
  endif()
endforeach()
set(WEFT_PLUGIN_KINDS encoder fusion reasoning decoder loss metric function CACHE INTERNAL "")

# weft_seal_plugin(target [LibTorch version]): seals a library whenever it is linked. For libraries that are built by
# other means than weft_add_plugin().
function(weft_seal_plugin target)
  if(ARGN)
    set(tier --tier torch-full --torch ${ARGN})
  endif()
  if(TARGET weft)  # in Weft's own tree; another host may write another manifest
    set(program weft)
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS $<TARGET_FILE:weft_probe>)
  else()
    set(program ${WEFT_PROGRAM})
  endif()
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${program} plugin seal $<TARGET_FILE:${target}> ${tier})
endfunction()

function(weft_add_plugin kind name)
  cmake_parse_arguments(PLUGIN "" "VERSION;VENDOR;LICENSE;TORCH" "SOURCES" ${ARGN})
  foreach(wrong IN LISTS PLUGIN_UNPARSED_ARGUMENTS PLUGIN_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "weft_add_plugin: \"${wrong}\" is no argument, or has no value. Arguments: SOURCES, VERSION, VENDOR, "
      "LICENSE and TORCH.")
  endforeach()
  if(NOT kind IN_LIST WEFT_PLUGIN_KINDS)
    list(JOIN WEFT_PLUGIN_KINDS ", " kinds)
    message(FATAL_ERROR "weft_add_plugin: \"${kind}\" is no kind of part. Kinds: ${kinds}.")
  endif()
  if(NOT name MATCHES "^[a-z0-9_]+$")
    message(FATAL_ERROR "weft_add_plugin: \"${name}\" is no name of a part. Use a-z, 0-9 and _.")
  endif()
  if(NOT PLUGIN_SOURCES)
    foreach(source IN ITEMS ${name}.cpp ${name}.c)
      if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
        list(APPEND PLUGIN_SOURCES ${source})
      endif()
    endforeach()
    list(LENGTH PLUGIN_SOURCES found)
    if(NOT found EQUAL 1)
      message(FATAL_ERROR "weft_add_plugin: expected ${name}.cpp or ${name}.c in "
        "${CMAKE_CURRENT_SOURCE_DIR}; found ${found} of them.")
    endif()
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cu)
      list(APPEND PLUGIN_SOURCES ${name}.cu)
    endif()
  endif()
  set(kernels ${PLUGIN_SOURCES})
  list(FILTER kernels INCLUDE REGEX "\\.cu$")
  if(kernels AND NOT CMAKE_CUDA_COMPILER)
    message(STATUS "${kind}.${name}: CPU only, because the language CUDA is not enabled; without ${kernels}.")
    list(FILTER PLUGIN_SOURCES EXCLUDE REGEX "\\.cu$")
    set(kernels)
  endif()

  set(facts VERSION VENDOR LICENSE)
  set(defaults PROJECT_VERSION WEFT_PLUGIN_VENDOR WEFT_PLUGIN_LICENSE)
  foreach(fact default IN ZIP_LISTS facts defaults)
    if(NOT PLUGIN_${fact})
      set(PLUGIN_${fact} "${${default}}")
    endif()
  endforeach()
  if(NOT PLUGIN_VENDOR MATCHES "^[a-z0-9_]+$")
    message(FATAL_ERROR "weft_add_plugin: \"${PLUGIN_VENDOR}\" is no vendor. Say VENDOR, or set WEFT_PLUGIN_VENDOR, to the "
      "word before the slash of the part's id, of a-z, 0-9 and _.")
  endif()

  set(target ${PLUGIN_VENDOR}_${kind}_${name})
  set(folder ${PROJECT_BINARY_DIR})
  if(TARGET weft)  # in Weft's own tree
    string(APPEND folder /lib/weft/plugins)
  endif()
  add_library(${target} MODULE ${PLUGIN_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX lib
    SUFFIX .so
    LIBRARY_OUTPUT_DIRECTORY ${folder}
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${target} PRIVATE ${WEFT_SDK_INCLUDE_DIR})
  if(kernels)
    set_target_properties(${target} PROPERTIES
      LINKER_LANGUAGE CXX CUDA_RUNTIME_LIBRARY Static CUDA_VISIBILITY_PRESET hidden
      CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF)
    target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:WEFT_PLUGIN_CUDA>)
  endif()
  foreach(fact IN LISTS facts)
    target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:WEFT_PLUGIN_${fact}="${PLUGIN_${fact}}">)
  endforeach()
  # A GNU-unique symbol would keep the library mapped for ever and join plug-ins that must be apart.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  if(TARGET weft_warnings)  # in Weft's own tree
    target_link_libraries(${target} PRIVATE weft_warnings)
  endif()

  # Hidden visibility does not reach template instances of the standard library; the version script does.
  set(script ${WEFT_SDK_INCLUDE_DIR}/weft/plugin.map)
  target_link_options(${target} PRIVATE LINKER:--version-script=${script})
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${script})
  if(NOT WEFT_SANITIZE)  # the sanitisers' symbols stay open until the host is there
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
  if(WEFT_PLUGIN_STATIC_RUNTIME)
    target_link_options(${target} PRIVATE -static-libgcc $<$<LINK_LANGUAGE:CXX>:-static-libstdc++>)
  endif()
  weft_seal_plugin(${target} ${PLUGIN_TORCH})
endfunction()
