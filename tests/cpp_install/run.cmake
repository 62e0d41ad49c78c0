# SPDX-License-Identifier: Apache-2.0
# cmake -D BUILD=<build tree> -D SOURCE=<repository> -D WORK=<scratch folder> -P run.cmake
# Installs the C++ part of the build tree, builds the example against the installed package and runs it, twice: with
# the pyarrow that the package names, and with that of a Python given by hand. Fails on the first step that does.
foreach(name BUILD SOURCE WORK)
  if(NOT ${name})
    message(FATAL_ERROR "run.cmake: -D ${name}=... is missing")
  endif()
endforeach()

function(step)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(OUTPUT "${text}" PARENT_SCOPE)
endfunction()

# build_and_run(<folder> <extra arguments of the configuration>)
function(build_and_run folder)
  step(${CMAKE_COMMAND} -S ${SOURCE}/examples/cpp -B ${WORK}/${folder} -D CMAKE_BUILD_TYPE=Release
       -D CMAKE_PREFIX_PATH=${WORK}/prefix ${ARGN})
  step(${CMAKE_COMMAND} --build ${WORK}/${folder})
  # Nothing of the build tree or of the caller may help the program to find its libraries.
  step(${CMAKE_COMMAND} -E env --unset=LD_LIBRARY_PATH ${WORK}/${folder}/etl ${WORK})
  if(NOT OUTPUT MATCHES "20000 rows\n$")
    message(FATAL_ERROR "the example did not write the 20000 rows that pass:\n${OUTPUT}")
  endif()
  message(STATUS "${folder}: ${OUTPUT}")
endfunction()

file(REMOVE_RECURSE ${WORK})
step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
foreach(file lib/libheadrace.so include/headrace/headrace.h lib/cmake/headrace/headraceConfig.cmake)
  if(NOT EXISTS ${WORK}/prefix/${file})
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()
if(EXISTS ${WORK}/prefix/headrace)
  message(FATAL_ERROR "the Python package was installed with the C++ one")
endif()
build_and_run(named_by_the_package)
if(PYTHON)
  build_and_run(given_a_python -D Python_EXECUTABLE=${PYTHON})
endif()
file(REMOVE_RECURSE ${WORK})
