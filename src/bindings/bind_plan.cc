// SPDX-License-Identifier: Apache-2.0
#include <arrow/scalar.h>
#include <arrow/util/type_fwd.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrow_capsule.h"
#include "bindings/bindings.h"
#include "bindings/map_options.h"
#include "bindings/plan_files.h"
#include "bindings/plan_handle.h"
#include "bindings/python_datasink.h"
#include "bindings/python_datasource.h"
#include "bindings/python_object.h"
#include "bindings/raise.h"
#include "headrace/api/aggregate.h"
#include "headrace/api/execution.h"
#include "headrace/api/materialized.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/row_count_of.h"
#include "headrace/plan/schema_of.h"

namespace headrace::bindings {
namespace {

using api::Execution;
using datasource::FileWriteOptions;
using plan::LogicalOperatorPtr;
using Blocks = std::optional<int64_t>;

using Plan = PlanHandle;

std::shared_ptr<Execution> Start(const LogicalOperatorPtr& root, const DataContext& config,
                                 const std::string& dataset_id, DatasinkPtr sink) {
  Result<std::unique_ptr<Execution>> execution = [&] {
    nb::gil_scoped_release nogil;  // planning may open files
    return Execution::Start(root, config, dataset_id, std::move(sink));
  }();
  return DestroyedWithoutGil(ValueOrRaise(std::move(execution)));
}

}  // namespace

Plan MakeRead(Result<DatasourcePtr> source, Blocks override_num_blocks, const nb::dict& options) {
  return {std::make_shared<plan::Read>(ValueOrRaise(std::move(source)), override_num_blocks,
                                       ValueOrRaise(MapOptionsFrom(options)))};
}

std::shared_ptr<Execution> StartWrite(const Plan& self, Result<DatasinkPtr> made,
                                      const DataContext& config, const std::string& dataset_id,
                                      const nb::dict& options) {
  DatasinkPtr sink = ValueOrRaise(std::move(made));
  const auto root =
      std::make_shared<plan::Write>(self.root, sink, ValueOrRaise(MapOptionsFrom(options)));
  return Start(root, config, dataset_id, std::move(sink));
}

nb::object Pop(nb::dict& dict, const char* key) { return dict.attr("pop")(key, nb::none()); }

namespace {

Plan ReadParquet(const nb::dict& files, std::optional<std::vector<std::string>> columns,
                 std::optional<Expr> filter, nb::object schema, bool include_row_hash,
                 const std::map<std::string, std::pair<std::string, std::vector<int64_t>>>& tensors,
                 Blocks override_num_blocks, const nb::dict& options) {
  datasource::ParquetReadOptions read;
  read.files = ValueOrRaise(FileReadOptionsFrom(files));
  read.columns = std::move(columns);
  if (filter) read.filter = *filter;
  if (!schema.is_none()) read.schema = SchemaFromArrow(schema);
  read.include_row_hash = include_row_hash;
  for (const auto& [name, tensor] : tensors) {
    const auto type = NumpyTypeByName(tensor.first);
    if (type == nullptr) {
      RaiseIfError(Status::TypeError("tensor_column_schema: column '", name, "' has dtype ",
                                     tensor.first, ", which Arrow does not have"));
    }
    read.tensor_columns[name] = {type, tensor.second};
  }
  return MakeRead(datasource::MakeParquetDatasource(std::move(read)), override_num_blocks, options);
}

Plan ReadImages(const nb::dict& files, std::optional<std::pair<int, int>> size, std::string mode,
                bool fast_decode, bool skip_errors, int64_t max_pixels, Blocks override_num_blocks,
                const nb::dict& options) {
  datasource::ImageReadOptions read;
  read.files = ValueOrRaise(FileReadOptionsFrom(files));
  read.size = size;
  read.mode = std::move(mode);
  read.fast_decode = fast_decode;
  read.skip_errors = skip_errors;
  read.max_pixels = max_pixels;
  return MakeRead(datasource::MakeImageDatasource(std::move(read)), override_num_blocks, options);
}

Plan Map(const Plan& self, const std::string& kind, std::string name, nb::bytes pickled,
         bool is_class, int64_t batch_size, bool may_change_row_count, const nb::dict& options) {
  const plan::MapKind map_kind = kind == "rows"       ? plan::MapKind::kRows
                                 : kind == "flat_map" ? plan::MapKind::kFlatMap
                                 : kind == "filter"   ? plan::MapKind::kFilter
                                                      : plan::MapKind::kBatches;
  // The interpreter of the workers loads while the program goes on.
  if (api::Engine::IsStarted()) ValueOrRaise(api::Engine::Current())->backend()->WarmUpPython();
  return {std::make_shared<plan::Map>(
      self.root, map_kind, std::move(name),
      plan::PythonFunction{std::string(pickled.c_str(), pickled.size()), is_class}, batch_size,
      ValueOrRaise(MapOptionsFrom(options)), may_change_row_count)};
}

Plan Project(const Plan& self, const std::vector<std::pair<std::string, Expr>>& exprs,
             bool keep_rest, std::vector<std::string> dropped,
             std::vector<std::pair<std::string, std::string>> renamed, const nb::dict& options) {
  std::vector<expr::NamedExpr> named;
  named.reserve(exprs.size());
  for (const auto& [name, expression] : exprs) named.push_back({name, expression});
  return {std::make_shared<plan::Project>(self.root, std::move(named), keep_rest,
                                          std::move(dropped), std::move(renamed),
                                          ValueOrRaise(MapOptionsFrom(options)))};
}

Plan Union(const Plan& self, const std::vector<Plan>& others) {
  std::vector<LogicalOperatorPtr> inputs = {self.root};
  for (const Plan& other : others) inputs.push_back(other.root);
  return {std::make_shared<plan::Union>(std::move(inputs))};
}

std::shared_ptr<Execution> WriteParquet(const Plan& self, nb::dict write, const DataContext& config,
                                        const std::string& dataset_id, const nb::dict& options) {
  write = nb::cast<nb::dict>(write.attr("copy")());
  datasource::ParquetWriteOptions out;
  if (auto value = Pop(write, "compression"); !value.is_none()) {
    out.compression = nb::cast<std::string>(value);
  }
  if (auto value = Pop(write, "compression_level"); !value.is_none()) {
    out.compression_level = nb::cast<int>(value);
  }
  if (auto value = Pop(write, "row_group_size"); !value.is_none()) {
    out.row_group_size = nb::cast<int64_t>(value);
  }
  if (auto value = Pop(write, "use_dictionary"); !value.is_none()) {
    out.use_dictionary = nb::cast<bool>(value);
  }
  if (auto value = Pop(write, "partition_cols"); !value.is_none()) {
    out.partition_cols = nb::cast<std::vector<std::string>>(value);
  }
  out.files = ValueOrRaise(FileWriteOptionsFrom(write, dataset_id));
  return StartWrite(self, datasource::MakeParquetDatasink(std::move(out)), config, dataset_id,
                    options);
}

std::shared_ptr<Execution> WriteCsv(const Plan& self, nb::dict write, const DataContext& config,
                                    const std::string& dataset_id, const nb::dict& options) {
  write = nb::cast<nb::dict>(write.attr("copy")());
  datasource::CsvWriteOptions out;
  if (auto value = Pop(write, "include_header"); !value.is_none()) {
    out.include_header = nb::cast<bool>(value);
  }
  if (auto value = Pop(write, "delimiter"); !value.is_none()) {
    out.delimiter = nb::cast<std::string>(value).at(0);
  }
  if (auto value = Pop(write, "quoting_style"); !value.is_none()) {
    out.quoting_style = nb::cast<std::string>(value);
  }
  out.files = ValueOrRaise(FileWriteOptionsFrom(write, dataset_id));
  return StartWrite(self, datasource::MakeCsvDatasink(std::move(out)), config, dataset_id, options);
}

std::shared_ptr<Execution> WriteJson(const Plan& self, const nb::dict& write,
                                     const DataContext& config, const std::string& dataset_id,
                                     const nb::dict& options) {
  return StartWrite(
      self, datasource::MakeJsonDatasink(ValueOrRaise(FileWriteOptionsFrom(write, dataset_id))),
      config, dataset_id, options);
}

std::shared_ptr<Execution> WriteNumpy(const Plan& self, nb::dict write, const DataContext& config,
                                      const std::string& dataset_id, const nb::dict& options) {
  write = nb::cast<nb::dict>(write.attr("copy")());
  const auto column = nb::cast<std::string>(Pop(write, "column"));
  return StartWrite(
      self,
      datasource::MakeNumpyDatasink(ValueOrRaise(FileWriteOptionsFrom(write, dataset_id)), column),
      config, dataset_id, options);
}

nb::dict Aggregate(const Plan& self,
                   const std::vector<std::tuple<std::string, std::string, bool, int64_t>>& wanted,
                   const DataContext& config) {
  std::vector<plan::ColumnAggregate> aggregates;
  for (const auto& [function, column, ignore_nulls, ddof] : wanted) {
    aggregates.push_back({function, column, ignore_nulls, ddof});
  }
  auto values = [&] {
    nb::gil_scoped_release nogil;
    return api::Aggregate(self.root, aggregates, config);
  }();
  const Block row = ValueOrRaise(std::move(values));
  const nb::object rows = nb::cast(row).attr("to_rows")();
  return nb::cast<nb::dict>(rows[0]);
}

std::optional<SchemaHandle> SchemaOf(const Plan& self) {
  auto schema = [&] {
    nb::gil_scoped_release nogil;
    return plan::SchemaOf(self.root);
  }();
  auto value = ValueOrRaise(std::move(schema));
  if (value == nullptr) return std::nullopt;
  return SchemaHandle{std::move(value)};
}

template <typename Function>
auto WithoutGil(Function function) {
  auto result = [&] {
    nb::gil_scoped_release nogil;
    return function();
  }();
  return ValueOrRaise(std::move(result));
}

std::vector<std::string> OperatorChain(const Plan& self) {
  std::vector<std::string> names;
  for (const plan::LogicalOperator* node = self.root.get(); node != nullptr;
       node = node->inputs().empty() ? nullptr : node->input().get()) {
    names.insert(names.begin(), node->name());
  }
  return names;
}

void BindReaders(nb::class_<Plan>& plan) {
  plan.def_static(
          "from_blocks",
          [](std::string name, std::vector<Block> blocks) {
            return Plan{std::make_shared<plan::InputData>(std::move(name), std::move(blocks))};
          })
      .def_static("from_refs",
                  [](std::string name, std::vector<task::BlockRef> refs) {
                    return Plan{ValueOrRaise(api::InputOf(std::move(name), std::move(refs)))};
                  })
      .def_static(
          "range",
          [](int64_t n, std::optional<std::vector<int64_t>> shape, Blocks blocks,
             const nb::dict& options) {
            return MakeRead(
                datasource::MakeRangeDatasource(n, shape.value_or(std::vector<int64_t>{})), blocks,
                options);
          },
          nb::arg("n"), nb::arg("tensor_shape").none(), nb::arg("override_num_blocks").none(),
          nb::arg("options"))
      .def_static("read_parquet", &ReadParquet, nb::arg("files"), nb::arg("columns").none(),
                  nb::arg("filter").none(), nb::arg("schema").none(), nb::arg("include_row_hash"),
                  nb::arg("tensor_columns"), nb::arg("override_num_blocks").none(),
                  nb::arg("options"))
      .def_static("read_images", &ReadImages, nb::arg("files"), nb::arg("size").none(),
                  nb::arg("mode"), nb::arg("fast_decode"), nb::arg("skip_errors"),
                  nb::arg("max_pixels"), nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def_static(
          "read_csv",
          [](const nb::dict& files, const nb::dict& csv, Blocks blocks, const nb::dict& options) {
            auto read = ValueOrRaise(CsvReadOptionsFrom(csv));
            read.files = ValueOrRaise(FileReadOptionsFrom(files));
            return MakeRead(datasource::MakeCsvDatasource(std::move(read)), blocks, options);
          },
          nb::arg("files"), nb::arg("csv"), nb::arg("override_num_blocks").none(),
          nb::arg("options"))
      .def_static(
          "read_json",
          [](const nb::dict& files, const nb::dict& json, Blocks blocks, const nb::dict& options) {
            auto read = ValueOrRaise(JsonReadOptionsFrom(json));
            read.files = ValueOrRaise(FileReadOptionsFrom(files));
            return MakeRead(datasource::MakeJsonDatasource(std::move(read)), blocks, options);
          },
          nb::arg("files"), nb::arg("json"), nb::arg("override_num_blocks").none(),
          nb::arg("options"))
      .def_static(
          "read_text",
          [](const nb::dict& files, std::string encoding, bool drop_empty_lines,
             int64_t max_row_bytes, Blocks blocks, const nb::dict& options) {
            datasource::TextReadOptions read;
            read.files = ValueOrRaise(FileReadOptionsFrom(files));
            read.encoding = std::move(encoding);
            read.drop_empty_lines = drop_empty_lines;
            read.max_row_bytes = max_row_bytes;
            return MakeRead(datasource::MakeTextDatasource(std::move(read)), blocks, options);
          },
          nb::arg("files"), nb::arg("encoding"), nb::arg("drop_empty_lines"),
          nb::arg("max_row_bytes"), nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def_static(
          "read_binary",
          [](const nb::dict& files, Blocks blocks, const nb::dict& options) {
            return MakeRead(
                datasource::MakeBinaryDatasource({ValueOrRaise(FileReadOptionsFrom(files))}),
                blocks, options);
          },
          nb::arg("files"), nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def_static(
          "read_python",
          [](nb::object source, Blocks blocks, const nb::dict& options) {
            return MakeRead(MakePythonDatasource(std::move(source)), blocks, options);
          },
          nb::arg("source"), nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def_static(
          "read_numpy",
          [](const nb::dict& files, Blocks blocks, const nb::dict& options) {
            return MakeRead(
                datasource::MakeNumpyDatasource({ValueOrRaise(FileReadOptionsFrom(files))}), blocks,
                options);
          },
          nb::arg("files"), nb::arg("override_num_blocks").none(), nb::arg("options"));
}

void BindTransforms(nb::class_<Plan>& plan) {
  plan.def("map", &Map)
      .def("filter",
           [](const Plan& self, const Expr& predicate, const nb::dict& options) {
             return Plan{std::make_shared<plan::FilterExpr>(self.root, predicate,
                                                            ValueOrRaise(MapOptionsFrom(options)))};
           })
      .def("project", &Project)
      .def("limit",
           [](const Plan& self, int64_t rows) {
             return Plan{std::make_shared<plan::Limit>(self.root, rows)};
           })
      .def("union", &Union)
      .def("streaming_repartition",
           [](const Plan& self, int64_t rows, bool strict) {
             return Plan{std::make_shared<plan::StreamingRepartition>(self.root, rows, strict)};
           })
      .def("repartition",
           [](const Plan& self, int64_t num_blocks) {
             return Plan{std::make_shared<plan::Repartition>(self.root, num_blocks)};
           })
      .def("write_python",
           [](const Plan& self, std::string name, nb::bytes pickled, int64_t min_rows_per_write,
              const nb::dict& options) {
             return Plan{std::make_shared<plan::Write>(
                 self.root,
                 MakePythonDatasink(std::move(name), std::string(pickled.c_str(), pickled.size()),
                                    min_rows_per_write),
                 ValueOrRaise(MapOptionsFrom(options)))};
           })
      .def("count", [](const Plan& self) { return Plan{std::make_shared<plan::Count>(self.root)}; })
      .def("aggregate", &Aggregate);
}

void BindInspection(nb::class_<Plan>& plan) {
  plan.def("schema", &SchemaOf)
      .def("row_count",
           [](const Plan& self) { return WithoutGil([&] { return plan::RowCountOf(self.root); }); })
      .def("size_estimate",
           [](const Plan& self) {
             return WithoutGil([&] { return plan::SizeEstimateOf(self.root); });
           })
      .def("input_files",
           [](const Plan& self) {
             return WithoutGil([&] { return plan::InputFilesOf(self.root); });
           })
      .def("num_blocks_estimate",
           [](const Plan& self, const DataContext& config) {
             return WithoutGil([&] { return api::EstimateNumBlocks(self.root, config); });
           })
      .def("explain",
           [](const Plan& self, const DataContext& config) {
             const api::PlanText text = WithoutGil([&] { return api::Explain(self.root, config); });
             return std::tuple(text.logical, text.logical_optimized, text.physical,
                               text.physical_optimized);
           })
      .def("execution_plan",
           [](const Plan& self, const DataContext& config) {
             return WithoutGil([&] { return api::Explain(self.root, config); }).physical_optimized;
           })
      .def("operator_chain", &OperatorChain);
}

}  // namespace

void BindPlan(nb::module_& module) {
  nb::class_<Plan> plan(module, "Plan");
  BindReaders(plan);
  BindTransforms(plan);
  BindShuffles(plan);
  BindFileFormats(plan);
  BindInspection(plan);
  plan.def("execute",
           [](const Plan& self, const DataContext& config, const std::string& dataset_id) {
             return Start(self.root, config, dataset_id, nullptr);
           })
      .def("write_parquet", &WriteParquet)
      .def("write_csv", &WriteCsv)
      .def("write_json", &WriteJson)
      .def("write_numpy", &WriteNumpy);
}

}  // namespace headrace::bindings
