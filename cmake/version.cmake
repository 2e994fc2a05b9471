# Makes target drainlab::version (fusefs/version.hpp). Included, it declares the target; run with `cmake -P` at build time, it
# writes the source file, but only when the revision has changed, so that nothing is compiled or linked for nothing.
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND git describe --always --dirty --abbrev=12 WORKING_DIRECTORY ${SOURCE_DIR}
      OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(revision unknown)
  endif()
  file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "fusefs/version.hpp"

namespace drainlab {

const char* version() noexcept { return "@VERSION@"; }

const char* git_revision() noexcept { return "@revision@"; }

}  // namespace drainlab
]])
  return()
endif()

add_custom_target(drainlab_version_source
    COMMAND ${CMAKE_COMMAND} -D SOURCE_DIR=${PROJECT_SOURCE_DIR} -D VERSION=${PROJECT_VERSION}
            -D OUTPUT=${CMAKE_BINARY_DIR}/version.cpp -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS ${CMAKE_BINARY_DIR}/version.cpp
    COMMENT "git revision")
add_library(drainlab_version STATIC ${CMAKE_BINARY_DIR}/version.cpp)
add_library(drainlab::version ALIAS drainlab_version)
add_dependencies(drainlab_version drainlab_version_source)
target_include_directories(drainlab_version PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(drainlab_version PRIVATE drainlab::warnings PUBLIC drainlab_flags)
