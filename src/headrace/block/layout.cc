// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/layout.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/byte_size.h>

#include <cstring>

#include "headrace/base/wire.h"
#include "headrace/block/referenced_bytes.h"

namespace headrace {
namespace {

constexpr int64_t Align(int64_t bytes) {
  return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
}

void DescribeArray(const arrow::ArrayData& data, WireWriter* out,
                   std::vector<std::shared_ptr<arrow::Buffer>>* buffers) {
  out->I64(data.length);
  out->I64(data.null_count.load());
  out->I64(data.offset);
  out->U64(data.buffers.size());
  for (const auto& buffer : data.buffers) {
    out->I64(buffer == nullptr ? -1 : buffer->size());
    if (buffer != nullptr) buffers->push_back(buffer);
  }
  out->U64(data.child_data.size());
  for (const auto& child : data.child_data) DescribeArray(*child, out, buffers);
  out->Bool(data.dictionary != nullptr);
  if (data.dictionary != nullptr) DescribeArray(*data.dictionary, out, buffers);
}

/// True when the column's buffers hold much more than the column's rows.
bool IsSmallPartOfItsBuffers(const arrow::Array& column) {
  const int64_t referenced = ReferencedBytes(*column.data());
  return arrow::util::TotalBufferSize(column) > referenced + referenced / 8 + 256;
}

const arrow::DataType* StorageType(const arrow::DataType* type) {
  while (type->id() == arrow::Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType*>(type)->storage_type().get();
  }
  return type;
}

class Rebuilder {
 public:
  Rebuilder(std::string_view description, const std::shared_ptr<arrow::Buffer>& body)
      : in_(description), body_(body) {}

  int64_t NumRows() { return in_.I64(); }

  Result<std::shared_ptr<arrow::ArrayData>> Array(const std::shared_ptr<arrow::DataType>& type) {
    auto data = std::make_shared<arrow::ArrayData>();
    data->type = type;
    data->length = in_.I64();
    data->null_count = in_.I64();
    data->offset = in_.I64();
    data->buffers.resize(in_.Count());
    for (auto& buffer : data->buffers) {
      const int64_t size = in_.I64();
      if (size < 0) continue;
      if (body_ == nullptr || size > body_->size() - position_) {
        return Status::SerializationError("block body is shorter than its description says");
      }
      buffer = arrow::SliceBuffer(body_, position_, size);
      position_ += Align(size);
    }
    const arrow::DataType* storage = StorageType(type.get());
    const uint64_t children = in_.Count();
    if (children != static_cast<uint64_t>(storage->num_fields()) &&
        storage->id() != arrow::Type::DICTIONARY) {
      return Status::SerializationError("block description does not fit its schema");
    }
    for (uint64_t i = 0; i < children; ++i) {
      ARROW_ASSIGN_OR_RAISE(auto child, Array(storage->field(static_cast<int>(i))->type()));
      data->child_data.push_back(std::move(child));
    }
    if (in_.Bool()) {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*storage);
      ARROW_ASSIGN_OR_RAISE(data->dictionary, Array(dictionary.value_type()));
    }
    ARROW_RETURN_NOT_OK(in_.Finish());
    return data;
  }

 private:
  WireReader in_;
  const std::shared_ptr<arrow::Buffer>& body_;
  int64_t position_ = 0;
};

}  // namespace

int64_t FlatBlock::body_bytes() const {
  int64_t total = 0;
  for (const auto& buffer : buffers) total += Align(buffer->size());
  return total;
}

Result<FlatBlock> Flatten(const Block& block, arrow::MemoryPool* pool) {
  FlatBlock flat;
  WireWriter out;
  out.I64(block.num_rows());
  for (const auto& column : block.batch()->columns()) {
    if (IsSmallPartOfItsBuffers(*column)) {
      ARROW_ASSIGN_OR_RAISE(auto compact, arrow::Concatenate({column}, pool));
      DescribeArray(*compact->data(), &out, &flat.buffers);
    } else {
      DescribeArray(*column->data(), &out, &flat.buffers);
    }
  }
  flat.description = out.Take();
  return flat;
}

void CopyBody(const FlatBlock& flat, uint8_t* out) {
  for (const auto& buffer : flat.buffers) {
    if (buffer->size() > 0) std::memcpy(out, buffer->data(), buffer->size());
    out += Align(buffer->size());
  }
}

Result<Block> Unflatten(const std::shared_ptr<arrow::Schema>& schema, std::string_view description,
                        const std::shared_ptr<arrow::Buffer>& body) {
  Rebuilder rebuilder(description, body);
  const int64_t num_rows = rebuilder.NumRows();
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  columns.reserve(schema->num_fields());
  for (const auto& field : schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto column, rebuilder.Array(field->type()));
    columns.push_back(std::move(column));
  }
  return Block(arrow::RecordBatch::Make(schema, num_rows, std::move(columns)));
}

Result<std::string> SerializeSchema(const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::ipc::SerializeSchema(schema));
  return buffer->ToString();
}

Result<std::shared_ptr<arrow::Schema>> DeserializeSchema(std::string_view bytes) {
  arrow::io::BufferReader reader(arrow::Buffer::FromString(std::string(bytes)));
  arrow::ipc::DictionaryMemo memo;
  return arrow::ipc::ReadSchema(&reader, &memo);
}

Result<std::shared_ptr<arrow::Schema>> SchemaCache::Get(std::string_view bytes) {
  if (last_schema_ == nullptr || bytes != last_bytes_) {
    ARROW_ASSIGN_OR_RAISE(last_schema_, DeserializeSchema(bytes));
    last_bytes_ = bytes;
  }
  return last_schema_;
}

Result<std::string> SchemaCache::Bytes(const std::shared_ptr<arrow::Schema>& schema) {
  if (last_schema_ == nullptr ||
      (last_schema_ != schema && !last_schema_->Equals(*schema, /*check_metadata=*/true))) {
    ARROW_ASSIGN_OR_RAISE(last_bytes_, SerializeSchema(*schema));
    last_schema_ = schema;
  }
  return last_bytes_;
}

}  // namespace headrace
