// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/hive_split.h"

#include <arrow/array/array_binary.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/util/uri.h>

#include <algorithm>
#include <unordered_map>

#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

Result<std::vector<std::pair<std::string, Block>>> SplitByHiveKeys(
    const Block& block, const std::vector<std::string>& keys, arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  std::vector<std::shared_ptr<arrow::StringArray>> key_columns;
  for (const std::string& key : keys) {
    const auto column = block.batch()->GetColumnByName(key);
    if (column == nullptr) {
      return Status::KeyError("no partition column '", key, "' in ",
                              block.schema()->ToString(/*show_metadata=*/false));
    }
    ARROW_ASSIGN_OR_RAISE(auto plain, ExpandDictionary(column, pool));
    auto text =
        arrow::compute::Cast(*plain, arrow::utf8(), arrow::compute::CastOptions::Safe(), &context);
    if (!text.ok()) return WithPrefix(text.status(), "partition column '" + key + "': ");
    key_columns.push_back(std::static_pointer_cast<arrow::StringArray>(*text));
  }
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (int i = 0; i < block.num_columns(); ++i) {
    const auto& field = block.schema()->field(i);
    if (std::find(keys.begin(), keys.end(), field->name()) != keys.end()) continue;
    fields.push_back(field);
    columns.push_back(block.batch()->column(i));
  }
  if (fields.empty()) return Status::Invalid("no column is left besides the partition columns");
  const auto schema = arrow::schema(std::move(fields));

  std::vector<std::pair<std::string, RowSelection>> groups;
  std::unordered_map<std::string, size_t> group_of;
  std::string directory;
  for (int64_t row = 0; row < block.num_rows(); ++row) {
    directory.clear();
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) directory += '/';
      directory += keys[i];
      directory += '=';
      directory += key_columns[i]->IsNull(row)
                       ? std::string("__HIVE_DEFAULT_PARTITION__")
                       : arrow::util::UriEscape(key_columns[i]->GetView(row));
    }
    const auto [it, is_new] = group_of.try_emplace(directory, groups.size());
    if (is_new) groups.emplace_back(directory, RowSelection{block.num_rows(), false, {}});
    groups[it->second].second.rows.push_back(static_cast<int32_t>(row));
  }
  std::vector<std::pair<std::string, Block>> result;
  for (auto& [name, selection] : groups) {
    arrow::ArrayVector taken;
    for (const auto& column : columns) {
      ARROW_ASSIGN_OR_RAISE(auto array, TakeRows(column, selection, pool));
      taken.push_back(std::move(array));
    }
    result.emplace_back(
        name, Block(arrow::RecordBatch::Make(schema, selection.size(), std::move(taken))));
  }
  return result;
}

}  // namespace headrace::datasource
