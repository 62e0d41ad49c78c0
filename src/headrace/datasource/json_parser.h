// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <memory>
#include <optional>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::datasource {

/// Zero bytes that have to stand behind a JSON text.
inline constexpr int64_t kJsonPadding = 64;

/// The rows of `text`, one object per line, as arrow::json reads them: `schema`'s columns first, of
/// its types (nullptr: none), then others, of the types that follow from all their values. nullopt:
/// read it with arrow::json, which may know what to do or else says what is wrong. The buffer has
/// kJsonPadding bytes behind its size.
Result<std::optional<Block>> ParseJsonLines(const arrow::Buffer& text,
                                            const std::shared_ptr<arrow::Schema>& schema,
                                            arrow::MemoryPool* pool);

}  // namespace headrace::datasource
