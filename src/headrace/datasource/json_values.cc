// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_values.h"

#include <arrow/io/memory.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/table.h>

#include <limits>
#include <string>

#include "headrace/block.h"
#include "headrace/datasource/json_depth.h"

namespace headrace::datasource {
namespace {

constexpr char kName[] = "value";

Result<std::shared_ptr<arrow::Array>> Parse(const std::vector<std::string_view>& texts,
                                            const std::shared_ptr<arrow::Schema>& schema,
                                            arrow::MemoryPool* pool) {
  std::string lines;
  for (const std::string_view text : texts) {
    ARROW_RETURN_NOT_OK(CheckJsonDepth(text));
    lines.append("{\"value\":").append(text).append("}\n");
  }
  if (lines.size() > std::numeric_limits<int32_t>::max() / 2) {
    return Status::CapacityError("more than 1 GiB of JSON in one block");
  }
  auto read = arrow::json::ReadOptions::Defaults();
  read.use_threads = false;  // tasks are the parallelism
  read.block_size = static_cast<int32_t>(lines.size()) + 1;
  auto parse = arrow::json::ParseOptions::Defaults();
  parse.newlines_in_values = true;
  parse.explicit_schema = schema;
  const auto text = arrow::Buffer::FromString(std::move(lines));
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::json::TableReader::Make(
                            pool, std::make_shared<arrow::io::BufferReader>(text), read, parse));
  ARROW_ASSIGN_OR_RAISE(const auto table, reader->Read());
  // A text with brackets of its own could be more than one value.
  if (table->num_rows() != static_cast<int64_t>(texts.size()) || table->num_columns() != 1) {
    return Status::Invalid("is no single JSON value");
  }
  ARROW_ASSIGN_OR_RAISE(const Block block, Block::FromTable(*table, pool));
  return block.batch()->column(0);
}

/// `type` with text for times, which the parser sees in text that looks like one.
std::shared_ptr<arrow::DataType> WithoutTimes(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::TIMESTAMP) return arrow::utf8();
  if (type->id() == arrow::Type::LIST) return arrow::list(WithoutTimes(type->field(0)->type()));
  if (type->id() != arrow::Type::STRUCT) return type;
  arrow::FieldVector fields;
  for (const auto& field : type->fields()) {
    fields.push_back(field->WithType(WithoutTimes(field->type())));
  }
  return arrow::struct_(std::move(fields));
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ParseJsonValues(const std::vector<std::string_view>& texts,
                                                      size_t* failed, arrow::MemoryPool* pool) {
  auto values = Parse(texts, nullptr, pool);
  if (!values.ok()) {
    // One by one, to tell which it was.
    for (*failed = 0; *failed < texts.size(); ++*failed) {
      const Status alone = Parse({texts[*failed]}, nullptr, pool).status();
      if (!alone.ok()) return Status::Invalid("is no JSON value: ", alone.message());
    }
    return values.status();
  }
  const auto type = WithoutTimes((*values)->type());
  if (type->Equals(*(*values)->type())) return values;
  *failed = texts.size();
  return Parse(texts, arrow::schema({arrow::field(kName, type)}), pool);
}

}  // namespace headrace::datasource
