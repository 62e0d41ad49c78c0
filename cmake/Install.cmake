# SPDX-License-Identifier: Apache-2.0
# What goes where. In a wheel everything lies in the package: headrace/_core*.so, headrace/libheadrace.so and, for C++
# programs, headrace/include and headrace/lib/cmake. Outside a wheel: the usual prefix/lib and prefix/include.
include(GNUInstallDirs)
if(SKBUILD)
  set(_prefix headrace/)
  set(_library_dir headrace)
else()
  set(_prefix "")
  set(_library_dir ${CMAKE_INSTALL_LIBDIR})
endif()
set(_config_dir ${_prefix}lib/cmake/headrace)

# libarrow is found beside the package, in the pyarrow that Python loads as well.
if(SKBUILD)
  set(_run_path "$ORIGIN;$ORIGIN/../pyarrow")
else()
  set(_run_path "$ORIGIN;${HEADRACE_PYARROW_DIR}")
endif()
set_target_properties(headrace PROPERTIES INSTALL_RPATH "${_run_path}")
if(NOT SKBUILD)  # src/bindings installs it beside the module
  install(TARGETS headrace LIBRARY DESTINATION ${_library_dir})
endif()

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/ DESTINATION ${_prefix}include FILES_MATCHING PATTERN *.h)

include(CMakePackageConfigHelpers)
file(RELATIVE_PATH HEADRACE_LIBRARY_FROM_CONFIG /${_config_dir} /${_library_dir}/libheadrace.so)
file(RELATIVE_PATH HEADRACE_INCLUDE_FROM_CONFIG /${_config_dir} /${_prefix}include)
file(RELATIVE_PATH HEADRACE_PYARROW_FROM_CONFIG /${_config_dir} /pyarrow)
configure_file(${CMAKE_SOURCE_DIR}/cmake/headraceConfig.cmake.in ${CMAKE_BINARY_DIR}/headraceConfig.cmake @ONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/headraceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/headraceConfig.cmake ${CMAKE_BINARY_DIR}/headraceConfigVersion.cmake
              ${CMAKE_SOURCE_DIR}/cmake/Arrow.cmake
        DESTINATION ${_config_dir})
