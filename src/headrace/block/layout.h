// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace {

/// A block taken apart into a description and its buffers, so that bytes can move (shared memory,
/// sockets, disk) without anybody knowing rows. Buffers of a slice are cut to the slice.
struct FlatBlock {
  std::string schema;       // Arrow IPC schema message
  std::string description;  // lengths, null counts, buffer sizes
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;

  /// Bytes of all buffers, each rounded up to kBufferAlignment.
  int64_t body_bytes() const;
};

/// Alignment of every buffer within a body: a cache line, as Arrow recommends.
inline constexpr int64_t kBufferAlignment = 64;

/// Takes `block` apart. Buffers are shared with the block; columns that are slices of larger ones
/// are copied to their own size first.
Result<FlatBlock> Flatten(const Block& block,
                          arrow::MemoryPool* pool = arrow::default_memory_pool());

/// Copies the buffers one after the other to `out`, which has room for body_bytes().
void CopyBody(const FlatBlock& flat, uint8_t* out);

/// The block again, over `body`: zero-copy, the block keeps `body` alive.
Result<Block> Unflatten(const std::shared_ptr<arrow::Schema>& schema, std::string_view description,
                        const std::shared_ptr<arrow::Buffer>& body);

Result<std::string> SerializeSchema(const arrow::Schema& schema);
Result<std::shared_ptr<arrow::Schema>> DeserializeSchema(std::string_view bytes);

/// Remembers the last few schemas by their bytes: most blocks of a stream share one. One thread.
class SchemaCache {
 public:
  Result<std::shared_ptr<arrow::Schema>> Get(std::string_view bytes);
  /// Serialized form of `schema`; the pointer is compared first, then the content.
  Result<std::string> Bytes(const std::shared_ptr<arrow::Schema>& schema);

 private:
  std::string last_bytes_;
  std::shared_ptr<arrow::Schema> last_schema_;
};

}  // namespace headrace
