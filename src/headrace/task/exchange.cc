// SPDX-License-Identifier: Apache-2.0
#include "headrace/task/exchange.h"

#include <arrow/util/key_value_metadata.h>

#include <memory>
#include <utility>

#include "headrace/base/wire.h"

namespace headrace::task {
namespace {

constexpr std::string_view kTagKey = "headrace.exchange";

/// The metadata of `schema` but for a tag.
std::shared_ptr<arrow::KeyValueMetadata> OtherMetadata(const arrow::Schema& schema) {
  auto out = std::make_shared<arrow::KeyValueMetadata>();
  if (schema.metadata() == nullptr) return out;
  for (const auto& [key, value] : schema.metadata()->sorted_pairs()) {
    if (key != kTagKey) out->Append(key, value);
  }
  return out;
}

std::string_view Cut(const std::string& key) {
  return std::string_view(key).substr(0, ExchangeTag::kMaxKeyBytes);
}

Status Ended(const WireReader& in) {
  ARROW_RETURN_NOT_OK(in.Finish());
  return in.AtEnd() ? Status::OK() : Status::SerializationError("argument is too long");
}

}  // namespace

Block WithTag(const Block& block, const ExchangeTag& tag) {
  WireWriter out;
  out.I64(tag.partition);
  out.I64(tag.side);
  out.Bool(tag.holds_states);
  out.Bool(tag.starts_run);
  out.Str(Cut(tag.first_key));
  out.Str(Cut(tag.last_key));
  auto metadata = OtherMetadata(*block.schema());
  metadata->Append(std::string(kTagKey), out.Take());
  return Block(block.batch()->ReplaceSchemaMetadata(std::move(metadata)));
}

Result<ExchangeTag> TagOf(const arrow::Schema& schema) {
  const int index = schema.metadata() == nullptr ? -1 : schema.metadata()->FindKey(kTagKey);
  if (index < 0) return Status::Invalid("a block of an exchange has no tag");
  WireReader in(schema.metadata()->value(index));
  ExchangeTag tag;
  tag.partition = static_cast<int32_t>(in.I64());
  tag.side = static_cast<int32_t>(in.I64());
  tag.holds_states = in.Bool();
  tag.starts_run = in.Bool();
  tag.first_key = in.Str();
  tag.last_key = in.Str();
  ARROW_RETURN_NOT_OK(Ended(in));
  return tag;
}

Block WithoutTag(const Block& block) {
  auto metadata = OtherMetadata(*block.schema());
  if (metadata->size() == 0) metadata = nullptr;
  return Block(block.batch()->ReplaceSchemaMetadata(std::move(metadata)));
}

std::string MergeRange::Serialize() const {
  WireWriter out;
  out.Str(low.key);
  out.I64(low.run);
  out.Bool(has_high);
  out.Str(high.key);
  out.I64(high.run);
  out.U64(runs.size());
  for (const Run& run : runs) {
    out.I64(run.run);
    out.I64(run.num_blocks);
  }
  return out.Take();
}

Result<MergeRange> MergeRange::Deserialize(std::string_view argument) {
  WireReader in(argument);
  MergeRange range;
  range.low.key = in.Str();
  range.low.run = in.I64();
  range.has_high = in.Bool();
  range.high.key = in.Str();
  range.high.run = in.I64();
  range.runs.resize(in.Count());
  for (Run& run : range.runs) {
    run.run = in.I64();
    run.num_blocks = in.I64();
  }
  ARROW_RETURN_NOT_OK(Ended(in));
  return range;
}

std::string SerializeBlockCounts(const std::vector<int64_t>& num_blocks) {
  WireWriter out;
  out.U64(num_blocks.size());
  for (const int64_t count : num_blocks) out.I64(count);
  return out.Take();
}

Result<std::vector<int64_t>> DeserializeBlockCounts(std::string_view argument) {
  WireReader in(argument);
  std::vector<int64_t> num_blocks(in.Count());
  for (int64_t& count : num_blocks) count = in.I64();
  ARROW_RETURN_NOT_OK(Ended(in));
  return num_blocks;
}

std::string JoinInput::Serialize() const {
  WireWriter out;
  out.I64(side);
  out.Bool(partition);
  return out.Take();
}

Result<JoinInput> JoinInput::Deserialize(std::string_view argument) {
  WireReader in(argument);
  JoinInput input;
  input.side = static_cast<int32_t>(in.I64());
  input.partition = in.Bool();
  ARROW_RETURN_NOT_OK(Ended(in));
  return input;
}

std::string SerializeFirstRow(int64_t first_row) {
  WireWriter out;
  out.I64(first_row);
  return out.Take();
}

Result<int64_t> DeserializeFirstRow(std::string_view argument) {
  WireReader in(argument);
  const int64_t first_row = in.I64();
  ARROW_RETURN_NOT_OK(Ended(in));
  return first_row;
}

}  // namespace headrace::task
