// SPDX-License-Identifier: Apache-2.0
#include "bindings/map_options.h"

#include <arrow/c/bridge.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <functional>
#include <map>

#include "bindings/any_thread_object.h"
#include "bindings/arrow_capsule.h"
#include "bindings/raise.h"

namespace headrace::bindings {
namespace {

using Reader = std::function<void(nb::handle)>;

/// Hands each value of `dict` to the reader of its key. None leaves the default.
Status ReadDict(const char* what, const nb::dict& dict, const std::map<std::string, Reader>& keys) {
  for (const auto& [key, value] : dict) {
    const auto name = nb::cast<std::string>(key);
    const auto it = keys.find(name);
    if (it == keys.end()) {
      std::string valid;
      for (const auto& entry : keys) valid += (valid.empty() ? "" : ", ") + entry.first;
      return Status::Invalid("unknown ", what, " option '", name, "'; valid ones are: ", valid);
    }
    if (!value.is_none()) it->second(value);
  }
  return Status::OK();
}

template <typename T>
Reader Into(T* target) {
  return [target](nb::handle value) { *target = nb::cast<T>(value); };
}

Reader IntoChar(char* target) {
  return [target](nb::handle value) {
    const auto text = nb::cast<std::string>(value);
    *target = text.empty() ? '\0' : text[0];
  };
}

Reader IntoTypes(std::map<std::string, std::shared_ptr<arrow::DataType>>* target) {
  return [target](nb::handle value) {
    for (const auto& [name, type] : nb::cast<nb::dict>(value)) {
      (*target)[nb::cast<std::string>(name)] = ValueOrRaise(TypeFrom(type));
    }
  };
}

datasource::Partitioning PartitioningFrom(const nb::dict& dict) {
  using Style = datasource::Partitioning::Style;
  datasource::Partitioning partitioning;
  std::string style = "none";
  RaiseIfError(ReadDict("partitioning", dict,
                        {{"style", Into(&style)},
                         {"base_dir", Into(&partitioning.base_dir)},
                         {"field_names", Into(&partitioning.field_names)},
                         {"field_types", IntoTypes(&partitioning.field_types)}}));
  partitioning.style = style == "hive"  ? Style::kHive
                       : style == "dir" ? Style::kDirectory
                                        : Style::kNone;
  return partitioning;
}

Result<io::Listing> ListingFrom(const nb::dict& dict) {
  io::Listing out;
  ARROW_RETURN_NOT_OK(
      ReadDict("listing", dict,
               {{"paths", Into(&out.paths)},
                {"extensions", Into(&out.options.extensions)},
                {"ignore_missing_paths", Into(&out.options.ignore_missing_paths)}}));
  return out;
}

/// Names of files as `provider`, a function of (write id, task index), gives them.
std::function<Result<std::string>(const std::string&, int64_t)> NamesOf(nb::handle provider) {
  auto owned = std::make_shared<AnyThreadObject>(nb::borrow(provider));
  return [owned](const std::string& write_id, int64_t task_index) -> Result<std::string> {
    const nb::gil_scoped_acquire acquire;
    try {
      return nb::cast<std::string>(owned->get()(write_id, task_index));
    } catch (const std::exception& error) {
      return Status::Invalid("filename_provider failed: ", error.what());
    }
  };
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> TypeFrom(nb::handle type) {
  const nb::object capsule = type.attr("__arrow_c_schema__")();
  auto* schema = static_cast<ArrowSchema*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_schema"));
  if (schema == nullptr) throw nb::python_error();
  return arrow::ImportType(schema);
}

std::shared_ptr<arrow::DataType> NumpyTypeByName(const std::string& dtype) {
  static const std::map<std::string, std::shared_ptr<arrow::DataType>> kTypes = {
      {"bool", arrow::boolean()},    {"int8", arrow::int8()},       {"int16", arrow::int16()},
      {"int32", arrow::int32()},     {"int64", arrow::int64()},     {"uint8", arrow::uint8()},
      {"uint16", arrow::uint16()},   {"uint32", arrow::uint32()},   {"uint64", arrow::uint64()},
      {"float16", arrow::float16()}, {"float32", arrow::float32()}, {"float64", arrow::float64()}};
  const auto it = kTypes.find(dtype);
  return it == kTypes.end() ? nullptr : it->second;
}

Result<plan::MapOptions> MapOptionsFrom(const nb::dict& options) {
  plan::MapOptions out;
  ARROW_RETURN_NOT_OK(ReadDict(
      "operator", options,
      {{"num_cpus", Into(&out.resources.num_cpus)},
       {"num_gpus", Into(&out.resources.num_gpus)},
       {"memory", Into(&out.resources.memory_bytes)},
       {"target_max_block_size",
        [&](nb::handle value) { out.target_max_block_size = nb::cast<int64_t>(value); }},
       {"preserve_order", [&](nb::handle value) { out.preserve_order = nb::cast<bool>(value); }},
       {"actors", Into(&out.compute.actors)},
       {"size", Into(&out.compute.size)},
       {"min_size", Into(&out.compute.min_size)},
       {"max_size", Into(&out.compute.max_size)},
       {"initial_size", Into(&out.compute.initial_size)},
       {"max_tasks_in_flight", Into(&out.compute.max_tasks_in_flight)},
       {"max_concurrency", Into(&out.compute.max_concurrency)},
       {"max_restarts", Into(&out.compute.max_restarts)}}));
  return out;
}

Result<datasource::FileReadOptions> FileReadOptionsFrom(const nb::dict& files) {
  datasource::FileReadOptions out;
  std::optional<io::Listing> listing;
  ARROW_RETURN_NOT_OK(ReadDict(
      "file", files,
      {{"paths", Into(&out.paths)},
       {"access", Into(&out.access)},
       {"sizes", Into(&out.sizes)},
       {"listing",
        [&](nb::handle value) { listing = ValueOrRaise(ListingFrom(nb::cast<nb::dict>(value))); }},
       {"include_paths", Into(&out.include_paths)},
       {"partitioning", [&](nb::handle value) {
          out.partitioning = PartitioningFrom(nb::cast<nb::dict>(value));
        }}}));
  if (!listing) return out;
  for (std::string& path : listing->paths) {
    ARROW_ASSIGN_OR_RAISE(path, out.access.Admit(path));
  }
  out.listing = std::make_shared<const io::Listing>(*std::move(listing));
  return out;
}

Result<datasource::CsvReadOptions> CsvReadOptionsFrom(const nb::dict& csv) {
  datasource::CsvReadOptions out;
  ARROW_RETURN_NOT_OK(
      ReadDict("CSV", csv,
               {{"delimiter", IntoChar(&out.delimiter)},
                {"quote_char", IntoChar(&out.quote_char)},
                {"double_quote", Into(&out.double_quote)},
                {"escape_char",
                 [&](nb::handle value) { out.escape_char = nb::cast<std::string>(value).at(0); }},
                {"newlines_in_values", Into(&out.newlines_in_values)},
                {"ignore_empty_lines", Into(&out.ignore_empty_lines)},
                {"skip_rows", Into(&out.skip_rows)},
                {"skip_rows_after_names", Into(&out.skip_rows_after_names)},
                {"column_names", Into(&out.column_names)},
                {"autogenerate_column_names", Into(&out.autogenerate_column_names)},
                {"encoding", Into(&out.encoding)},
                {"block_size", Into(&out.block_size)},
                {"column_types", IntoTypes(&out.column_types)},
                {"null_values", Into(&out.null_values)},
                {"true_values", Into(&out.true_values)},
                {"false_values", Into(&out.false_values)},
                {"strings_can_be_null", Into(&out.strings_can_be_null)},
                {"include_columns", Into(&out.include_columns)}}));
  return out;
}

Result<datasource::JsonReadOptions> JsonReadOptionsFrom(const nb::dict& json) {
  datasource::JsonReadOptions out;
  ARROW_RETURN_NOT_OK(ReadDict("JSON", json,
                               {{"lines", Into(&out.lines)},
                                {"newlines_in_values", Into(&out.newlines_in_values)},
                                {"block_size", Into(&out.block_size)},
                                {"max_row_bytes", Into(&out.max_row_bytes)},
                                {"max_keys", Into(&out.max_keys)},
                                {"explicit_schema", [&](nb::handle value) {
                                   out.explicit_schema = SchemaFromArrow(value);
                                 }}}));
  return out;
}

Result<datasource::FileWriteOptions> FileWriteOptionsFrom(const nb::dict& write,
                                                          const std::string& dataset_id) {
  datasource::FileWriteOptions out;
  std::string mode = "append";
  ARROW_RETURN_NOT_OK(ReadDict(
      "write", write,
      {{"path", Into(&out.path)},
       {"access", Into(&out.access)},
       {"mode", Into(&mode)},
       {"filename_provider", [&](nb::handle provider) { out.name_task = NamesOf(provider); }},
       {"try_create_dir", Into(&out.try_create_dir)},
       {"stream_compression", Into(&out.stream_compression)},
       {"min_rows_per_file", Into(&out.min_rows_per_file)},
       {"max_rows_per_file", Into(&out.max_rows_per_file)}}));
  static const std::map<std::string, datasource::SaveMode> kModes = {
      {"append", datasource::SaveMode::kAppend},
      {"overwrite", datasource::SaveMode::kOverwrite},
      {"create", datasource::SaveMode::kCreate},
      {"error", datasource::SaveMode::kError},
      {"ignore", datasource::SaveMode::kIgnore}};
  const auto it = kModes.find(mode);
  if (it == kModes.end()) return Status::Invalid("unknown save mode '", mode, "'");
  out.mode = it->second;
  ARROW_ASSIGN_OR_RAISE(out.path, out.access.Admit(out.path));
  out.dataset_id = dataset_id;
  return out;
}

}  // namespace headrace::bindings
