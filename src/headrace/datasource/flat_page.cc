// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/flat_page.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "headrace/datasource/rle_hybrid.h"

namespace headrace::datasource {
namespace {

Status ParseLevels(std::span<const uint8_t> levels, FlatPage* out) {
  if (IsOneRun(levels, 1, out->num_rows)) return Status::OK();
  out->present.resize(out->num_rows);
  ARROW_RETURN_NOT_OK(DecodeRleHybrid(levels, 1, out->num_rows, out->present.data()));
  out->num_present = std::accumulate(out->present.begin(), out->present.end(), int64_t{0});
  if (out->num_present == out->num_rows) out->present.clear();
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> FlatPageParser::Dictionary(
    const parquet::DictionaryPage& page, arrow::MemoryPool* pool) {
  const int64_t size = page.size();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out, arrow::AllocateBuffer(size, pool));
  // The page's memory is used again for the next one.
  if (size > 0) std::memcpy(out->mutable_data(), page.data(), size);
  return out;
}

Status FlatPageParser::Parse(const parquet::Page& page, FlatPage* out) {
  const auto& data_page = static_cast<const parquet::DataPage&>(page);
  std::span<const uint8_t> bytes(page.data(), static_cast<size_t>(page.size()));
  out->num_rows = data_page.num_values();
  if (out->num_rows < 0) return Status::Invalid("page with ", out->num_rows, " values");
  out->num_present = out->num_rows;
  out->present.clear();
  out->is_dictionary = data_page.encoding() == parquet::Encoding::RLE_DICTIONARY ||
                       data_page.encoding() == parquet::Encoding::PLAIN_DICTIONARY;
  if (!out->is_dictionary && data_page.encoding() != parquet::Encoding::PLAIN) {
    return Status::Invalid("page encoding that the footer does not name: ",
                           parquet::EncodingToString(data_page.encoding()));
  }
  const bool is_v2 = page.type() == parquet::PageType::DATA_PAGE_V2;
  size_t levels = 0;
  if (is_v2) {
    const auto& v2 = static_cast<const parquet::DataPageV2&>(data_page);
    if (v2.repetition_levels_byte_length() != 0) return Status::Invalid("unexpected levels");
    levels = static_cast<size_t>(v2.definition_levels_byte_length());
  } else if (nullable_) {
    const auto& v1 = static_cast<const parquet::DataPageV1&>(data_page);
    if (v1.definition_level_encoding() != parquet::Encoding::RLE) {
      return Status::Invalid("unexpected encoding of definition levels");
    }
    uint32_t length = 0;
    if (bytes.size() < sizeof(length)) return Status::Invalid("page is cut off");
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes = bytes.subspan(sizeof(length));
    levels = length;
  }
  if (levels > bytes.size()) return Status::Invalid("page is cut off");
  if (nullable_) ARROW_RETURN_NOT_OK(ParseLevels(bytes.first(levels), out));
  out->values = bytes.subspan(levels);
  return Status::OK();
}

}  // namespace headrace::datasource
