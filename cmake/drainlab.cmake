# What every target of drainlab shares: warnings, sanitizers, the version header, one helper per kind of target.
include(GNUInstallDirs)
option(DRAINLAB_TESTS "build the tests and benchmarks" ON)
set(DRAINLAB_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined or thread")

option(DRAINLAB_FUZZ "build the libFuzzer targets (clang)" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# ccache, told to see through the place of the checkout and of the build: a second clone or preset directory finds what the
# first has compiled.
find_program(DRAINLAB_CCACHE ccache)
if(DRAINLAB_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${DRAINLAB_CCACHE})
endif()

# lld links a good deal faster than ld.
find_program(DRAINLAB_LLD ld.lld)
if(DRAINLAB_LLD)
  # Its own build ids are 8 bytes long; perf's cache lists those of 16 and 20 alone.
  add_link_options(-fuse-ld=lld -Wl,--build-id=sha1)
endif()

add_library(drainlab_warnings INTERFACE)
add_library(drainlab::warnings ALIAS drainlab_warnings)
# Who only wants the programs is not kept from them by what another compiler warns of.
option(DRAINLAB_WERROR "Warnings are errors" ON)
target_compile_options(drainlab_warnings INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${DRAINLAB_WERROR}>:-Werror>)

add_library(drainlab_flags INTERFACE)
if(DRAINLAB_SANITIZE)
  target_compile_options(drainlab_flags INTERFACE -fsanitize=${DRAINLAB_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(drainlab_flags INTERFACE -fsanitize=${DRAINLAB_SANITIZE})
  if(DRAINLAB_SANITIZE MATCHES undefined)
    # Its check of an object's type asks through a pipe(2) whether memory may be read, and takes "no descriptor left" for no: a false alarm in
    # tests that run out of descriptors. AddressSanitizer finds what it would.
    target_compile_options(drainlab_flags INTERFACE -fno-sanitize=vptr)
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND DRAINLAB_SANITIZE MATCHES undefined)
    # Its mark before each function does not get on with coroutines (clang 14: "Cannot represent a difference across sections").
    target_compile_options(drainlab_flags INTERFACE -fno-sanitize=function)
  endif()
  if(DRAINLAB_SANITIZE MATCHES thread)
    # ThreadSanitizer does not know free-standing fences; Asio's are redundant on top of its own mutexes.
    target_compile_definitions(drainlab_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

# drainlab_library(NAME kernel SOURCES a.cpp HEADERS a.hpp DEPENDS drainlab::sched ...)
# makes target drainlab_kernel, alias drainlab::kernel. Includes are written from the repository's root:
# #include "fusefs/kernel/isw.hpp". DEPENDS are public, PRIVATE_DEPENDS are not.
function(drainlab_library)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  set(target drainlab_${arg_NAME})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE drainlab::warnings ${arg_PRIVATE_DEPENDS})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(drainlab::${arg_NAME} ALIAS ${target})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} ${scope} ${arg_DEPENDS} drainlab_flags)
  if(arg_HEADERS)
    # Each header compiles on its own: target all_verify_interface_header_sets.
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${arg_HEADERS})
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
endfunction()

# drainlab_program(NAME drainfs SOURCES main.cpp DEPENDS ...): a program in bin/, installed; target `programs` builds them all.
add_custom_target(programs)
function(drainlab_program)
  cmake_parse_arguments(arg "NO_INSTALL" "NAME" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_include_directories(${arg_NAME} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${arg_NAME} PRIVATE drainlab::warnings drainlab_flags ${arg_DEPENDS})
  if(NOT arg_NO_INSTALL)
    add_dependencies(programs ${arg_NAME})
    install(TARGETS ${arg_NAME} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/version.cmake)
