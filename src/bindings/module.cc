// SPDX-License-Identifier: Apache-2.0
#include "bindings/bindings.h"
#include "bindings/python_datasink.h"
#include "bindings/python_datasource.h"
#include "bindings/python_filesystem.h"
#include "bindings/python_udf_host.h"
#include "bindings/raise.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/registry.h"

namespace headrace::bindings {

NB_MODULE(_core, module) {
  // Functions of the user that the host keeps may hold anything; the process end frees it.
  nb::set_leak_warnings(false);
  RaiseIfError(RegisterExtensionTypes());
  worker::SetProcessUdfHost(&ThePythonUdfHost());
  datasource::SetForeignKind(
      {kPythonKind, &DeserializePythonDatasource, &DeserializePythonDatasink});
  io::SetProcessFilesystemHost(&ThePythonFilesystemHost());
  BindBlock(module);
  BindExpr(module);
  BindExecution(module);
  BindPlan(module);
  BindStorage(module);
  BindEngine(module);
}

}  // namespace headrace::bindings
