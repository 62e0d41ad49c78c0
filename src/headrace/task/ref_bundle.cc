// SPDX-License-Identifier: Apache-2.0
#include "headrace/task/ref_bundle.h"

#include "headrace/block/layout.h"
#include "headrace/block/schema.h"

namespace headrace::task {
namespace {

class BlockCodec final : public store::Codec {
 public:
  store::SharedSchema SchemaOf(const store::Value& value) const override {
    return static_cast<const Block*>(value.get())->schema();
  }
  Result<std::string> SchemaBytes(const store::SharedSchema& schema) const override {
    return SerializeSchema(*static_cast<const arrow::Schema*>(schema.get()));
  }
  Result<store::FlatValue> Flatten(const store::Value& value) const override {
    ARROW_ASSIGN_OR_RAISE(FlatBlock flat,
                          headrace::Flatten(*static_cast<const Block*>(value.get())));
    return store::FlatValue{std::move(flat.description), std::move(flat.buffers)};
  }
  Result<store::Value> Unflatten(const store::SharedSchema& schema, std::string_view description,
                                 const std::shared_ptr<arrow::Buffer>& body) const override {
    // Nothing writes to a schema; Arrow wants it without the const.
    const auto fields = std::const_pointer_cast<arrow::Schema>(
        std::static_pointer_cast<const arrow::Schema>(schema));
    ARROW_ASSIGN_OR_RAISE(Block block, headrace::Unflatten(fields, description, body));
    return store::Value(std::make_shared<const Block>(std::move(block)));
  }
  int64_t alignment() const override { return kBufferAlignment; }
};

/// A buffer that keeps what it is a part of from being spilled.
class PinnedBuffer final : public arrow::Buffer {
 public:
  PinnedBuffer(const std::shared_ptr<arrow::Buffer>& parent, std::shared_ptr<const void> pin)
      : arrow::Buffer(parent, 0, parent->size()), pin_(std::move(pin)) {}

 private:
  const std::shared_ptr<const void> pin_;
};

std::shared_ptr<arrow::ArrayData> WithPin(const arrow::ArrayData& data,
                                          const std::shared_ptr<const void>& pin) {
  auto pinned = std::make_shared<arrow::ArrayData>(data);
  for (auto& buffer : pinned->buffers) {
    if (buffer != nullptr) buffer = std::make_shared<PinnedBuffer>(buffer, pin);
  }
  for (auto& child : pinned->child_data) child = WithPin(*child, pin);
  if (pinned->dictionary != nullptr) pinned->dictionary = WithPin(*pinned->dictionary, pin);
  return pinned;
}

Block WithPin(const Block& block, const std::shared_ptr<const void>& pin) {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  columns.reserve(static_cast<size_t>(block.num_columns()));
  for (int i = 0; i < block.num_columns(); ++i) {
    columns.push_back(WithPin(*block.batch()->column_data(i), pin));
  }
  return Block(arrow::RecordBatch::Make(block.schema(), block.num_rows(), std::move(columns)));
}

}  // namespace

Result<Block> BlockRef::Load() const {
  ARROW_ASSIGN_OR_RAISE(const auto pinned, object->Pin());
  const auto& stored = *static_cast<const Block*>(pinned.value.get());
  const Block block = whole ? stored : stored.Slice(offset, num_rows);
  return pinned.pin == nullptr ? block : WithPin(block, pinned.pin);
}

std::shared_ptr<arrow::Schema> BlockRef::schema() const {
  return std::const_pointer_cast<arrow::Schema>(
      std::static_pointer_cast<const arrow::Schema>(object->schema()));
}

Result<std::shared_ptr<arrow::Schema>> SchemaOf(const std::vector<BlockRef>& blocks) {
  std::vector<std::shared_ptr<arrow::Schema>> schemas;
  for (const BlockRef& block : blocks) {
    auto schema = block.schema();
    // An empty block without columns says nothing about the others; most blocks share one schema.
    if (schema->num_fields() == 0 && block.num_rows == 0) continue;
    if (schemas.empty() || (schemas.back() != schema && !schemas.back()->Equals(*schema, true))) {
      schemas.push_back(std::move(schema));
    }
  }
  return headrace::UnifySchemas(schemas);
}

void RefBundle::Append(BlockRef block) {
  num_rows_ += block.num_rows;
  size_bytes_ += block.size_bytes;
  blocks_.push_back(std::move(block));
}

void RefBundle::Append(RefBundle other) {
  for (auto& block : other.blocks_) Append(std::move(block));
}

RefBundle RefBundle::Slice(int64_t offset, int64_t length) const {
  RefBundle out;
  for (const BlockRef& block : blocks_) {
    if (length <= 0) break;
    if (offset >= block.num_rows) {
      offset -= block.num_rows;
      continue;
    }
    BlockRef part = block;
    part.offset += offset;
    part.num_rows = std::min(length, block.num_rows - offset);
    part.whole = block.whole && part.num_rows == block.num_rows;
    part.size_bytes = block.size_bytes * part.num_rows / std::max<int64_t>(1, block.num_rows);
    length -= part.num_rows;
    offset = 0;
    out.Append(std::move(part));
  }
  return out;
}

BlockRef PutBlock(store::ObjectStore& store, Block block) {
  BlockRef ref;
  ref.num_rows = block.num_rows();
  ref.size_bytes = block.size_bytes();
  ref.object = store.Put(std::make_shared<const Block>(std::move(block)), ref.size_bytes);
  return ref;
}

std::shared_ptr<store::ObjectStore> MakeBlockStore(int64_t limit_bytes, store::SpillOptions spill,
                                                   std::shared_ptr<store::MemoryLedger> ceiling) {
  return store::ObjectStore::Make(limit_bytes, std::make_shared<BlockCodec>(), std::move(spill),
                                  std::move(ceiling));
}

}  // namespace headrace::task
