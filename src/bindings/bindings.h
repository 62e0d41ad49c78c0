// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <memory>

#include "bindings/python_object.h"

namespace headrace::bindings {

/// What the class Schema of the module holds.
struct SchemaHandle {
  std::shared_ptr<arrow::Schema> schema;
};

// Each adds its classes to the module; module.cc calls them in this order.
void BindBlock(nb::module_& module);
void BindExpr(nb::module_& module);
void BindExecution(nb::module_& module);
void BindPlan(nb::module_& module);
void BindStorage(nb::module_& module);
void BindEngine(nb::module_& module);

}  // namespace headrace::bindings
