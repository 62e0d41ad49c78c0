# SPDX-License-Identifier: Apache-2.0
# headrace_folder(<name> [DEPENDS <folders>] [LIBRARIES <targets>]): one static library per source folder, made of
# every .cc in it that is no test, with its headers' dependencies. *_test.cc become <name>_test.
add_library(headrace_flags INTERFACE)
target_compile_features(headrace_flags INTERFACE cxx_std_20)
target_include_directories(headrace_flags INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
target_compile_options(headrace_flags INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -fno-semantic-interposition
  $<$<BOOL:${HEADRACE_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-O2>)
if(HEADRACE_SANITIZE)
  target_compile_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE})
endif()
if(HEADRACE_FAULT_POINTS)
  target_compile_definitions(headrace_flags INTERFACE HEADRACE_FAULT_POINTS)
endif()

# Arrow's headers cost two seconds per file; precompiled they cost a tenth of that.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/headrace_pch.cc CONTENT "")  # unlike WRITE, keeps an unchanged file's time
add_library(headrace_pch STATIC ${CMAKE_BINARY_DIR}/headrace_pch.cc)
target_link_libraries(headrace_pch PRIVATE headrace_flags Arrow::arrow)
target_precompile_headers(headrace_pch PRIVATE
  <algorithm> <atomic> <chrono> <condition_variable> <deque> <functional> <map> <memory> <mutex> <optional>
  <span> <string> <string_view> <thread> <unordered_map> <utility> <vector> <arrow/api.h>)
target_compile_options(headrace_pch PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)

define_property(GLOBAL PROPERTY HEADRACE_FOLDERS BRIEF_DOCS "Folder libraries" FULL_DOCS "Folder libraries")

function(headrace_folder name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(target headrace_${name})
  list(TRANSFORM ARG_DEPENDS PREPEND headrace_)
  if(sources)
    add_library(${target} STATIC ${sources})
    target_precompile_headers(${target} REUSE_FROM headrace_pch)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    target_link_libraries(${target} PUBLIC headrace_flags ${ARG_DEPENDS} ${ARG_LIBRARIES} Arrow::arrow Threads::Threads)
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE headrace_flags ${ARG_DEPENDS} ${ARG_LIBRARIES} Arrow::arrow)
  endif()
  if(sources AND NOT name STREQUAL testkit)
    set_property(GLOBAL APPEND PROPERTY HEADRACE_FOLDERS ${target})
    set_property(GLOBAL APPEND PROPERTY HEADRACE_LIBRARIES ${ARG_LIBRARIES})
  endif()
  if(HEADRACE_BUILD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_precompile_headers(${name}_test REUSE_FROM headrace_pch)
    # -fPIC, not CMake's -fPIE for executables: the precompiled header only serves the options it was made with.
    set_target_properties(${name}_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name}_test PRIVATE -fPIC $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    target_link_libraries(${name}_test PRIVATE ${target} ${ARG_TEST_LIBRARIES} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit)
    add_dependencies(unit_tests ${name}_test)
  endif()
endfunction()
