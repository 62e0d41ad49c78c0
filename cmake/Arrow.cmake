# SPDX-License-Identifier: Apache-2.0
# Arrow C++ out of the installed pyarrow wheel: headers and libraries are those that Python loads, so both
# sides share one copy. Targets: Arrow::arrow, Arrow::compute, Arrow::parquet.
if(NOT HEADRACE_PYARROW_DIR)
  if(NOT Python_EXECUTABLE)
    find_package(Python 3.10 REQUIRED COMPONENTS Interpreter)
  endif()
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c
            "import importlib.util, os; print(os.path.dirname(importlib.util.find_spec('pyarrow').origin))"
    OUTPUT_VARIABLE HEADRACE_PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE _pyarrow_missing ERROR_QUIET)
  if(_pyarrow_missing)
    message(FATAL_ERROR "pyarrow is not installed for ${Python_EXECUTABLE}; run `make setup` first")
  endif()
endif()
file(GLOB _arrow_core ${HEADRACE_PYARROW_DIR}/libarrow.so.*)
if(NOT _arrow_core)
  message(FATAL_ERROR "no libarrow.so in ${HEADRACE_PYARROW_DIR}")
endif()
list(GET _arrow_core 0 _arrow_core)
string(REGEX REPLACE ".*libarrow\\.so\\." "" HEADRACE_ARROW_SOVERSION ${_arrow_core})

function(_headrace_arrow_library target file)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION ${HEADRACE_PYARROW_DIR}/${file}.so.${HEADRACE_ARROW_SOVERSION}
    INTERFACE_INCLUDE_DIRECTORIES ${HEADRACE_PYARROW_DIR}/include)
endfunction()
_headrace_arrow_library(Arrow::arrow libarrow)
_headrace_arrow_library(Arrow::compute libarrow_compute)
_headrace_arrow_library(Arrow::parquet libparquet)
target_link_libraries(Arrow::compute INTERFACE Arrow::arrow)
target_link_libraries(Arrow::parquet INTERFACE Arrow::arrow)
