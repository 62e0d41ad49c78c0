// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/registry.h"

#include "headrace/datasource/image_datasource.h"
#include "headrace/datasource/listing_datasource.h"
#include "headrace/datasource/parquet_datasink.h"
#include "headrace/datasource/parquet_datasource.h"
#include "headrace/datasource/range_datasource.h"
#include "headrace/datasource/record_formats.h"
#include "headrace/datasource/table_formats.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

template <typename Ptr>
struct Kind {
  std::string_view name;
  Result<Ptr> (*deserialize)(std::string_view bytes);
};

constexpr Kind<DatasourcePtr> kSources[] = {
    {"range", DeserializeRangeDatasource},       {"parquet", DeserializeParquetDatasource},
    {"image", DeserializeImageDatasource},       {"csv", DeserializeCsvDatasource},
    {"json", DeserializeJsonDatasource},         {"text", DeserializeTextDatasource},
    {"binary", DeserializeBinaryDatasource},     {"numpy", DeserializeNumpyDatasource},
    {"arrow", DeserializeArrowDatasource},       {"orc", DeserializeOrcDatasource},
    {"tfrecord", DeserializeTfrecordDatasource}, {"webdataset", DeserializeWebDatasetDatasource},
    {"listing", DeserializeListingDatasource},
};

constexpr Kind<DatasinkPtr> kSinks[] = {
    {"parquet", DeserializeParquetDatasink},   {"csv", DeserializeCsvDatasink},
    {"json", DeserializeJsonDatasink},         {"numpy", DeserializeNumpyDatasink},
    {"arrow", DeserializeArrowDatasink},       {"orc", DeserializeOrcDatasink},
    {"tfrecord", DeserializeTfrecordDatasink}, {"webdataset", DeserializeWebDatasetDatasink},
};

ForeignKind foreign_kind{};

}  // namespace

void SetForeignKind(ForeignKind kind) { foreign_kind = kind; }

Result<DatasourcePtr> DeserializeDatasource(std::string_view kind, std::string_view bytes) {
  if (!kind.empty() && kind == foreign_kind.name) return foreign_kind.source(bytes);
  for (const auto& known : kSources) {
    if (known.name == kind) return known.deserialize(bytes);
  }
  return Status::KeyError("unknown datasource kind: ", kind);
}

Result<DatasinkPtr> DeserializeDatasink(std::string_view kind, std::string_view bytes) {
  if (!kind.empty() && kind == foreign_kind.name) return foreign_kind.sink(bytes);
  for (const auto& known : kSinks) {
    if (known.name == kind) return known.deserialize(bytes);
  }
  return Status::KeyError("unknown datasink kind: ", kind);
}

}  // namespace headrace::datasource
