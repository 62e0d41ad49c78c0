// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/wire.h"
#include "headrace/block.h"
#include "headrace/datasource/file_options.h"
#include "headrace/datasource/tf_example.h"

namespace headrace::datasource {

/// What the features of some records have in common: a column each, in order of first appearance.
/// A feature that never has more than one value is a column of values, others are lists.
class FeatureColumns {
 public:
  struct Column {
    std::string name;
    FeatureKind kind = FeatureKind::kNone;
    bool is_list = false;
  };

  FeatureColumns() = default;
  /// The columns that the user asks for: all lists, and no others.
  explicit FeatureColumns(const std::vector<TfFeature>& given);

  /// Takes the features of one more record in. Fails with TypeError when a feature is of another
  /// kind than before, and with Invalid when it is not among the given ones.
  Status Add(const std::vector<FeatureView>& features);

  /// The rows of `records`, whose features have all been added.
  Result<Block> MakeBlock(const std::vector<std::string>& records, arrow::MemoryPool* pool) const;

 private:
  bool is_given_ = false;
  std::vector<Column> columns_;
  std::unordered_map<std::string, size_t> by_name_;
};

}  // namespace headrace::datasource
