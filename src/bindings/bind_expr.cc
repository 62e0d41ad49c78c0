// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/raise.h"
#include "bindings/value_builder.h"
#include "headrace/block/tensor.h"
#include "headrace/expressions.h"

namespace headrace::bindings {
namespace {

Expr Literal(nb::handle value) {
  ValueBuilder builder;
  builder.Append(value.ptr());
  const auto array = builder.Finish();
  if (IsObject(*array->type())) {
    PyErr_Format(PyExc_TypeError,
                 "A literal of type %s cannot be used in an expression; supported are None, bool, "
                 "int, float, str, bytes, date, datetime, timedelta, Decimal and lists of them",
                 Py_TYPE(value.ptr())->tp_name);
    throw nb::python_error();
  }
  return Lit(ValueOrRaise(array->GetScalar(0)));
}

nb::bytes Serialize(const Expr& expr) {
  const std::string bytes = ValueOrRaise(expr.Serialize());
  return nb::bytes(bytes.data(), bytes.size());
}

}  // namespace

void BindExpr(nb::module_& module) {
  nb::class_<Expr>(module, "Expr")
      .def_static(
          "col", [](std::string name) { return Col(std::move(name)); }, nb::arg("name"))
      .def_static("lit", Literal, nb::arg("value").none())
      .def_static(
          "call",
          [](std::string function, std::vector<Expr> arguments) {
            return Call(std::move(function), std::move(arguments));
          },
          nb::arg("function"), nb::arg("arguments"))
      .def_static(
          "deserialize",
          [](const nb::bytes& data) {
            return ValueOrRaise(Expr::Deserialize({data.c_str(), data.size()}));
          },
          nb::arg("data"))
      .def("serialize", Serialize)
      .def("columns", &Expr::Columns)
      .def("column_name", &Expr::ColumnName)
      .def("__str__", &Expr::ToString)
      .def("__repr__", &Expr::ToString)
      .def("__getstate__", Serialize)
      .def("__setstate__", [](Expr& self, const nb::bytes& data) {
        new (&self) Expr(ValueOrRaise(Expr::Deserialize({data.c_str(), data.size()})));
      });
}

}  // namespace headrace::bindings
