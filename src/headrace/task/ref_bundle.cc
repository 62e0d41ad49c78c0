// SPDX-License-Identifier: Apache-2.0
#include "headrace/task/ref_bundle.h"

#include "headrace/block/layout.h"

namespace headrace::task {
namespace {

class BlockCodec final : public store::Codec {
 public:
  Result<store::FlatValue> Flatten(const store::Value& value) const override {
    const auto& block = *static_cast<const Block*>(value.get());
    ARROW_ASSIGN_OR_RAISE(FlatBlock flat, headrace::Flatten(block));
    ARROW_ASSIGN_OR_RAISE(flat.schema, SerializeSchema(*block.schema()));
    return store::FlatValue{std::move(flat.schema), std::move(flat.description),
                            std::move(flat.buffers)};
  }
  int64_t BodyBytes(const store::FlatValue& flat) const override {
    return FlatBlock{.schema = {}, .description = {}, .buffers = flat.buffers}.body_bytes();
  }
  void CopyBody(const store::FlatValue& flat, uint8_t* out) const override {
    headrace::CopyBody(FlatBlock{.schema = {}, .description = {}, .buffers = flat.buffers}, out);
  }
};

}  // namespace

Block BlockRef::Load() const {
  const auto& block = *static_cast<const Block*>(object->value().get());
  return whole ? block : block.Slice(offset, num_rows);
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

std::shared_ptr<store::ObjectStore> MakeBlockStore(int64_t limit_bytes) {
  return store::ObjectStore::Make(limit_bytes, std::make_shared<BlockCodec>());
}

}  // namespace headrace::task
