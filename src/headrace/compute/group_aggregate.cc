// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/group_aggregate.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>

#include "headrace/block/compute_functions.h"
#include "headrace/block/schema.h"
#include "headrace/compute/hash_rows.h"
#include "headrace/compute/partition_rows.h"

namespace headrace::compute {
namespace {

// Rows handled at a time: their group numbers stay in the second-level cache between the table and
// the states.
constexpr int64_t kRowsAtATime = 1 << 15;

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                             const TypePtr& type) {
  if (array->type()->Equals(*type)) return array;
  return arrow::compute::Cast(*array, type);
}

Result<std::shared_ptr<arrow::Array>> Plain(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& type = static_cast<const arrow::DictionaryType&>(*array->type());
  return arrow::compute::Cast(*array, type.value_type());
}

/// The type that holds values of both.
Result<TypePtr> CommonType(const std::string& column, const TypePtr& left, const TypePtr& right) {
  if (left->Equals(*right)) return left;
  ARROW_ASSIGN_OR_RAISE(const auto schema,
                        UnifySchemas({arrow::schema({arrow::field(column, left)}),
                                      arrow::schema({arrow::field(column, right)})}));
  return schema->field(0)->type();
}

std::string OutputName(const Aggregation& spec) {
  return spec.name.empty() ? spec.function + "(" + spec.column + ")" : spec.name;
}

Status Named(const Aggregation& spec, const Status& status) {
  if (status.ok() || status.IsTypeError() || status.IsKeyError()) return status;
  return WithPrefix(status, spec.function + " of column '" + spec.column + "': ");
}

}  // namespace

GroupAggregator::GroupAggregator(std::vector<std::string> keys, std::vector<Aggregation> specs,
                                 arrow::MemoryPool* pool)
    : keys_(std::move(keys)), pool_(pool), table_(keys_) {
  for (Aggregation& spec : specs) {
    aggregates_.push_back({std::move(spec), arrow::null(), nullptr});
  }
}

Result<std::unique_ptr<GroupAggregator>> GroupAggregator::Make(std::vector<std::string> keys,
                                                               std::vector<Aggregation> specs,
                                                               arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  for (const Aggregation& spec : specs) ARROW_RETURN_NOT_OK(CheckSpec(spec));
  std::unique_ptr<GroupAggregator> made(
      new GroupAggregator(std::move(keys), std::move(specs), pool));
  ARROW_RETURN_NOT_OK(made->Clear());
  return made;
}

Status GroupAggregator::Clear() {
  table_.Clear();
  rows_added_ = 0;
  for (Aggregate& aggregate : aggregates_) {
    ARROW_ASSIGN_OR_RAISE(aggregate.state, MakeGroupState(aggregate.spec, aggregate.type, pool_));
    aggregate.state->Resize(num_groups());
  }
  return Status::OK();
}

Status GroupAggregator::Add(const Block& rows) {
  rows_added_ += rows.num_rows();
  int64_t begin = 0;
  do {  // once for a block without rows: its types count
    ARROW_RETURN_NOT_OK(AddSlice(rows.Slice(begin, kRowsAtATime)));
    begin += kRowsAtATime;
  } while (begin < rows.num_rows());
  return Status::OK();
}

Status GroupAggregator::AddSlice(const Block& rows) {
  ARROW_RETURN_NOT_OK(table_.Add(rows, &ids_));
  for (Aggregate& aggregate : aggregates_) {
    aggregate.state->Resize(num_groups());
    if (aggregate.spec.column.empty()) {
      ARROW_RETURN_NOT_OK(aggregate.state->Add(nullptr, ids_));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto column, FindColumn(rows, aggregate.spec.column));
    ARROW_RETURN_NOT_OK(Named(aggregate.spec, AddColumn(aggregate, std::move(column))));
  }
  return Status::OK();
}

Status GroupAggregator::AddColumn(Aggregate& aggregate, std::shared_ptr<arrow::Array> column) {
  ARROW_ASSIGN_OR_RAISE(column, Plain(column));
  ARROW_ASSIGN_OR_RAISE(const TypePtr input, InputTypeOf(aggregate.spec, column->type()));
  if (TypingOf(aggregate.spec) != StateTyping::kNone) {
    ARROW_RETURN_NOT_OK(Widen(aggregate, input));
    ARROW_ASSIGN_OR_RAISE(column, CastTo(column, aggregate.type));
  }
  return aggregate.state->Add(column, ids_);
}

Status GroupAggregator::Widen(Aggregate& aggregate, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(const TypePtr common,
                        CommonType(aggregate.spec.column, aggregate.type, type));
  if (common->Equals(*aggregate.type)) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const TypePtr input, InputTypeOf(aggregate.spec, common));
  ARROW_ASSIGN_OR_RAISE(auto wider, MakeGroupState(aggregate.spec, input, pool_));
  wider->Resize(num_groups());
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector states, aggregate.state->States());
  const arrow::DataTypeVector types = wider->state_types();
  for (size_t i = 0; i < states.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(states[i], CastTo(states[i], types[i]));
  }
  std::vector<uint32_t> all(static_cast<size_t>(num_groups()));
  std::iota(all.begin(), all.end(), 0);
  ARROW_RETURN_NOT_OK(wider->Merge(states, all));
  aggregate.state = std::move(wider);
  aggregate.type = input;
  return Status::OK();
}

Status GroupAggregator::Merge(const Block& states) {
  const size_t num_keys = keys_.size();
  size_t expected = num_keys;
  for (const Aggregate& aggregate : aggregates_) {
    expected += aggregate.state->state_types().size();
  }
  if (static_cast<size_t>(states.num_columns()) != expected) {
    return Status::Invalid("a block of aggregate states has ", states.num_columns(),
                           " columns instead of ", expected, ": ", states.schema()->ToString());
  }
  const arrow::ArrayVector columns = states.batch()->columns();
  ARROW_RETURN_NOT_OK(table_.Add(
      arrow::ArrayVector(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(num_keys)),
      states.num_rows(), &ids_));
  auto next = columns.begin() + static_cast<std::ptrdiff_t>(num_keys);
  for (Aggregate& aggregate : aggregates_) {
    aggregate.state->Resize(num_groups());
    const auto end = next + static_cast<std::ptrdiff_t>(aggregate.state->state_types().size());
    ARROW_RETURN_NOT_OK(
        Named(aggregate.spec, MergeColumns(aggregate, arrow::ArrayVector(next, end))));
    next = end;
  }
  return Status::OK();
}

Status GroupAggregator::MergeColumns(Aggregate& aggregate, arrow::ArrayVector states) {
  const StateTyping typing = TypingOf(aggregate.spec);
  if (typing != StateTyping::kNone) {
    TypePtr type = states.back()->type();
    if (typing == StateTyping::kList) {
      if (type->id() != arrow::Type::LIST) {
        return Status::Invalid("a state of type ", type->ToString(), " is no list");
      }
      type = static_cast<const arrow::ListType&>(*type).value_type();
    }
    ARROW_RETURN_NOT_OK(Widen(aggregate, type));
  }
  const arrow::DataTypeVector types = aggregate.state->state_types();
  for (size_t i = 0; i < states.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(states[i], CastTo(states[i], types[i]));
  }
  return aggregate.state->Merge(states, ids_);
}

int64_t GroupAggregator::bytes() const {
  int64_t bytes = table_.bytes() + static_cast<int64_t>(ids_.capacity() * sizeof(uint32_t));
  for (const Aggregate& aggregate : aggregates_) bytes += aggregate.state->bytes();
  return bytes;
}

Result<std::vector<Block>> GroupAggregator::FinishStates(int num_partitions) {
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector keys, table_.Keys(pool_));
  std::vector<arrow::ArrayVector> states;
  for (const Aggregate& aggregate : aggregates_) {
    ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector columns, aggregate.state->States());
    states.push_back(std::move(columns));
  }
  ARROW_ASSIGN_OR_RAISE(auto parts,
                        Partition(std::move(keys), states, num_groups(), num_partitions));
  ARROW_RETURN_NOT_OK(Clear());
  return parts;
}

Result<std::vector<Block>> GroupAggregator::Partition(arrow::ArrayVector columns,
                                                      const std::vector<arrow::ArrayVector>& states,
                                                      int64_t num_groups,
                                                      int num_partitions) const {
  arrow::FieldVector fields;
  for (size_t i = 0; i < keys_.size(); ++i) {
    fields.push_back(arrow::field(keys_[i], columns[i]->type()));
  }
  for (size_t i = 0; i < states.size(); ++i) {
    for (size_t j = 0; j < states[i].size(); ++j) {
      fields.push_back(arrow::field("state." + std::to_string(i) + "." + std::to_string(j),
                                    states[i][j]->type()));
      columns.push_back(states[i][j]);
    }
  }
  const std::vector<Block> all = {Block(
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), num_groups, std::move(columns)))};
  std::vector<Block> parts;
  if (keys_.empty() || num_partitions == 1 || num_groups == 0) {
    parts.assign(static_cast<size_t>(num_partitions), all.front().Slice(0, 0));
    parts.front() = all.front();
    return parts;
  }
  std::vector<uint64_t> hashes;
  ARROW_RETURN_NOT_OK(HashRows(all.front(), keys_, &hashes));
  std::vector<std::vector<int32_t>> partitions(1, std::vector<int32_t>(hashes.size()));
  for (size_t i = 0; i < hashes.size(); ++i) {
    partitions[0][i] = PartitionOf(hashes[i], num_partitions);
  }
  const PartitionedRows rows = PartitionRows(partitions, num_partitions);
  for (int p = 0; p < num_partitions; ++p) {
    ARROW_ASSIGN_OR_RAISE(Block part, GatherRows(all, rows.of(p), pool_));
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<Block> GroupAggregator::FinishValues() {
  arrow::FieldVector fields;
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector columns, table_.Keys(pool_));
  for (size_t i = 0; i < keys_.size(); ++i) {
    fields.push_back(arrow::field(keys_[i], columns[i]->type()));
  }
  for (const Aggregate& aggregate : aggregates_) {
    Result<std::shared_ptr<arrow::Array>> values = aggregate.state->Values();
    ARROW_RETURN_NOT_OK(Named(aggregate.spec, values.status()));
    fields.push_back(arrow::field(OutputName(aggregate.spec), (*values)->type()));
    columns.push_back(values.MoveValueUnsafe());
  }
  return Block(
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), num_groups(), std::move(columns)));
}

}  // namespace headrace::compute
