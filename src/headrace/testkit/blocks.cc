// SPDX-License-Identifier: Apache-2.0
#include "headrace/testkit/blocks.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>

#include <numeric>
#include <string>

namespace headrace::testkit {
namespace {

void Must(const Status& status) {
  if (!status.ok()) status.Abort();
}

std::shared_ptr<arrow::Array> Int64Array(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  Must(builder.AppendValues(values));
  return builder.Finish().ValueOrDie();
}

void Append(const Block& block, std::vector<int64_t>* ids) {
  if (block.num_rows() == 0) return;
  auto column = block.batch()->GetColumnByName("id");
  if (column == nullptr) column = block.batch()->column(0);
  const auto& values = static_cast<const arrow::Int64Array&>(*column);
  for (int64_t i = 0; i < values.length(); ++i) ids->push_back(values.Value(i));
}

}  // namespace

std::vector<int64_t> Iota(int64_t count, int64_t begin) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), begin);
  return values;
}

Block IdBlock(const std::vector<int64_t>& ids) {
  static const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  return Block(arrow::RecordBatch::Make(schema, static_cast<int64_t>(ids.size()),
                                        arrow::ArrayVector{Int64Array(ids)}));
}

Block IotaBlock(int64_t num_rows, int64_t begin) { return IdBlock(Iota(num_rows, begin)); }

Block WideBlock(int64_t num_rows, int64_t bytes_per_row) {
  static const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())});
  arrow::StringBuilder text;
  for (int64_t i = 0; i < num_rows; ++i) {
    Must(text.Append(
        std::string(static_cast<size_t>(bytes_per_row), static_cast<char>('a' + i % 26))));
  }
  return Block(arrow::RecordBatch::Make(
      schema, num_rows, arrow::ArrayVector{Int64Array(Iota(num_rows)), *text.Finish()}));
}

std::vector<int64_t> Ids(const Block& block) {
  std::vector<int64_t> ids;
  Append(block, &ids);
  return ids;
}

std::vector<int64_t> Ids(const task::RefBundle& bundle) { return Ids(bundle.blocks()); }

std::vector<int64_t> Ids(const std::vector<task::BlockRef>& blocks) {
  std::vector<int64_t> ids;
  for (const auto& block : blocks) Append(block.Load().ValueOrDie(), &ids);
  return ids;
}

task::RefBundle IotaBundle(store::ObjectStore& store, int64_t num_rows, int64_t begin) {
  return task::RefBundle(task::PutBlock(store, IotaBlock(num_rows, begin)));
}

}  // namespace headrace::testkit
