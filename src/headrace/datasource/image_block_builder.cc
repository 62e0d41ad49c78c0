// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/image_block_builder.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>

#include <algorithm>

#include "headrace/block/tensor.h"

namespace headrace::datasource {

using media::PixelMode;

std::shared_ptr<arrow::DataType> ImageValueType(PixelMode mode) {
  switch (mode) {
    case PixelMode::kI16:
      return arrow::uint16();
    case PixelMode::kI:
      return arrow::int32();
    case PixelMode::kF:
      return arrow::float32();
    default:
      return arrow::uint8();
  }
}

std::vector<int64_t> ImageShape(const media::ImageInfo& info) {
  std::vector<int64_t> shape = {info.height, info.width};
  if (const int channels = media::NumChannels(info.mode); channels > 1) shape.push_back(channels);
  return shape;
}

Result<uint8_t*> ImageBlockBuilder::Allocate(const media::ImageInfo& info) {
  const int64_t bytes = info.size_bytes();
  std::vector<int64_t> shape = ImageShape(info);
  if (!shapes_.empty()) {
    const bool fits = used_bytes_ + bytes <= max_block_bytes_;
    const bool alike = shape.size() == shapes_.front().size() &&
                       ImageValueType(info.mode)->id() == ImageValueType(mode_)->id();
    if (!fits || !alike) ARROW_RETURN_NOT_OK(Seal());
  }
  if (pixels_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(0, pool_));
    ARROW_RETURN_NOT_OK(
        buffer->Reserve(std::max(bytes, std::min(reserve_bytes_, max_block_bytes_))));
    pixels_ = std::move(buffer);
  }
  const int64_t needed = used_bytes_ + bytes;
  if (needed > pixels_->capacity()) {
    const int64_t doubled = std::min(2 * pixels_->capacity(), max_block_bytes_);
    ARROW_RETURN_NOT_OK(pixels_->Reserve(std::max(needed, doubled)));
  }
  mode_ = info.mode;
  row_shape_ = std::move(shape);
  row_bytes_ = bytes;
  return pixels_->mutable_data() + used_bytes_;
}

bool ImageBlockBuilder::SameColumns(const std::vector<FileColumn>& columns) const {
  return std::equal(columns.begin(), columns.end(), column_fields_.begin(), column_fields_.end(),
                    [](const FileColumn& column, const std::shared_ptr<arrow::Field>& field) {
                      return column.name == field->name() &&
                             column.value->type->Equals(*field->type());
                    });
}

Status ImageBlockBuilder::EndRow(const std::vector<FileColumn>& columns) {
  if (shapes_.empty() || !SameColumns(columns)) {
    if (!shapes_.empty()) {
      // Other partition keys than before: the row moves to a block of its own, which is rare.
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> moved,
                            arrow::AllocateResizableBuffer(row_bytes_, pool_));
      std::copy_n(pixels_->data() + used_bytes_, row_bytes_, moved->mutable_data());
      ARROW_RETURN_NOT_OK(Seal());
      pixels_ = std::move(moved);
    }
    column_fields_.clear();
    column_builders_.clear();
    for (const FileColumn& column : columns) {
      column_fields_.push_back(arrow::field(column.name, column.value->type));
      ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(column.value->type, pool_));
      column_builders_.push_back(std::move(builder));
    }
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_RETURN_NOT_OK(column_builders_[i]->AppendScalar(*columns[i].value));
  }
  used_bytes_ += row_bytes_;
  shapes_.push_back(std::move(row_shape_));
  row_bytes_ = -1;
  return Status::OK();
}

void ImageBlockBuilder::DropRow() { row_bytes_ = -1; }

Result<std::shared_ptr<arrow::Array>> ImageBlockBuilder::ImageColumn() {
  // Gives back what was reserved too much; for large blocks no copy.
  ARROW_RETURN_NOT_OK(pixels_->Resize(used_bytes_, /*shrink_to_fit=*/true));
  pixels_->ZeroPadding();
  const auto type = ImageValueType(mode_);
  const int64_t num_values = used_bytes_ / type->byte_width();
  const auto values = arrow::MakeArray(
      arrow::ArrayData::Make(type, num_values, {nullptr, std::move(pixels_)}, /*null_count=*/0));
  const bool alike = std::all_of(shapes_.begin(), shapes_.end(),
                                 [&](const auto& shape) { return shape == shapes_.front(); });
  if (alike) return MakeFixedShapeTensorArray(values, shapes_.front());
  return MakeVariableShapeTensorArray(values, shapes_);
}

Status ImageBlockBuilder::Seal() {
  if (shapes_.empty()) return Status::OK();
  const auto num_rows = static_cast<int64_t>(shapes_.size());
  ARROW_ASSIGN_OR_RAISE(auto images, ImageColumn());
  std::vector<std::shared_ptr<arrow::Field>> fields = {arrow::field("image", images->type())};
  std::vector<std::shared_ptr<arrow::Array>> columns = {std::move(images)};
  for (size_t i = 0; i < column_builders_.size(); ++i) {
    std::shared_ptr<arrow::Array> column;
    ARROW_RETURN_NOT_OK(column_builders_[i]->Finish(&column));
    fields.push_back(column_fields_[i]);
    columns.push_back(std::move(column));
  }
  finished_.emplace_back(
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), num_rows, std::move(columns)));
  pixels_.reset();
  used_bytes_ = 0;
  shapes_.clear();
  return Status::OK();
}

std::optional<Block> ImageBlockBuilder::TakeBlock() {
  if (finished_.empty()) return std::nullopt;
  Block block = std::move(finished_.front());
  finished_.pop_front();
  return block;
}

}  // namespace headrace::datasource
