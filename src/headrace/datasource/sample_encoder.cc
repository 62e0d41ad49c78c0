// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/sample_encoder.h"

#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>

#include <numeric>
#include <string_view>
#include <vector>

#include "headrace/block.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/json_encoder.h"
#include "headrace/datasource/npy_header.h"
#include "headrace/media/encode_image.h"

namespace headrace::datasource {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// Bytes or text, as they are.
template <typename ArrayType>
class PlainEncoder final : public CellEncoder {
 public:
  explicit PlainEncoder(ArrayPtr column) : column_(std::move(column)) {}
  Status Encode(int64_t row, std::string* out) const override {
    *out = static_cast<const ArrayType&>(*column_).GetView(row);
    return Status::OK();
  }

 private:
  const ArrayPtr column_;
};

class IntegerEncoder final : public CellEncoder {
 public:
  explicit IntegerEncoder(ArrayPtr column) : column_(std::move(column)) {}
  Status Encode(int64_t row, std::string* out) const override {
    *out = std::to_string(static_cast<const arrow::Int64Array&>(*column_).Value(row));
    return Status::OK();
  }

 private:
  const ArrayPtr column_;
};

class JsonCellEncoder final : public CellEncoder {
 public:
  explicit JsonCellEncoder(const ArrayPtr& column)
      : block_(arrow::RecordBatch::Make(arrow::schema({arrow::field("v", column->type())}),
                                        column->length(), {column})) {}
  Status Encode(int64_t row, std::string* out) const override {
    out->clear();
    ARROW_RETURN_NOT_OK(AppendJsonLines(block_.Slice(row, 1), out));
    // {"v":…}\n
    out->erase(0, 5);
    out->resize(out->size() - 2);
    return Status::OK();
  }

 private:
  const Block block_;
};

/// Rows of numbers: tensors, lists, single ones.
struct NumberRows {
  ArrayPtr values;                       // the elements of all rows
  ArrayPtr rows;                         // lists of them; nullptr: an element each
  std::vector<int64_t> shape;            // of all rows
  const arrow::Array* shapes = nullptr;  // lists of int32, one per row
  ArrayPtr owner;

  static Result<NumberRows> Of(const ArrayPtr& column) {
    NumberRows out{.owner = column};
    ArrayPtr lists = column;
    if (column->type_id() == arrow::Type::EXTENSION) {
      lists = static_cast<const arrow::ExtensionArray&>(*column).storage();
      if (IsFixedShapeTensor(*column->type())) {
        out.shape = TensorShape(*column->type());
      } else if (IsVariableShapeTensor(*column->type())) {
        const auto& storage = static_cast<const arrow::StructArray&>(*lists);
        out.owner = storage.field(1);
        out.shapes = out.owner.get();
        lists = storage.field(0);
      } else {
        return Status::TypeError("not numbers");
      }
    }
    if (lists->type_id() == arrow::Type::LIST) {
      out.rows = lists;
      out.values = static_cast<const arrow::ListArray&>(*lists).values();
    } else if (lists->type_id() == arrow::Type::FIXED_SIZE_LIST) {
      out.rows = lists;
      out.values = static_cast<const arrow::FixedSizeListArray&>(*lists).values();
    } else {
      out.values = lists;
    }
    const auto id = out.values->type_id();
    if ((!arrow::is_integer(id) && !arrow::is_floating(id)) || out.values->null_count() > 0) {
      return Status::TypeError("not numbers");
    }
    return out;
  }

  const arrow::DataType& element() const { return *values->type(); }
  std::vector<int64_t> ShapeOf(int64_t row) const {
    if (shapes != nullptr) {
      const auto& lists = static_cast<const arrow::FixedSizeListArray&>(*shapes);
      const auto& sizes = static_cast<const arrow::Int32Array&>(*lists.values());
      const int64_t begin = lists.value_offset(row);
      std::vector<int64_t> out;
      for (int64_t i = 0; i < lists.value_length(row); ++i) out.push_back(sizes.Value(begin + i));
      return out;
    }
    if (!shape.empty() || rows == nullptr) return shape;
    return {RangeOf(row).second};
  }
  std::pair<int64_t, int64_t> RangeOf(int64_t row) const {
    if (rows == nullptr) return {row, 1};
    if (rows->type_id() == arrow::Type::LIST) {
      const auto& lists = static_cast<const arrow::ListArray&>(*rows);
      return {lists.value_offset(row), lists.value_length(row)};
    }
    const auto& lists = static_cast<const arrow::FixedSizeListArray&>(*rows);
    return {lists.value_offset(row), lists.value_length(row)};
  }
  std::string_view BytesOf(int64_t row) const {
    const auto [begin, count] = RangeOf(row);
    const int64_t width = values->type()->byte_width();
    const auto& data = *values->data();
    return {reinterpret_cast<const char*>(data.buffers[1]->data()) + (data.offset + begin) * width,
            static_cast<size_t>(count * width)};
  }
};

class NpyCellEncoder final : public CellEncoder {
 public:
  explicit NpyCellEncoder(NumberRows rows) : rows_(std::move(rows)) {}
  Status Encode(int64_t row, std::string* out) const override {
    ARROW_ASSIGN_OR_RAISE(*out, FormatNpyHeader(rows_.element(), rows_.ShapeOf(row)));
    out->append(rows_.BytesOf(row));
    return Status::OK();
  }

 private:
  const NumberRows rows_;
};

class ImageEncoder final : public CellEncoder {
 public:
  ImageEncoder(NumberRows rows, bool is_png) : rows_(std::move(rows)), is_png_(is_png) {}
  Status Encode(int64_t row, std::string* out) const override {
    const std::vector<int64_t> shape = rows_.ShapeOf(row);
    if (shape.size() < 2 || shape.size() > 3) {
      return Status::Invalid("an image has 2 or 3 dimensions, not ", shape.size());
    }
    const media::Pixels pixels{.data = reinterpret_cast<const uint8_t*>(rows_.BytesOf(row).data()),
                               .width = shape[1],
                               .height = shape[0],
                               .channels = shape.size() == 3 ? shape[2] : 1};
    return (is_png_ ? media::EncodePng(pixels) : media::EncodeJpeg(pixels)).Value(out);
  }

 private:
  const NumberRows rows_;
  const bool is_png_;
};

}  // namespace

Result<std::unique_ptr<CellEncoder>> MakeCellEncoder(const std::string& name,
                                                     const ArrayPtr& column, bool encode) {
  const std::string_view end = std::string_view(name).substr(name.rfind('.') + 1);
  const auto id = column->type_id();
  const bool is_json = encode && end == "json";
  if (id == arrow::Type::BINARY || (id == arrow::Type::STRING && !is_json)) {
    return std::make_unique<PlainEncoder<arrow::BinaryArray>>(column);
  }
  if (id == arrow::Type::LARGE_BINARY || (id == arrow::Type::LARGE_STRING && !is_json)) {
    return std::make_unique<PlainEncoder<arrow::LargeBinaryArray>>(column);
  }
  if (is_json) return std::make_unique<JsonCellEncoder>(column);
  if (encode && (end == "cls" || end == "cls2") && arrow::is_integer(id)) {
    ARROW_ASSIGN_OR_RAISE(auto integers, arrow::compute::Cast(*column, arrow::int64()));
    return std::make_unique<IntegerEncoder>(std::move(integers));
  }
  const bool is_image = end == "png" || end == "jpg" || end == "jpeg";
  if (encode && (is_image || end == "npy")) {
    auto rows = NumberRows::Of(column);
    if (rows.ok() && end == "npy") return std::make_unique<NpyCellEncoder>(*std::move(rows));
    if (rows.ok() && rows->element().id() == arrow::Type::UINT8) {
      return std::make_unique<ImageEncoder>(*std::move(rows), end == "png");
    }
  }
  if (!encode) {
    return Status::TypeError("column '", name, "' is ", column->type()->ToString(),
                             "; the encoder has to make bytes or text of it");
  }
  return Status::TypeError("column '", name, "' is ", column->type()->ToString(),
                           ", which a file *.", end,
                           " cannot hold; give the column a name that ends in .json, .npy or "
                           ".cls, or an encoder");
}

}  // namespace headrace::datasource
