// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/file_columns.h"

#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/util/uri.h>

#include <algorithm>
#include <string_view>

namespace headrace::datasource {
namespace {

constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";

/// Directories of `path` below `base_dir` (from the root when that is empty or no prefix of it).
std::vector<std::string_view> DirectoriesBelow(std::string_view path, std::string_view base_dir) {
  while (base_dir.size() > 1 && base_dir.ends_with('/')) base_dir.remove_suffix(1);
  if (!base_dir.empty()) {
    const size_t at = path.find(base_dir);
    if (at != std::string_view::npos) path.remove_prefix(at + base_dir.size());
  }
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = path.find('/');
    if (slash == std::string_view::npos) return parts;  // what is left is the file name
    if (slash > 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
}

Result<FileColumn> PartitionColumn(const Partitioning& partitioning, std::string name,
                                   std::string_view text, const std::string& path) {
  std::shared_ptr<arrow::DataType> type = arrow::utf8();
  const auto it = partitioning.field_types.find(name);
  if (it != partitioning.field_types.end() && it->second != nullptr) type = it->second;
  if (text == kHiveNull) return FileColumn{std::move(name), arrow::MakeNullScalar(type)};
  std::shared_ptr<arrow::Scalar> value =
      std::make_shared<arrow::StringScalar>(arrow::util::UriUnescape(text));
  if (!type->Equals(arrow::utf8())) {
    auto cast = arrow::compute::Cast(arrow::Datum(value), type);
    if (!cast.ok()) {
      return Status::Invalid("partition value ", text, " of column ", name, " is no ",
                             type->ToString(), " in ", path);
    }
    value = cast->scalar();
  }
  return FileColumn{std::move(name), std::move(value)};
}

}  // namespace

Result<std::vector<FileColumn>> FileColumnsOf(const FileReadOptions& options,
                                              const std::string& path) {
  std::vector<FileColumn> columns;
  const Partitioning& partitioning = options.partitioning;
  if (partitioning.style == Partitioning::Style::kHive) {
    for (const std::string_view part : DirectoriesBelow(path, partitioning.base_dir)) {
      const size_t equals = part.find('=');
      if (equals == std::string_view::npos || equals == 0) continue;
      ARROW_ASSIGN_OR_RAISE(FileColumn column,
                            PartitionColumn(partitioning, std::string(part.substr(0, equals)),
                                            part.substr(equals + 1), path));
      columns.push_back(std::move(column));
    }
  } else if (partitioning.style == Partitioning::Style::kDirectory) {
    const auto parts = DirectoriesBelow(path, partitioning.base_dir);
    const auto& names = partitioning.field_names;
    if (parts.size() != names.size() && !parts.empty()) {
      return Status::Invalid("expected ", names.size(), " partition directories below '",
                             partitioning.base_dir, "', found ", parts.size(), " in ", path);
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(FileColumn column,
                            PartitionColumn(partitioning, names[i], parts[i], path));
      columns.push_back(std::move(column));
    }
  }
  if (options.include_paths) {
    columns.push_back({"path", std::make_shared<arrow::StringScalar>(path)});
  }
  return columns;
}

Result<Block> AppendFileColumns(const Block& block, const std::vector<FileColumn>& columns,
                                arrow::MemoryPool* pool) {
  if (columns.empty()) return block;
  arrow::FieldVector fields = block.schema()->fields();
  arrow::ArrayVector arrays = block.batch()->columns();
  for (const FileColumn& column : columns) {
    if (block.schema()->GetFieldIndex(column.name) >= 0) continue;
    ARROW_ASSIGN_OR_RAISE(auto array,
                          arrow::MakeArrayFromScalar(*column.value, block.num_rows(), pool));
    fields.push_back(arrow::field(column.name, column.value->type));
    arrays.push_back(std::move(array));
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), block.num_rows(),
                                        std::move(arrays)));
}

}  // namespace headrace::datasource
