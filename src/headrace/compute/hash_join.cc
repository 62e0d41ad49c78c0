// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/hash_join.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>

#include "headrace/block/compute_functions.h"

namespace headrace::compute {
namespace {

// Stands for a row that the other side does not have.
constexpr RowRef kNoRow = {std::numeric_limits<uint32_t>::max(), 0};

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& type) {
  if (array->type()->Equals(*type)) return array;
  std::shared_ptr<arrow::Array> plain = array;
  if (array->type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryType&>(*array->type());
    // Looked up by its codes.
    if (encoded.value_type()->Equals(*type)) return array;
    ARROW_ASSIGN_OR_RAISE(plain, arrow::compute::Cast(*array, encoded.value_type()));
  }
  return arrow::compute::Cast(*plain, type);
}

/// `array` as a column of the result.
Result<std::shared_ptr<arrow::Array>> AsColumn(const std::shared_ptr<arrow::Array>& array,
                                               const std::shared_ptr<arrow::DataType>& type) {
  if (array->type()->Equals(*type)) return array;
  return arrow::compute::Cast(*array, type);
}

bool IsLeftOnly(JoinType type) {
  return type == JoinType::kLeftOuter || type == JoinType::kLeftSemi || type == JoinType::kLeftAnti;
}
bool IsRightOnly(JoinType type) {
  return type == JoinType::kRightOuter || type == JoinType::kRightSemi ||
         type == JoinType::kRightAnti;
}

/// The columns `indices` of `block`.
Block Select(const Block& block, const std::vector<int>& indices) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const int index : indices) {
    fields.push_back(block.schema()->field(index));
    columns.push_back(block.batch()->column(index));
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), block.num_rows(),
                                        std::move(columns)));
}

/// One row of nulls.
Result<Block> NullRow(const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool) {
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayOfNull(field->type(), 1, pool));
    columns.push_back(std::move(column));
  }
  return Block(arrow::RecordBatch::Make(schema, 1, std::move(columns)));
}

/// GatherRows with nulls for kNoRow.
Result<Block> GatherOrNull(std::vector<Block> blocks, std::span<const RowRef> rows,
                           arrow::MemoryPool* pool) {
  const auto missing = [](const RowRef& row) { return row.block == kNoRow.block; };
  if (std::none_of(rows.begin(), rows.end(), missing)) return GatherRows(blocks, rows, pool);
  ARROW_ASSIGN_OR_RAISE(Block nulls, NullRow(blocks.front().schema(), pool));
  std::vector<RowRef> present(rows.begin(), rows.end());
  for (RowRef& row : present) {
    if (missing(row)) row.block = static_cast<uint32_t>(blocks.size());
  }
  blocks.push_back(std::move(nulls));
  return GatherRows(blocks, present, pool);
}

}  // namespace

bool HashJoin::BuildsLeft(JoinType type, int64_t left_rows, int64_t right_rows) {
  if (IsLeftOnly(type)) return false;
  return IsRightOnly(type) || left_rows < right_rows;
}

Result<std::unique_ptr<HashJoin>> HashJoin::Make(const std::shared_ptr<arrow::Schema>& left,
                                                 const std::shared_ptr<arrow::Schema>& right,
                                                 const JoinSpec& spec, bool builds_left) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  if (builds_left ? IsLeftOnly(spec.type) : IsRightOnly(spec.type)) {
    return Status::Invalid("a ", ToString(spec.type), " join cannot build its ",
                           builds_left ? "left" : "right", " side");
  }
  ARROW_ASSIGN_OR_RAISE(JoinPlan plan, PlanJoin(*left, *right, spec));
  std::unique_ptr<HashJoin> join(new HashJoin(std::move(plan), spec.type, builds_left));
  // The side without a block still has its schema, and the keys their types.
  const auto& build_schema = builds_left ? left : right;
  ARROW_ASSIGN_OR_RAISE(auto empty, arrow::RecordBatch::MakeEmpty(build_schema));
  ARROW_RETURN_NOT_OK(join->AddBuild(Block(std::move(empty))));
  return join;
}

HashJoin::HashJoin(JoinPlan plan, JoinType type, bool builds_left)
    : plan_(std::move(plan)), schema_(plan_.schema()), builds_left_(builds_left), table_([this] {
        std::vector<std::string> names;
        for (size_t i = 0; i < plan_.key_types.size(); ++i) {
          names.push_back("key " + std::to_string(i));
        }
        return names;
      }()) {
  switch (type) {
    case JoinType::kFullOuter:
      emits_unmatched_builds_ = true;
      [[fallthrough]];
    case JoinType::kLeftOuter:
    case JoinType::kRightOuter:
      emits_unmatched_probes_ = true;
      [[fallthrough]];
    case JoinType::kInner:
      emits_pairs_ = true;
      break;
    case JoinType::kLeftSemi:
    case JoinType::kRightSemi:
      emits_matched_probes_ = true;
      break;
    case JoinType::kLeftAnti:
    case JoinType::kRightAnti:
      emits_unmatched_probes_ = true;
  }
}

Result<arrow::ArrayVector> HashJoin::KeysOf(const Block& block, bool of_left) const {
  arrow::ArrayVector keys;
  for (size_t i = 0; i < plan_.key_types.size(); ++i) {
    const int index = of_left ? plan_.left_keys[i] : plan_.right_keys[i];
    ARROW_ASSIGN_OR_RAISE(auto key, CastTo(block.batch()->column(index), plan_.key_types[i]));
    keys.push_back(std::move(key));
  }
  return keys;
}

Status HashJoin::AddBuild(const Block& block) {
  ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector keys, KeysOf(block, builds_left_));
  std::vector<uint32_t> groups;
  table_.Reserve(block.num_rows());
  ARROW_RETURN_NOT_OK(table_.Add(keys, block.num_rows(), &groups));
  for (size_t i = 0; i < keys.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const HashKeyColumn key, HashKeyColumn::Make(keys[i], "key"));
    if (!key.has_nulls()) continue;
    for (size_t row = 0; row < groups.size(); ++row) {
      if (key.IsNull(static_cast<int64_t>(row))) groups[row] = GroupTable::kNone;
    }
  }
  // The first may be there for its schema alone.
  if (!built_.empty() && built_.back().num_rows() == 0) built_.pop_back();
  if (built_.empty() || block.num_rows() > 0) built_.push_back(block);
  groups_.insert(groups_.end(), groups.begin(), groups.end());
  return Status::OK();
}

void HashJoin::EndBuild() {
  const auto num_groups = static_cast<size_t>(table_.num_groups());
  const std::vector<uint32_t> groups = std::exchange(groups_, {});
  const bool is_unique = num_groups == groups.size() &&
                         std::find(groups.begin(), groups.end(), GroupTable::kNone) == groups.end();
  if (is_unique && built_.size() == 1) return;  // groups are numbered as they come
  std::vector<uint64_t> next;
  if (!is_unique) {
    // One more group for null keys, which no row finds.
    begins_.assign(num_groups + 2, 0);
    for (const uint32_t group : groups) ++begins_[std::min<size_t>(group, num_groups) + 1];
    for (size_t group = 0; group <= num_groups; ++group) begins_[group + 1] += begins_[group];
    next.assign(begins_.begin(), begins_.end() - 1);
  }
  rows_.resize(groups.size());
  size_t place = 0;
  for (size_t block = 0; block < built_.size(); ++block) {
    for (int64_t row = 0; row < built_[block].num_rows(); ++row) {
      const size_t group = std::min<size_t>(groups[place++], num_groups);
      rows_[is_unique ? group : next[group]++] = {static_cast<uint32_t>(block),
                                                  static_cast<uint32_t>(row)};
    }
  }
}

Status HashJoin::Probe(const Block& block, int64_t max_rows, arrow::MemoryPool* pool,
                       Matches* matches, const Emit& emit) const {
  if (block.num_rows() == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector keys, KeysOf(block, !builds_left_));
  std::vector<uint32_t> groups;
  ARROW_RETURN_NOT_OK(table_.Find(keys, block.num_rows(), &groups));
  for (const auto& array : keys) {
    ARROW_ASSIGN_OR_RAISE(const HashKeyColumn key, HashKeyColumn::Make(array, "key"));
    if (!key.has_nulls()) continue;
    for (size_t row = 0; row < groups.size(); ++row) {
      if (key.IsNull(static_cast<int64_t>(row))) groups[row] = GroupTable::kNone;
    }
  }
  if (emits_unmatched_builds_) matches->resize(static_cast<size_t>(table_.num_groups()));
  const auto limit = static_cast<size_t>(max_rows);
  std::vector<RowRef> probed;
  std::vector<RowRef> built;
  probed.reserve(std::min(limit, groups.size()));
  if (emits_pairs_) built.reserve(std::min(limit, groups.size()));
  const auto put = [&]() -> Status {
    ARROW_RETURN_NOT_OK(Put(&block, probed, built, pool, emit));
    probed.clear();
    built.clear();
    return Status::OK();
  };
  for (size_t row = 0; row < groups.size(); ++row) {
    const RowRef probe = {0, static_cast<uint32_t>(row)};
    const uint32_t group = groups[row];
    std::pair<uint64_t, uint64_t> rows = {0, 0};
    if (group != GroupTable::kNone) rows = RowsOf(group);
    const bool is_match = rows.first < rows.second;  // a group of null keys only has no rows
    if (is_match && emits_unmatched_builds_) (*matches)[group] = 1;
    if (is_match && emits_pairs_) {
      for (uint64_t place = rows.first; place < rows.second; ++place) {
        probed.push_back(probe);
        built.push_back(RowAt(place));
        if (probed.size() >= limit) ARROW_RETURN_NOT_OK(put());
      }
    } else if (is_match ? emits_matched_probes_ : emits_unmatched_probes_) {
      probed.push_back(probe);
      if (emits_pairs_) built.push_back(kNoRow);
      if (probed.size() >= limit) ARROW_RETURN_NOT_OK(put());
    }
  }
  return probed.empty() ? Status::OK() : put();
}

Status HashJoin::Finish(const Matches& matches, int64_t max_rows, arrow::MemoryPool* pool,
                        const Emit& emit) const {
  if (!emits_unmatched_builds_) return Status::OK();
  // With the group of null keys, if there is one.
  const size_t num_groups =
      begins_.empty() ? static_cast<size_t>(table_.num_groups()) : begins_.size() - 1;
  std::vector<RowRef> built;
  for (size_t group = 0; group < num_groups; ++group) {
    if (group < matches.size() && matches[group] != 0) continue;
    const auto [begin, end] = RowsOf(group);
    for (uint64_t place = begin; place < end; ++place) built.push_back(RowAt(place));
  }
  for (size_t begin = 0; begin < built.size(); begin += static_cast<size_t>(max_rows)) {
    const size_t count = std::min(static_cast<size_t>(max_rows), built.size() - begin);
    ARROW_RETURN_NOT_OK(Put(nullptr, {}, std::span(built).subspan(begin, count), pool, emit));
  }
  return Status::OK();
}

Result<Block> HashJoin::GatherProbed(const Block& block, std::span<const RowRef> probed,
                                     arrow::MemoryPool* pool) const {
  // Each row is there once or not at all, so that as many as there are between the first and the
  // last are all of them.
  const bool at_most_once = !emits_pairs_ || begins_.empty();
  if (at_most_once && probed.back().row - probed.front().row + 1 == probed.size()) {
    return block.Slice(probed.front().row, static_cast<int64_t>(probed.size()));
  }
  return GatherRows({block}, probed, pool);
}

Status HashJoin::Put(const Block* block, std::span<const RowRef> probed,
                     std::span<const RowRef> built, arrow::MemoryPool* pool,
                     const Emit& emit) const {
  // Which columns each side gives: those that it alone has, and the keys that both have.
  std::vector<int> probe_columns;
  std::vector<int> build_columns;
  struct Source {
    bool is_probe;
    int column;  // -1: nulls
  };
  std::vector<Source> sources;
  for (const JoinColumn& column : plan_.columns) {
    const int build = builds_left_ ? column.left : column.right;
    const int probe = builds_left_ ? column.right : column.left;
    if (block != nullptr && probe >= 0) {
      sources.push_back({true, static_cast<int>(probe_columns.size())});
      probe_columns.push_back(probe);
    } else if (build >= 0) {
      sources.push_back({false, static_cast<int>(build_columns.size())});
      build_columns.push_back(build);
    } else {
      sources.push_back({true, -1});
    }
  }
  const auto num_rows = static_cast<int64_t>(std::max(probed.size(), built.size()));
  Block from_probe;
  Block from_build;
  if (!probe_columns.empty()) {
    ARROW_ASSIGN_OR_RAISE(from_probe, GatherProbed(Select(*block, probe_columns), probed, pool));
  }
  if (!build_columns.empty()) {
    std::vector<Block> selected;
    for (const Block& build : built_) selected.push_back(Select(build, build_columns));
    ARROW_ASSIGN_OR_RAISE(from_build, GatherOrNull(std::move(selected), built, pool));
  }
  arrow::ArrayVector columns;
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto& type = plan_.columns[i].type;
    if (sources[i].column < 0) {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type, num_rows, pool));
      columns.push_back(std::move(nulls));
      continue;
    }
    const Block& from = sources[i].is_probe ? from_probe : from_build;
    ARROW_ASSIGN_OR_RAISE(auto column, AsColumn(from.batch()->column(sources[i].column), type));
    columns.push_back(std::move(column));
  }
  return emit(Block(arrow::RecordBatch::Make(schema_, num_rows, std::move(columns))));
}

int64_t HashJoin::bytes() const {
  return table_.bytes() + static_cast<int64_t>(rows_.capacity() * sizeof(RowRef) +
                                               groups_.capacity() * sizeof(uint32_t) +
                                               begins_.capacity() * sizeof(uint64_t));
}

}  // namespace headrace::compute
