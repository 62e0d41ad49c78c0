// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/builder_base.h>
#include <arrow/buffer.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "headrace/block.h"
#include "headrace/datasource/file_columns.h"
#include "headrace/media/decode_image.h"

namespace headrace::datasource {

/// Element type of the tensors of a mode.
std::shared_ptr<arrow::DataType> ImageValueType(media::PixelMode mode);
/// Shape of an image's tensor: (height, width) or (height, width, channels).
std::vector<int64_t> ImageShape(const media::ImageInfo& info);

/// Gathers images and their file columns into blocks; images are decoded straight into the memory
/// of the tensor column. For each row: BeginRow, then Allocate by the decoder, then EndRow or
/// DropRow. One thread at a time.
class ImageBlockBuilder final : public media::PixelSink {
 public:
  /// Blocks hold at most `max_block_bytes` of pixels, or one image. `reserve_bytes` are set aside
  /// at the start of each block.
  ImageBlockBuilder(int64_t max_block_bytes, int64_t reserve_bytes, arrow::MemoryPool* pool)
      : max_block_bytes_(max_block_bytes), reserve_bytes_(reserve_bytes), pool_(pool) {}

  void BeginRow() { row_bytes_ = -1; }
  Result<uint8_t*> Allocate(const media::ImageInfo& info) override;
  Status EndRow(const std::vector<FileColumn>& columns);
  /// Forgets the row that was begun.
  void DropRow();

  /// Ends the block that is being built, if it has rows.
  Status Seal();
  /// The oldest finished block.
  std::optional<Block> TakeBlock();

 private:
  Result<std::shared_ptr<arrow::Array>> ImageColumn();
  bool SameColumns(const std::vector<FileColumn>& columns) const;

  const int64_t max_block_bytes_;
  const int64_t reserve_bytes_;
  arrow::MemoryPool* pool_;

  // The block that is being built.
  std::shared_ptr<arrow::ResizableBuffer> pixels_;
  int64_t used_bytes_ = 0;
  media::PixelMode mode_ = media::PixelMode::kRGB;
  std::vector<std::vector<int64_t>> shapes_;
  std::vector<std::shared_ptr<arrow::Field>> column_fields_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> column_builders_;

  // The row that is being built; -1: nothing allocated.
  int64_t row_bytes_ = -1;
  std::vector<int64_t> row_shape_;

  std::deque<Block> finished_;
};

}  // namespace headrace::datasource
