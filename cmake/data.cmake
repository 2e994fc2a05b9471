# The shipped files once more, in the build tree: for one that is moved to where its sources are not (fusefs/os/data_dirs.hpp). Looked at
# last, so that who changes a file in workloads/ needs no build.
set(data_copy ${PROJECT_BINARY_DIR}/data)
set(data_commands "")
foreach(kind profiles scenarios worlds lab reference)
  if(EXISTS ${PROJECT_SOURCE_DIR}/workloads/${kind})
    list(APPEND data_commands COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/workloads/${kind} ${data_copy}/${kind})
  endif()
endforeach()
file(GLOB_RECURSE data_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/workloads/profiles/* ${PROJECT_SOURCE_DIR}/workloads/scenarios/*
  ${PROJECT_SOURCE_DIR}/workloads/worlds/* ${PROJECT_SOURCE_DIR}/workloads/lab/* ${PROJECT_SOURCE_DIR}/workloads/reference/*)
add_custom_command(OUTPUT ${data_copy}/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${data_copy} ${data_commands} COMMAND ${CMAKE_COMMAND} -E touch ${data_copy}/stamp
  DEPENDS ${data_files} COMMENT "data beside the programs" VERBATIM)
add_custom_target(data_copy ALL DEPENDS ${data_copy}/stamp)
add_dependencies(programs data_copy)
