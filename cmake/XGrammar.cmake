# XGrammar comes from its source distribution on PyPI, unpacked by `./dev setup` into .deps/xgrammar, and is built here as a
# static library, without the Python binding: its own CMakeLists.txt sets compiler flags and builds with -Werror.

set(WEFT_XGRAMMAR_DIR "${PROJECT_SOURCE_DIR}/.deps/xgrammar" CACHE PATH "The distribution's folder that holds cpp/ and include/.")
if(NOT EXISTS "${WEFT_XGRAMMAR_DIR}/include/xgrammar/xgrammar.h")
  message(FATAL_ERROR "No XGrammar in ${WEFT_XGRAMMAR_DIR}. Run ./dev setup, or set WEFT_XGRAMMAR_DIR.")
endif()

file(GLOB_RECURSE xgrammar_sources "${WEFT_XGRAMMAR_DIR}/cpp/*.cc")
list(FILTER xgrammar_sources EXCLUDE REGEX "/cpp/tvm_ffi/")
add_library(xgrammar STATIC EXCLUDE_FROM_ALL ${xgrammar_sources})
# Its messages go to host/constraint, which says what they mean for a recipe.
target_compile_definitions(xgrammar PRIVATE XGRAMMAR_LOG_CUSTOMIZE=1 XGRAMMAR_ENABLE_CPPTRACE=0)
target_compile_options(xgrammar PRIVATE -w $<$<CONFIG:Release>:-O3>)
target_include_directories(xgrammar SYSTEM
  PUBLIC "${WEFT_XGRAMMAR_DIR}/include" "${WEFT_XGRAMMAR_DIR}/3rdparty/dlpack/include" "${WEFT_XGRAMMAR_DIR}/3rdparty/picojson")
find_package(Threads REQUIRED)
target_link_libraries(xgrammar PRIVATE Threads::Threads)
target_link_options(xgrammar INTERFACE LINKER:--exclude-libs,libxgrammar.a)

# Linked in are XGrammar and DLPack's header (Apache-2.0) and picojson (BSD), whose licence is the beginning of its header.
set(licences share/weft/licences)
install(FILES "${WEFT_XGRAMMAR_DIR}/LICENSE" DESTINATION ${licences} RENAME xgrammar.txt COMPONENT host)
install(FILES "${WEFT_XGRAMMAR_DIR}/NOTICE" DESTINATION ${licences} RENAME xgrammar-notice.txt COMPONENT host)
install(FILES "${WEFT_XGRAMMAR_DIR}/3rdparty/dlpack/LICENSE" DESTINATION ${licences} RENAME dlpack.txt COMPONENT host)
file(READ "${WEFT_XGRAMMAR_DIR}/3rdparty/picojson/picojson.h" picojson)
string(REGEX MATCH "^/\\*.*POSSIBILITY OF SUCH DAMAGE\\.\n \\*/" picojson_licence "${picojson}")
if(NOT picojson_licence)
  message(FATAL_ERROR "${WEFT_XGRAMMAR_DIR}/3rdparty/picojson/picojson.h does not begin with its licence.")
endif()
file(WRITE "${PROJECT_BINARY_DIR}/xgrammar/picojson.txt" "${picojson_licence}\n")
install(FILES "${PROJECT_BINARY_DIR}/xgrammar/picojson.txt" DESTINATION ${licences} COMPONENT host)
