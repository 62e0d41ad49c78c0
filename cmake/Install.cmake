# SPDX-License-Identifier: Apache-2.0
# What goes where, in two components out of one build:
#   python  the wheel: headrace/_core*.so, headrace/libheadrace.so and, for C++ programs, headrace/include and
#           headrace/lib/cmake. Only installed when named, which pyproject.toml does.
#   cpp     prefix/lib, prefix/include and prefix/lib/cmake: what `cmake --install build/Release --prefix <dir>` gives.
include(CMakePackageConfigHelpers)

# _headrace_install(<component> <prefix> <library dir> [EXCLUDE_FROM_ALL]): headers and CMake files.
function(_headrace_install component prefix library_dir)
  set(config_dir ${prefix}lib/cmake/headrace)
  set(generated ${CMAKE_BINARY_DIR}/cmake/${component})
  file(RELATIVE_PATH HEADRACE_LIBRARY_FROM_CONFIG /${config_dir} /${library_dir}/libheadrace.so)
  file(RELATIVE_PATH HEADRACE_INCLUDE_FROM_CONFIG /${config_dir} /${prefix}include)
  file(RELATIVE_PATH HEADRACE_PYARROW_FROM_CONFIG /${config_dir} /pyarrow)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/headraceConfig.cmake.in ${generated}/headraceConfig.cmake @ONLY)
  write_basic_package_version_file(${generated}/headraceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${generated}/headraceConfig.cmake ${generated}/headraceConfigVersion.cmake
                ${CMAKE_SOURCE_DIR}/cmake/Arrow.cmake
          DESTINATION ${config_dir} COMPONENT ${component} ${ARGN})
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/ DESTINATION ${prefix}include COMPONENT ${component} ${ARGN}
          FILES_MATCHING PATTERN *.h)
endfunction()

set(HEADRACE_CONFIG_PYARROW_DIR "")
_headrace_install(python headrace/ headrace EXCLUDE_FROM_ALL)
# In the wheel libarrow is in the pyarrow package beside ours.
set_target_properties(headrace PROPERTIES INSTALL_RPATH "$ORIGIN/../pyarrow")
if(TARGET _core)
  install(TARGETS _core headrace LIBRARY DESTINATION headrace COMPONENT python EXCLUDE_FROM_ALL)
endif()

set(HEADRACE_CONFIG_PYARROW_DIR ${HEADRACE_PYARROW_DIR})
_headrace_install(cpp "" lib)
# Copied as it was built: its run path then stays the full path of the pyarrow it was built with.
install(PROGRAMS $<TARGET_FILE:headrace> DESTINATION lib COMPONENT cpp)
