// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "headrace/base/unique_fd.h"
#include "headrace/base/wire.h"
#include "headrace/block/layout.h"
#include "headrace/store/object_store.h"

namespace headrace::backend {

/// Blocks whose bytes are at most this go inside the message: cheaper than a segment of their own.
inline constexpr int64_t kMaxInlineBytes = 32 << 10;

/// Writes blocks into messages for one receiver. A segment's descriptor travels the first time
/// only, a schema only when it differs from that of the block before. One thread.
class BlockEncoder {
 public:
  /// `block` itself, within the message.
  Status WriteInline(const Block& block, const FlatBlock& flat, WireWriter* out);
  /// Rows [offset, offset + num_rows) of the block in `bytes`.
  void WriteShared(const store::SharedBytes& bytes, int64_t offset, int64_t num_rows,
                   WireWriter* out, std::vector<int>* fds);
  bool Knows(const store::Segment& segment) const {
    const auto it = known_.find(segment.id());
    return it != known_.end() && !it->second.expired();
  }
  /// Tells the receiver of a segment before any block in it; BlockDecoder::MapSegments reads it.
  void Introduce(const std::shared_ptr<store::Segment>& segment, WireWriter* out,
                 std::vector<int>* fds);
  /// Ids of segments that this side has dropped since the last call; the receiver unmaps them.
  std::vector<uint64_t> TakeForgotten();
  /// Serialized form of `schema`.
  Result<std::string> SchemaBytes(const std::shared_ptr<arrow::Schema>& schema) {
    return schemas_.Bytes(schema);
  }

 private:
  void WriteSchema(const std::string& bytes, WireWriter* out);

  SchemaCache schemas_;
  std::string last_sent_schema_;
  bool sent_schema_ = false;
  std::unordered_map<uint64_t, std::weak_ptr<store::Segment>> known_;
};

/// A block out of a message.
struct DecodedBlock {
  Block block;
  /// Where its bytes are; segment == nullptr: they came inside the message.
  store::SharedBytes shared;
};

/// Reads what a BlockEncoder wrote. One thread.
class BlockDecoder {
 public:
  /// `on_release` is called with the id of a segment when the last user of a block in it is gone,
  /// from that user's thread.
  explicit BlockDecoder(std::function<void(uint64_t)> on_release)
      : on_release_(std::move(on_release)) {}

  Result<DecodedBlock> Read(WireReader* in, std::deque<UniqueFd>* fds);
  /// What BlockEncoder::Introduce wrote, up to the end of the message.
  Status MapSegments(WireReader* in, std::deque<UniqueFd>* fds);
  void Forget(const std::vector<uint64_t>& segments);

 private:
  Status Map(uint64_t id, int64_t capacity, std::deque<UniqueFd>* fds);

  const std::function<void(uint64_t)> on_release_;
  SchemaCache schemas_;
  std::string last_schema_;
  std::unordered_map<uint64_t, std::shared_ptr<store::Segment>> mapped_;
};

}  // namespace headrace::backend
