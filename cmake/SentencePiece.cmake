# SentencePiece comes from its source distribution on PyPI, unpacked by `./dev setup` into .deps/sentencepiece, and is
# built here as a static library: its own CMakeLists.txt would clone Abseil, which the distribution already holds.
# Nothing else in Weft sees Abseil or Protocol Buffers; hidden symbols keep them apart from those inside LibTorch.

set(WEFT_SENTENCEPIECE_DIR "${PROJECT_SOURCE_DIR}/.deps/sentencepiece/sentencepiece" CACHE PATH
  "The distribution's folder that holds src/ and third_party/.")
if(NOT EXISTS "${WEFT_SENTENCEPIECE_DIR}/src/sentencepiece_processor.h")
  message(FATAL_ERROR "No SentencePiece in ${WEFT_SENTENCEPIECE_DIR}. Run ./dev setup, or set WEFT_SENTENCEPIECE_DIR.")
endif()

find_package(Threads REQUIRED)
set(ABSL_PROPAGATE_CXX_STD ON)
set(ABSL_BUILD_TESTING OFF)
set(ABSL_ENABLE_INSTALL OFF)
get_directory_property(options COMPILE_OPTIONS)
if(WEFT_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # With these, g++ takes the address of a function for no constant expression, and Abseil's hash tables need one (GCC's bug 71962).
  add_compile_options(-fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute)
endif()
add_subdirectory("${WEFT_SENTENCEPIECE_DIR}/third_party/abseil-cpp" "${PROJECT_BINARY_DIR}/abseil" EXCLUDE_FROM_ALL SYSTEM)

file(GLOB sentencepiece_sources
  "${WEFT_SENTENCEPIECE_DIR}/src/*.cc" "${WEFT_SENTENCEPIECE_DIR}/src/builtin_pb/*.cc"
  "${WEFT_SENTENCEPIECE_DIR}/third_party/protobuf-lite/*.cc")
list(FILTER sentencepiece_sources EXCLUDE REGEX "(_test|_main|/testharness|/io_win32)\\.cc$")
file(STRINGS "${WEFT_SENTENCEPIECE_DIR}/VERSION.txt" sentencepiece_version)
file(WRITE "${PROJECT_BINARY_DIR}/sentencepiece/config.h"
  "#define VERSION \"${sentencepiece_version}\"\n#define PACKAGE_STRING \"sentencepiece\"\n#define INSTALL_DATADIR \"\"\n")

add_library(sentencepiece STATIC EXCLUDE_FROM_ALL ${sentencepiece_sources})
set_directory_properties(PROPERTIES COMPILE_OPTIONS "${options}")
target_compile_definitions(sentencepiece PRIVATE HAVE_PTHREAD=1)
target_compile_options(sentencepiece PRIVATE -w $<$<CONFIG:Release>:-O3>)
target_include_directories(sentencepiece SYSTEM
  PUBLIC "${WEFT_SENTENCEPIECE_DIR}" "${WEFT_SENTENCEPIECE_DIR}/src" "${WEFT_SENTENCEPIECE_DIR}/third_party/abseil-cpp"
  PRIVATE "${WEFT_SENTENCEPIECE_DIR}/src/builtin_pb" "${WEFT_SENTENCEPIECE_DIR}/third_party"
    "${WEFT_SENTENCEPIECE_DIR}/third_party/protobuf-lite" "${PROJECT_BINARY_DIR}/sentencepiece")
target_link_libraries(sentencepiece PUBLIC
  absl::status absl::status_builder absl::strings absl::span PRIVATE absl::flags absl::flags_parse absl::log absl::log_initialize
  absl::check absl::random_random absl::time absl::synchronization absl::flat_hash_map absl::flat_hash_set absl::btree absl::fixed_array
  absl::cleanup absl::any_invocable absl::function_ref Threads::Threads)
target_link_options(sentencepiece INTERFACE LINKER:--exclude-libs,libsentencepiece.a)

# Weft's library holds code of all five: Apache-2.0 (SentencePiece, Abseil), BSD (Protocol Buffers, darts-clone), MIT (esaxx).
set(licences share/weft/licences)
install(FILES "${WEFT_SENTENCEPIECE_DIR}/LICENSE" DESTINATION ${licences} RENAME sentencepiece.txt COMPONENT host)
foreach(part abseil-cpp protobuf-lite darts_clone esaxx)
  install(FILES "${WEFT_SENTENCEPIECE_DIR}/third_party/${part}/LICENSE" DESTINATION ${licences} RENAME ${part}.txt COMPONENT host)
endforeach()
