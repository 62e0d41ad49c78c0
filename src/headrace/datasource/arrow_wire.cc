// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/arrow_wire.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>

namespace headrace::datasource {

void WriteSchema(const std::shared_ptr<arrow::Schema>& schema, WireWriter* out) {
  if (schema == nullptr) {
    out->Str({});
    return;
  }
  auto buffer = arrow::ipc::SerializeSchema(*schema);
  // Only a failed allocation gets here; the reader then refuses the message.
  out->Str(buffer.ok() ? std::string_view(**buffer) : std::string_view("?"));
}

Result<std::shared_ptr<arrow::Schema>> ReadSchema(WireReader* in) {
  const std::string_view bytes = in->View();
  if (bytes.empty()) return nullptr;
  auto buffer = arrow::Buffer::FromString(std::string(bytes));
  arrow::io::BufferReader stream(buffer);
  arrow::ipc::DictionaryMemo memo;
  return arrow::ipc::ReadSchema(&stream, &memo);
}

void WriteType(const std::shared_ptr<arrow::DataType>& type, WireWriter* out) {
  WriteSchema(type == nullptr ? nullptr : arrow::schema({arrow::field("", type)}), out);
}

Result<std::shared_ptr<arrow::DataType>> ReadType(WireReader* in) {
  ARROW_ASSIGN_OR_RAISE(const auto schema, ReadSchema(in));
  if (schema == nullptr) return nullptr;
  if (schema->num_fields() != 1) return Status::SerializationError("not one type");
  return schema->field(0)->type();
}

}  // namespace headrace::datasource
