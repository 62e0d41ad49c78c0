// SPDX-License-Identifier: Apache-2.0
#include "bindings/arrow_capsule.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/concatenate.h>
#include <arrow/c/bridge.h>
#include <arrow/c/helpers.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "bindings/raise.h"

namespace headrace::bindings {
namespace {

template <typename T>
void Release(T* exported);
template <>
void Release(ArrowSchema* exported) {
  ArrowSchemaRelease(exported);
}
template <>
void Release(ArrowArray* exported) {
  ArrowArrayRelease(exported);
}

/// Capsule that owns a new T; the consumer marks what it took by clearing `release`.
template <typename T>
nb::object NewCapsule(const char* name, T** exported) {
  auto owned = std::make_unique<T>();
  owned->release = nullptr;
  nb::object capsule = Steal(PyCapsule_New(owned.get(), name, [](PyObject* object) {
    auto* pointer = static_cast<T*>(PyCapsule_GetPointer(object, PyCapsule_GetName(object)));
    if (pointer->release != nullptr) Release(pointer);
    delete pointer;
  }));
  *exported = owned.release();
  return capsule;
}

template <typename T>
T* Pointer(nb::handle capsule, const char* name) {
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), name);
  if (pointer == nullptr) throw nb::python_error();
  return static_cast<T*>(pointer);
}

bool Has(nb::handle object, const char* attribute) {
  return PyObject_HasAttrString(object.ptr(), attribute) == 1;
}

using TypePtr = std::shared_ptr<arrow::DataType>;

TypePtr WithoutViews(const TypePtr& type);

std::shared_ptr<arrow::Field> WithoutViews(const std::shared_ptr<arrow::Field>& field) {
  return field->WithType(WithoutViews(field->type()));
}

/// View types are for exchange; the engine keeps strings with offsets. `type` itself when there are
/// none in it.
TypePtr WithoutViews(const TypePtr& type) {
  TypePtr plain;
  switch (type->id()) {
    case arrow::Type::STRING_VIEW:
      return arrow::utf8();
    case arrow::Type::BINARY_VIEW:
      return arrow::binary();
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
      plain = arrow::dictionary(dictionary.index_type(), WithoutViews(dictionary.value_type()),
                                dictionary.ordered());
      break;
    }
    case arrow::Type::LIST:
      plain = arrow::list(WithoutViews(type->field(0)));
      break;
    case arrow::Type::LARGE_LIST:
      plain = arrow::large_list(WithoutViews(type->field(0)));
      break;
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(WithoutViews(field));
      plain = arrow::struct_(std::move(fields));
      break;
    }
    default:
      return type;
  }
  return plain->Equals(*type) ? type : plain;
}

/// `array` as the `type` that WithoutViews made of its own.
std::shared_ptr<arrow::Array> CastFromViews(const std::shared_ptr<arrow::Array>& array,
                                            const TypePtr& type) {
  if (type == array->type()) return array;
  if (type->id() != arrow::Type::DICTIONARY) {
    return ValueOrRaise(arrow::compute::Cast(*array, type));
  }
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  const auto& value_type = static_cast<const arrow::DictionaryType&>(*type).value_type();
  return ValueOrRaise(arrow::DictionaryArray::FromArrays(
      type, encoded.indices(), CastFromViews(encoded.dictionary(), value_type)));
}

Block WithoutViews(const Block& block) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  bool changed = false;
  for (int i = 0; i < block.num_columns(); ++i) {
    const auto& field = block.schema()->field(i);
    auto column = block.batch()->column(i);
    const auto type = WithoutViews(field->type());
    changed |= type != field->type();
    column = CastFromViews(column, type);
    fields.push_back(field->WithType(type));
    columns.push_back(std::move(column));
  }
  if (!changed) return block;
  return Block(
      arrow::RecordBatch::Make(arrow::schema(std::move(fields), block.schema()->metadata()),
                               block.num_rows(), std::move(columns)));
}

[[noreturn]] void RaiseNotArrow(nb::handle source) {
  PyErr_Format(
      PyExc_TypeError,
      "Expected an object with __arrow_c_stream__ or __arrow_c_array__ (of pyarrow, polars, "
      "duckdb or another Arrow library), got %s",
      Py_TYPE(source.ptr())->tp_name);
  throw nb::python_error();
}

}  // namespace

nb::object ExportBlock(const Block& block) {
  ArrowSchema* schema = nullptr;
  ArrowArray* array = nullptr;
  nb::object schema_capsule = NewCapsule("arrow_schema", &schema);
  nb::object array_capsule = NewCapsule("arrow_array", &array);
  RaiseIfError(arrow::ExportRecordBatch(*block.batch(), array, schema));
  return nb::make_tuple(schema_capsule, array_capsule);
}

nb::object ExportSchema(const arrow::Schema& schema) {
  ArrowSchema* exported = nullptr;
  nb::object capsule = NewCapsule("arrow_schema", &exported);
  RaiseIfError(arrow::ExportSchema(schema, exported));
  return capsule;
}

Block BlockFromArrow(nb::handle source) {
  if (Has(source, "__arrow_c_array__")) {
    const nb::object pair = source.attr("__arrow_c_array__")();
    return WithoutViews(Block(
        ValueOrRaise(arrow::ImportRecordBatch(Pointer<ArrowArray>(pair[1], "arrow_array"),
                                              Pointer<ArrowSchema>(pair[0], "arrow_schema")))));
  }
  if (!Has(source, "__arrow_c_stream__")) RaiseNotArrow(source);
  const nb::object capsule = source.attr("__arrow_c_stream__")();
  auto* stream = Pointer<ArrowArrayStream>(capsule, "arrow_array_stream");
  const auto reader = ValueOrRaise(arrow::ImportRecordBatchReader(stream));
  const auto batches = ValueOrRaise(reader->ToRecordBatches());
  if (batches.size() == 1) return WithoutViews(Block(batches.front()));
  const auto table = ValueOrRaise(arrow::Table::FromRecordBatches(reader->schema(), batches));
  return WithoutViews(ValueOrRaise(Block::FromTable(*table)));
}

std::shared_ptr<arrow::Schema> SchemaFromArrow(nb::handle source) {
  if (!Has(source, "__arrow_c_schema__")) {
    PyErr_Format(PyExc_TypeError, "Expected a schema (an object with __arrow_c_schema__), got %s",
                 Py_TYPE(source.ptr())->tp_name);
    throw nb::python_error();
  }
  const nb::object capsule = source.attr("__arrow_c_schema__")();
  return ValueOrRaise(arrow::ImportSchema(Pointer<ArrowSchema>(capsule, "arrow_schema")));
}

std::shared_ptr<arrow::Array> ArrayFromArrow(nb::handle source) {
  std::shared_ptr<arrow::Array> array;
  if (Has(source, "__arrow_c_array__")) {
    const nb::object pair = source.attr("__arrow_c_array__")();
    array = ValueOrRaise(arrow::ImportArray(Pointer<ArrowArray>(pair[1], "arrow_array"),
                                            Pointer<ArrowSchema>(pair[0], "arrow_schema")));
  } else if (Has(source, "__arrow_c_stream__")) {
    const nb::object capsule = source.attr("__arrow_c_stream__")();
    const auto chunks = ValueOrRaise(
        arrow::ImportChunkedArray(Pointer<ArrowArrayStream>(capsule, "arrow_array_stream")));
    array = chunks->num_chunks() == 1   ? chunks->chunk(0)
            : chunks->num_chunks() == 0 ? ValueOrRaise(arrow::MakeEmptyArray(chunks->type()))
                                        : ValueOrRaise(arrow::Concatenate(chunks->chunks()));
  } else {
    RaiseNotArrow(source);
  }
  return CastFromViews(array, WithoutViews(array->type()));
}

nb::object ToPyarrow(const std::shared_ptr<arrow::Array>& array) {
  ArrowSchema* schema = nullptr;
  ArrowArray* exported = nullptr;
  nb::object schema_capsule = NewCapsule("arrow_schema", &schema);
  nb::object array_capsule = NewCapsule("arrow_array", &exported);
  RaiseIfError(arrow::ExportArray(*array, exported, schema));
  return nb::module_::import_("pyarrow").attr("Array").attr("_import_from_c_capsule")(
      schema_capsule, array_capsule);
}

}  // namespace headrace::bindings
