// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/map_options.h"
#include "bindings/plan_files.h"
#include "bindings/raise.h"
#include "headrace/datasource/file_options.h"

namespace headrace::bindings {
namespace {

using Plan = PlanHandle;
using Blocks = std::optional<int64_t>;
using Columns = std::optional<std::vector<std::string>>;

Plan ReadArrow(const nb::dict& files, Columns columns, Blocks blocks, const nb::dict& options) {
  datasource::ArrowReadOptions read;
  read.files = ValueOrRaise(FileReadOptionsFrom(files));
  read.columns = std::move(columns);
  return MakeRead(datasource::MakeArrowDatasource(std::move(read)), blocks, options);
}

Plan ReadOrc(const nb::dict& files, Columns columns, Blocks blocks, const nb::dict& options) {
  datasource::OrcReadOptions read;
  read.files = ValueOrRaise(FileReadOptionsFrom(files));
  read.columns = std::move(columns);
  return MakeRead(datasource::MakeOrcDatasource(std::move(read)), blocks, options);
}

/// Names and kinds (1 bytes, 2 float, 3 int64) of features.
using TfSchemaArgument = std::optional<std::vector<std::pair<std::string, int>>>;

datasource::TfSchema TfSchemaFrom(const TfSchemaArgument& given) {
  if (!given) return std::nullopt;
  std::vector<datasource::TfFeature> features;
  for (const auto& [name, kind] : *given) {
    features.push_back({name, static_cast<datasource::TfFeature::Kind>(kind)});
  }
  return features;
}

Plan ReadTfrecords(const nb::dict& files, const TfSchemaArgument& schema, Blocks blocks,
                   const nb::dict& options) {
  datasource::TfrecordReadOptions read;
  read.files = ValueOrRaise(FileReadOptionsFrom(files));
  read.schema = TfSchemaFrom(schema);
  return MakeRead(datasource::MakeTfrecordDatasource(std::move(read)), blocks, options);
}

std::shared_ptr<api::Execution> WriteTfrecords(const Plan& self, nb::dict write,
                                               const DataContext& config,
                                               const std::string& dataset_id,
                                               const nb::dict& options) {
  write = nb::cast<nb::dict>(write.attr("copy")());
  datasource::TfrecordWriteOptions out;
  out.schema = TfSchemaFrom(nb::cast<TfSchemaArgument>(Pop(write, "tf_schema")));
  out.files = ValueOrRaise(FileWriteOptionsFrom(write, dataset_id));
  return StartWrite(self, datasource::MakeTfrecordDatasink(std::move(out)), config, dataset_id,
                    options);
}

Plan ReadWebDataset(const nb::dict& files, bool decode, Columns fileselect, Columns suffixes,
                    bool verbose_open, bool expand_json, int64_t max_image_pixels, Blocks blocks,
                    const nb::dict& options) {
  datasource::WebDatasetReadOptions read;
  read.files = ValueOrRaise(FileReadOptionsFrom(files));
  read.decode = decode;
  read.fileselect = std::move(fileselect);
  read.suffixes = std::move(suffixes);
  read.verbose_open = verbose_open;
  read.expand_json = expand_json;
  read.max_image_pixels = max_image_pixels;
  return MakeRead(datasource::MakeWebDatasetDatasource(std::move(read)), blocks, options);
}

std::shared_ptr<api::Execution> WriteWebDataset(const Plan& self, nb::dict write,
                                                const DataContext& config,
                                                const std::string& dataset_id,
                                                const nb::dict& options) {
  write = nb::cast<nb::dict>(write.attr("copy")());
  datasource::WebDatasetWriteOptions out;
  out.encode = nb::cast<bool>(Pop(write, "encode"));
  out.files = ValueOrRaise(FileWriteOptionsFrom(write, dataset_id));
  return StartWrite(self, datasource::MakeWebDatasetDatasink(std::move(out)), config, dataset_id,
                    options);
}

std::shared_ptr<api::Execution> WriteArrow(const Plan& self, nb::dict write,
                                           const DataContext& config, const std::string& dataset_id,
                                           const nb::dict& options) {
  write = nb::cast<nb::dict>(write.attr("copy")());
  datasource::ArrowWriteOptions out;
  out.compression = nb::cast<std::string>(Pop(write, "compression"));
  out.files = ValueOrRaise(FileWriteOptionsFrom(write, dataset_id));
  return StartWrite(self, datasource::MakeArrowDatasink(std::move(out)), config, dataset_id,
                    options);
}

std::shared_ptr<api::Execution> WriteOrc(const Plan& self, nb::dict write,
                                         const DataContext& config, const std::string& dataset_id,
                                         const nb::dict& options) {
  write = nb::cast<nb::dict>(write.attr("copy")());
  datasource::OrcWriteOptions out;
  out.compression = nb::cast<std::string>(Pop(write, "compression"));
  out.stripe_size = nb::cast<int64_t>(Pop(write, "stripe_size"));
  out.files = ValueOrRaise(FileWriteOptionsFrom(write, dataset_id));
  return StartWrite(self, datasource::MakeOrcDatasink(std::move(out)), config, dataset_id, options);
}

}  // namespace

void BindFileFormats(nb::class_<Plan>& plan) {
  plan.def_static("read_arrow", &ReadArrow, nb::arg("files"), nb::arg("columns").none(),
                  nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def_static("read_orc", &ReadOrc, nb::arg("files"), nb::arg("columns").none(),
                  nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def_static("read_tfrecords", &ReadTfrecords, nb::arg("files"), nb::arg("schema").none(),
                  nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def_static("read_webdataset", &ReadWebDataset, nb::arg("files"), nb::arg("decode"),
                  nb::arg("fileselect").none(), nb::arg("suffixes").none(), nb::arg("verbose_open"),
                  nb::arg("expand_json"), nb::arg("max_image_pixels"),
                  nb::arg("override_num_blocks").none(), nb::arg("options"))
      .def("write_arrow", &WriteArrow)
      .def("write_orc", &WriteOrc)
      .def("write_tfrecords", &WriteTfrecords)
      .def("write_webdataset", &WriteWebDataset);
}

}  // namespace headrace::bindings
