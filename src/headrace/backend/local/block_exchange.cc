// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/block_exchange.h"

#include <arrow/buffer.h>

namespace headrace::backend {

void BlockEncoder::WriteSchema(const std::string& bytes, WireWriter* out) {
  const bool same = sent_schema_ && bytes == last_sent_schema_;
  out->Bool(same);
  if (same) return;
  out->Str(bytes);
  last_sent_schema_ = bytes;
  sent_schema_ = true;
}

Status BlockEncoder::WriteInline(const Block& block, const FlatBlock& flat, WireWriter* out) {
  ARROW_ASSIGN_OR_RAISE(const std::string schema, schemas_.Bytes(block.schema()));
  WriteSchema(schema, out);
  out->Str(flat.description);
  out->Bool(false);
  std::string body(flat.body_bytes(), '\0');
  CopyBody(flat, reinterpret_cast<uint8_t*>(body.data()));
  out->Str(body);
  return Status::OK();
}

void BlockEncoder::WriteShared(const store::SharedBytes& bytes, int64_t offset, int64_t num_rows,
                               WireWriter* out, std::vector<int>* fds) {
  WriteSchema(bytes.schema, out);
  out->Str(bytes.description);
  out->Bool(true);
  out->U64(bytes.segment->id());
  out->I64(bytes.size);
  out->I64(offset);
  out->I64(num_rows);
  const bool is_new = !Knows(*bytes.segment);
  out->Bool(is_new);
  if (!is_new) return;
  known_[bytes.segment->id()] = bytes.segment;
  out->I64(bytes.segment->capacity());
  fds->push_back(bytes.segment->fd());
}

void BlockEncoder::Introduce(const std::shared_ptr<store::Segment>& segment, WireWriter* out,
                             std::vector<int>* fds) {
  out->U64(segment->id());
  out->I64(segment->capacity());
  fds->push_back(segment->fd());
  known_[segment->id()] = segment;
}

std::vector<uint64_t> BlockEncoder::TakeForgotten() {
  std::vector<uint64_t> forgotten;
  std::erase_if(known_, [&](const auto& entry) {
    if (!entry.second.expired()) return false;
    forgotten.push_back(entry.first);
    return true;
  });
  return forgotten;
}

Result<DecodedBlock> BlockDecoder::Read(WireReader* in, std::deque<UniqueFd>* fds) {
  const bool same_schema = in->Bool();
  if (!same_schema) last_schema_ = in->Str();
  ARROW_RETURN_NOT_OK(in->Finish());
  ARROW_ASSIGN_OR_RAISE(auto schema, schemas_.Get(last_schema_));
  DecodedBlock decoded;
  const std::string_view description = in->View();
  if (!in->Bool()) {
    // Arrow wants aligned buffers; a message is not aligned.
    const std::string_view body = in->View();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(static_cast<int64_t>(body.size())));
    if (!body.empty()) std::memcpy(buffer->mutable_data(), body.data(), body.size());
    ARROW_ASSIGN_OR_RAISE(decoded.block, Unflatten(schema, description, buffer));
    return decoded;
  }
  const uint64_t id = in->U64();
  const int64_t size = in->I64();
  const int64_t offset = in->I64();
  const int64_t num_rows = in->I64();
  if (in->Bool()) {
    const int64_t capacity = in->I64();
    ARROW_RETURN_NOT_OK(in->Finish());
    ARROW_RETURN_NOT_OK(Map(id, capacity, fds));
  }
  const auto it = mapped_.find(id);
  if (it == mapped_.end() || size > it->second->capacity()) {
    return Status::SerializationError("block in an unknown segment");
  }
  auto buffer =
      store::SegmentBuffer(it->second, size, [release = on_release_, id] { release(id); });
  ARROW_ASSIGN_OR_RAISE(decoded.block, Unflatten(schema, description, buffer));
  decoded.shared = {last_schema_, std::string(description), it->second, size};
  if (num_rows < decoded.block.num_rows()) decoded.block = decoded.block.Slice(offset, num_rows);
  return decoded;
}

Status BlockDecoder::Map(uint64_t id, int64_t capacity, std::deque<UniqueFd>* fds) {
  if (fds->empty()) return Status::SerializationError("a segment came without its descriptor");
  UniqueFd fd = std::move(fds->front());
  fds->pop_front();
  ARROW_ASSIGN_OR_RAISE(mapped_[id], store::Segment::Map(id, std::move(fd), capacity));
  return Status::OK();
}

Status BlockDecoder::MapSegments(WireReader* in, std::deque<UniqueFd>* fds) {
  while (!in->AtEnd()) {
    const uint64_t id = in->U64();
    const int64_t capacity = in->I64();
    ARROW_RETURN_NOT_OK(in->Finish());
    ARROW_RETURN_NOT_OK(Map(id, capacity, fds));
  }
  return Status::OK();
}

void BlockDecoder::Forget(const std::vector<uint64_t>& segments) {
  for (const uint64_t id : segments) mapped_.erase(id);
}

}  // namespace headrace::backend
