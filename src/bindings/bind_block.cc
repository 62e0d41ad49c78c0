// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings/arrow_capsule.h"
#include "bindings/bindings.h"
#include "bindings/python_columns.h"
#include "bindings/python_rows.h"
#include "bindings/raise.h"
#include "headrace/block.h"

namespace headrace::bindings {
namespace {

std::vector<std::string> TypeNames(const SchemaHandle& handle) {
  std::vector<std::string> names;
  for (const auto& field : handle.schema->fields()) names.push_back(field->type()->ToString());
  return names;
}

bool SchemasEqual(const SchemaHandle& left, nb::handle right) {
  SchemaHandle* other = nullptr;
  return nb::try_cast<SchemaHandle*>(right, other) && other != nullptr &&
         left.schema->Equals(*other->schema);
}

Block Select(const Block& block, const std::vector<std::string>& columns) {
  std::vector<int> indices;
  for (const std::string& column : columns) {
    const int index = block.schema()->GetFieldIndex(column);
    if (index < 0) {
      RaiseIfError(Status::KeyError("no column '", column, "' among ", block.schema()->ToString()));
    }
    indices.push_back(index);
  }
  return Block(ValueOrRaise(block.batch()->SelectColumns(indices)));
}

template <Block (*apply)(const Block&, BoundCall&)>
Block CallPerRow(const Block& block, nb::handle function) {
  BoundCall call(function, nb::none(), nb::none());
  return apply(block, call);
}

Block Concat(const std::vector<Block>& blocks) {
  Result<Block> result = Block();
  {
    nb::gil_scoped_release release;
    result = ConcatBlocks(blocks);
  }
  return ValueOrRaise(std::move(result));
}

}  // namespace

void BindBlock(nb::module_& module) {
  nb::class_<SchemaHandle>(module, "Schema")
      .def_static("from_arrow",
                  [](nb::handle source) { return SchemaHandle{SchemaFromArrow(source)}; })
      .def_prop_ro("names", [](const SchemaHandle& self) { return self.schema->field_names(); })
      .def_prop_ro("type_names", TypeNames)
      .def("__arrow_c_schema__",
           [](const SchemaHandle& self) { return ExportSchema(*self.schema); })
      .def("__eq__", SchemasEqual, nb::arg("other").none())
      .def("__repr__", [](const SchemaHandle& self) { return self.schema->ToString(); });

  nb::class_<Block>(module, "Block")
      .def_static("from_arrow", BlockFromArrow, nb::arg("source"))
      .def_static("from_numpy", FromNumpy, nb::arg("batch"))
      .def_static("from_rows", FromRows, nb::arg("rows"))
      .def_prop_ro("num_rows", &Block::num_rows)
      .def_prop_ro("size_bytes", &Block::size_bytes)
      .def_prop_ro("column_names", [](const Block& self) { return self.schema()->field_names(); })
      .def_prop_ro("schema", [](const Block& self) { return SchemaHandle{self.schema()}; })
      .def("to_rows", ToRows)
      .def("to_numpy", ToNumpy, nb::arg("copy") = false)
      .def("take_numpy", TakeNumpy)
      .def("map_rows", CallPerRow<MapRows>, nb::arg("fn"))
      .def("flat_map_rows", CallPerRow<FlatMapRows>, nb::arg("fn"))
      .def("filter_rows", CallPerRow<FilterRows>, nb::arg("fn"))
      .def("load", [](const Block& self) { return self; })
      .def("slice", &Block::Slice, nb::arg("offset"), nb::arg("length"))
      .def("select", Select, nb::arg("columns"))
      .def(
          "__arrow_c_array__", [](const Block& self, nb::handle) { return ExportBlock(self); },
          nb::arg("requested_schema").none() = nb::none())
      .def("__arrow_c_schema__", [](const Block& self) { return ExportSchema(*self.schema()); })
      .def("__repr__", [](const Block& self) {
        return "Block(num_rows=" + std::to_string(self.num_rows()) +
               ", schema=" + self.schema()->ToString() + ")";
      });

  module.def("concat_blocks", Concat, nb::arg("blocks"));
}

}  // namespace headrace::bindings
