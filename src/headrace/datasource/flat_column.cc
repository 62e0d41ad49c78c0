// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/flat_column.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/buffer_builder.h>
#include <arrow/util/bitmap_builders.h>
#include <parquet/column_page.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "headrace/datasource/flat_page.h"
#include "headrace/datasource/rle_hybrid.h"

namespace headrace::datasource {
namespace {

bool OnlyDictionaryPages(const parquet::ColumnChunkMetaData& chunk) {
  if (!chunk.has_dictionary_page() || chunk.encoding_stats().empty()) return false;
  for (const auto& stats : chunk.encoding_stats()) {
    const bool is_data = stats.page_type == parquet::PageType::DATA_PAGE ||
                         stats.page_type == parquet::PageType::DATA_PAGE_V2;
    if (is_data && stats.encoding != parquet::Encoding::RLE_DICTIONARY &&
        stats.encoding != parquet::Encoding::PLAIN_DICTIONARY) {
      return false;
    }
  }
  return true;
}

/// Which output rows are null; nothing until the first one that is.
class Validity {
 public:
  void Append(bool valid, int64_t row) {
    if (!valid && bytes_.empty()) bytes_.assign(row, 1);
    if (!bytes_.empty() || !valid) bytes_.push_back(valid ? 1 : 0);
    if (!valid) ++num_nulls_;
  }
  /// `count` valid rows.
  void AppendValid(int64_t count) {
    if (!bytes_.empty()) bytes_.insert(bytes_.end(), count, 1);
  }
  int64_t num_nulls() const { return num_nulls_; }
  Result<std::shared_ptr<arrow::Buffer>> Finish(arrow::MemoryPool* pool) const {
    if (num_nulls_ == 0) return nullptr;
    return arrow::internal::BytesToBits(bytes_, pool);
  }

 private:
  std::vector<uint8_t> bytes_;
  int64_t num_nulls_ = 0;
};

/// Walks the pages of a chunk and the selected rows in each.
class FlatPages {
 public:
  FlatPages(parquet::PageReader* pages, bool nullable, const RowSelection& selection)
      : pages_(pages), parser_(nullable), selection_(selection) {
    if (selection_.all) return;
    pages_->set_data_page_filter([this](const parquet::DataPageStats& stats) {
      // Called before a page is decompressed; first_row_ is its first row.
      const int64_t end = first_row_ + stats.num_values;
      const bool skip =
          next_selected_ == selection_.rows.size() || selection_.rows[next_selected_] >= end;
      if (skip) first_row_ = end;
      return skip;
    });
  }
  ~FlatPages() { pages_->set_data_page_filter(nullptr); }

  /// The next data page with selected rows; false at the end. Hands dictionary pages to
  /// `on_dictionary`.
  template <typename OnDictionary>
  Result<bool> Next(OnDictionary&& on_dictionary) {
    while (true) {
      first_row_ += page_.num_rows;
      page_.num_rows = 0;
      holder_ = pages_->NextPage();
      if (holder_ == nullptr) return false;
      if (holder_->type() == parquet::PageType::DICTIONARY_PAGE) {
        ARROW_RETURN_NOT_OK(on_dictionary(static_cast<const parquet::DictionaryPage&>(*holder_)));
        continue;
      }
      if (holder_->type() != parquet::PageType::DATA_PAGE &&
          holder_->type() != parquet::PageType::DATA_PAGE_V2) {
        continue;
      }
      // Before anything is sized by what the page says of itself.
      const auto& data_page = static_cast<const parquet::DataPage&>(*holder_);
      if (data_page.num_values() > selection_.num_rows - first_row_) {
        return Status::Invalid("more values than the ", selection_.num_rows, " rows of the footer");
      }
      ARROW_RETURN_NOT_OK(parser_.Parse(*holder_, &page_));
      return true;
    }
  }

  const FlatPage& page() const { return page_; }
  const FlatPageParser& parser() const { return parser_; }

  /// Whether every row of the page is selected and none is null.
  bool IsWhole() const { return selection_.all && page_.present.empty(); }

  /// The selected rows of the page, counted from `*first_row`. Not for selections of all rows.
  std::span<const int32_t> TakeSelected(int64_t* first_row) {
    const size_t begin = next_selected_;
    const auto& rows = selection_.rows;
    const auto end =
        std::lower_bound(rows.begin() + begin, rows.end(), first_row_ + page_.num_rows);
    next_selected_ = end - rows.begin();
    *first_row = first_row_;
    return std::span(rows).subspan(begin, next_selected_ - begin);
  }

  /// Calls emit(position among the non-null values of the page) or null() for each selected row.
  template <typename Emit, typename Null>
  void ForEachSelected(Emit&& emit, Null&& null) {
    const int64_t end = first_row_ + page_.num_rows;
    if (page_.present.empty()) {
      if (selection_.all) {
        for (int64_t row = 0; row < page_.num_rows; ++row) emit(row);
      } else {
        const auto& rows = selection_.rows;
        for (; next_selected_ < rows.size() && rows[next_selected_] < end; ++next_selected_) {
          emit(rows[next_selected_] - first_row_);
        }
      }
      return;
    }
    int64_t position = 0;
    if (selection_.all) {
      for (int64_t row = 0; row < page_.num_rows; ++row) {
        if (page_.present[row] != 0) {
          emit(position++);
        } else {
          null();
        }
      }
      return;
    }
    for (int64_t row = 0; row < page_.num_rows; ++row) {
      const bool present = page_.present[row] != 0;
      const bool selected = next_selected_ < selection_.rows.size() &&
                            selection_.rows[next_selected_] == first_row_ + row;
      if (selected) ++next_selected_;
      if (selected && present) emit(position);
      if (selected && !present) null();
      position += present ? 1 : 0;
    }
  }

 private:
  parquet::PageReader* pages_;
  FlatPageParser parser_;
  const RowSelection& selection_;
  int64_t first_row_ = 0;  // of the current page
  size_t next_selected_ = 0;
  std::shared_ptr<parquet::Page> holder_;
  FlatPage page_;
};

/// Whether all `indices` are in [0, size).
bool AllBelow(const int32_t* indices, int64_t count, int64_t size) {
  if (size <= 0 || size > std::numeric_limits<int32_t>::max()) return count == 0;
  const auto last = static_cast<uint32_t>(size - 1);
  // The sign bit is set by an index that is negative, or above `last`. In steps of a fixed number
  // of rows, which become vector code.
  constexpr int64_t kStep = 64;
  uint32_t wrong = 0;
  int64_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    uint32_t wrong_here = 0;
    for (int64_t j = 0; j < kStep; ++j) {
      const auto index = static_cast<uint32_t>(indices[i + j]);
      wrong_here |= index | (last - index);
    }
    wrong |= wrong_here;
  }
  for (; i < count; ++i) {
    const auto index = static_cast<uint32_t>(indices[i]);
    wrong |= index | (last - index);
  }
  return (wrong >> 31) == 0;
}

/// Indices of a dictionary page, checked against the size of the dictionary.
Status DecodeIndices(const FlatPage& page, int64_t dictionary_size, int32_t* out) {
  if (page.num_present == 0) return Status::OK();
  if (page.values.empty()) return Status::Invalid("page is cut off");
  ARROW_RETURN_NOT_OK(
      DecodeRleHybrid(page.values.subspan(1), page.values.front(), page.num_present, out));
  if (!AllBelow(out, page.num_present, dictionary_size)) {
    return Status::Invalid("dictionary index above ", dictionary_size);
  }
  return Status::OK();
}

/// The rows of a chunk whose pages are all dictionary-encoded, as int32 indices.
Result<std::shared_ptr<arrow::Array>> DecodeToIndices(
    FlatPages* pages, int64_t num_out,
    const std::function<Result<std::shared_ptr<arrow::Array>>(
        const FlatPageParser&, const parquet::DictionaryPage&)>& make_dictionary,
    arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Array> dictionary;
  auto on_dictionary = [&](const parquet::DictionaryPage& page) {
    return make_dictionary(pages->parser(), page).Value(&dictionary);
  };
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(num_out * sizeof(int32_t), pool));
  auto* const out = reinterpret_cast<int32_t*>(buffer->mutable_data());
  int64_t next = 0;
  Validity validity;
  std::vector<int32_t> indices;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, pages->Next(on_dictionary));
    if (!more) break;
    const FlatPage& page = pages->page();
    if (!page.is_dictionary || dictionary == nullptr) {
      return Status::Invalid("page without the dictionary that the footer names");
    }
    if (pages->IsWhole()) {
      ARROW_RETURN_NOT_OK(DecodeIndices(page, dictionary->length(), out + next));
      validity.AppendValid(page.num_rows);
      next += page.num_rows;
      continue;
    }
    indices.resize(page.num_present);
    ARROW_RETURN_NOT_OK(DecodeIndices(page, dictionary->length(), indices.data()));
    if (page.present.empty()) {
      int64_t first_row = 0;
      const auto rows = pages->TakeSelected(&first_row);
      const int32_t* from = indices.data();
      for (size_t i = 0; i < rows.size(); ++i) out[next + i] = from[rows[i] - first_row];
      next += rows.size();
      validity.AppendValid(rows.size());
    } else {
      pages->ForEachSelected(
          [&](int64_t at) {
            validity.Append(true, next);
            out[next++] = indices[at];
          },
          [&] {
            validity.Append(false, next);
            out[next++] = 0;
          });
    }
  }
  if (next != num_out || dictionary == nullptr) {
    return Status::Invalid("expected ", num_out, " rows, found ", next);
  }
  ARROW_ASSIGN_OR_RAISE(auto bitmap, validity.Finish(pool));
  auto data = arrow::ArrayData::Make(arrow::dictionary(arrow::int32(), dictionary->type()), num_out,
                                     {std::move(bitmap), std::move(buffer)}, validity.num_nulls());
  data->dictionary = dictionary->data();
  return arrow::MakeArray(std::move(data));
}

template <typename T>
Result<std::shared_ptr<arrow::Array>> NumberDictionary(const FlatPageParser& parser,
                                                       const parquet::DictionaryPage& page,
                                                       const std::shared_ptr<arrow::DataType>& type,
                                                       arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, parser.Dictionary(page, pool));
  if (page.num_values() < 0 ||
      buffer->size() < static_cast<int64_t>(page.num_values()) * static_cast<int64_t>(sizeof(T))) {
    return Status::Invalid("dictionary page is cut off");
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, page.num_values(), {nullptr, std::move(buffer)}, 0));
}

/// Values of a page without nulls: all of them, or those of some rows.
template <typename T>
class PageValues {
 public:
  PageValues(const T* dictionary, const int32_t* indices, const uint8_t* plain)
      : dictionary_(dictionary), indices_(indices), plain_(plain) {}

  T At(int64_t position) const {
    if (indices_ != nullptr) return dictionary_[indices_[position]];
    T value;
    std::memcpy(&value, plain_ + position * sizeof(T), sizeof(T));
    return value;
  }
  void CopyAll(int64_t count, T* out) const {
    if (indices_ == nullptr) {
      if (count > 0) std::memcpy(out, plain_, count * sizeof(T));
      return;
    }
    const T* const dictionary = dictionary_;
    const int32_t* const indices = indices_;
    for (int64_t i = 0; i < count; ++i) out[i] = dictionary[indices[i]];
  }
  void CopyRows(std::span<const int32_t> rows, int64_t first_row, T* out) const {
    if (indices_ == nullptr) {
      for (size_t i = 0; i < rows.size(); ++i) out[i] = At(rows[i] - first_row);
      return;
    }
    const T* const dictionary = dictionary_;
    const int32_t* const indices = indices_;
    for (size_t i = 0; i < rows.size(); ++i) out[i] = dictionary[indices[rows[i] - first_row]];
  }

 private:
  const T* dictionary_;
  const int32_t* indices_;  // nullptr: plain
  const uint8_t* plain_;
};

template <typename T>
Result<std::shared_ptr<arrow::Array>> DecodeNumbers(FlatPages* pages, int64_t num_out,
                                                    const std::shared_ptr<arrow::DataType>& type,
                                                    arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Array> dictionary;
  const T* dictionary_values = nullptr;
  auto on_dictionary = [&](const parquet::DictionaryPage& page) -> Status {
    ARROW_ASSIGN_OR_RAISE(dictionary, NumberDictionary<T>(pages->parser(), page, type, pool));
    dictionary_values = dictionary->data()->template GetValues<T>(1);
    return Status::OK();
  };
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(num_out * sizeof(T), pool));
  auto* const out = reinterpret_cast<T*>(buffer->mutable_data());
  int64_t next = 0;
  Validity validity;
  std::vector<int32_t> indices;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, pages->Next(on_dictionary));
    if (!more) break;
    const FlatPage& page = pages->page();
    if (page.is_dictionary) {
      indices.resize(page.num_present);
      ARROW_RETURN_NOT_OK(
          DecodeIndices(page, dictionary == nullptr ? 0 : dictionary->length(), indices.data()));
    } else if (page.values.size() < page.num_present * sizeof(T)) {
      return Status::Invalid("page is cut off");
    }
    const PageValues<T> values(dictionary_values, page.is_dictionary ? indices.data() : nullptr,
                               page.values.data());
    if (pages->IsWhole()) {
      values.CopyAll(page.num_rows, out + next);
      next += page.num_rows;
      validity.AppendValid(page.num_rows);
    } else if (page.present.empty()) {
      int64_t first_row = 0;
      const auto rows = pages->TakeSelected(&first_row);
      values.CopyRows(rows, first_row, out + next);
      next += rows.size();
      validity.AppendValid(rows.size());
    } else {
      pages->ForEachSelected(
          [&](int64_t at) {
            validity.Append(true, next);
            out[next++] = values.At(at);
          },
          [&] {
            validity.Append(false, next);
            out[next++] = T{};
          });
    }
  }
  if (next != num_out) return Status::Invalid("expected ", num_out, " rows, found ", next);
  ARROW_ASSIGN_OR_RAISE(auto bitmap, validity.Finish(pool));
  return arrow::MakeArray(arrow::ArrayData::Make(
      type, num_out, {std::move(bitmap), std::move(buffer)}, validity.num_nulls()));
}

/// Values of a plain page of strings: each is its length and its bytes.
Status PlainStrings(std::span<const uint8_t> bytes, int64_t count,
                    std::vector<std::string_view>* out) {
  if (count > static_cast<int64_t>(bytes.size() / sizeof(uint32_t))) {
    return Status::Invalid("page is cut off");
  }
  out->clear();
  out->reserve(count);
  for (int64_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    if (bytes.size() < sizeof(length)) return Status::Invalid("page is cut off");
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes = bytes.subspan(sizeof(length));
    if (bytes.size() < length) return Status::Invalid("page is cut off");
    out->emplace_back(reinterpret_cast<const char*>(bytes.data()), length);
    bytes = bytes.subspan(length);
  }
  return Status::OK();
}

/// Strings with 32-bit offsets, one after the other.
class StringSink {
 public:
  StringSink(int64_t num_rows, int64_t expected_bytes, arrow::MemoryPool* pool)
      : num_rows_(num_rows), expected_bytes_(expected_bytes), offsets_(pool), bytes_(pool) {}

  Status Reserve() {
    ARROW_RETURN_NOT_OK(offsets_.Reserve(num_rows_ + 1));
    offsets_.UnsafeAppend(0);
    return bytes_.Reserve(expected_bytes_);
  }
  Status Append(std::string_view value) {
    if (!value.empty()) {
      ARROW_RETURN_NOT_OK(bytes_.Append(value.data(), static_cast<int64_t>(value.size())));
    }
    if (bytes_.length() > std::numeric_limits<int32_t>::max()) {
      return Status::CapacityError("strings of one row group take more than 2 GiB");
    }
    return offsets_.Append(static_cast<int32_t>(bytes_.length()));
  }
  Result<std::shared_ptr<arrow::Array>> Finish(const std::shared_ptr<arrow::DataType>& type,
                                               const Validity& validity, arrow::MemoryPool* pool) {
    const int64_t rows = offsets_.length() - 1;
    if (rows != num_rows_) return Status::Invalid("expected ", num_rows_, " rows, found ", rows);
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity.Finish(pool));
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Finish(/*shrink_to_fit=*/false));
    return arrow::MakeArray(arrow::ArrayData::Make(
        type, rows, {std::move(bitmap), std::move(offsets), std::move(bytes)},
        validity.num_nulls()));
  }

 private:
  const int64_t num_rows_;
  const int64_t expected_bytes_;
  arrow::TypedBufferBuilder<int32_t> offsets_;
  arrow::BufferBuilder bytes_;
};

Result<std::shared_ptr<arrow::Array>> StringDictionary(const FlatPageParser& parser,
                                                       const parquet::DictionaryPage& page,
                                                       const std::shared_ptr<arrow::DataType>& type,
                                                       arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, parser.Dictionary(page, pool));
  std::vector<std::string_view> values;
  ARROW_RETURN_NOT_OK(PlainStrings({bytes->data(), static_cast<size_t>(bytes->size())},
                                   page.num_values(), &values));
  StringSink sink(page.num_values(), bytes->size(), pool);
  ARROW_RETURN_NOT_OK(sink.Reserve());
  for (const std::string_view value : values) ARROW_RETURN_NOT_OK(sink.Append(value));
  return sink.Finish(type, Validity(), pool);
}

Result<std::shared_ptr<arrow::Array>> DecodeStrings(FlatPages* pages, int64_t num_out,
                                                    int64_t expected_bytes,
                                                    const std::shared_ptr<arrow::DataType>& type,
                                                    arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Array> dictionary;
  std::vector<std::string_view> dictionary_values;
  auto on_dictionary = [&](const parquet::DictionaryPage& page) -> Status {
    ARROW_ASSIGN_OR_RAISE(dictionary, StringDictionary(pages->parser(), page, type, pool));
    const auto& strings = static_cast<const arrow::BinaryArray&>(*dictionary);
    for (int64_t i = 0; i < strings.length(); ++i) dictionary_values.push_back(strings.GetView(i));
    return Status::OK();
  };
  StringSink sink(num_out, expected_bytes, pool);
  ARROW_RETURN_NOT_OK(sink.Reserve());
  Validity validity;
  int64_t next = 0;
  std::vector<int32_t> indices;
  std::vector<std::string_view> values;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, pages->Next(on_dictionary));
    if (!more) break;
    const FlatPage& page = pages->page();
    if (page.is_dictionary) {
      indices.resize(page.num_present);
      ARROW_RETURN_NOT_OK(
          DecodeIndices(page, static_cast<int64_t>(dictionary_values.size()), indices.data()));
    } else {
      ARROW_RETURN_NOT_OK(PlainStrings(page.values, page.num_present, &values));
    }
    Status status;
    pages->ForEachSelected(
        [&](int64_t at) {
          validity.Append(true, next++);
          status &= sink.Append(page.is_dictionary ? dictionary_values[indices[at]] : values[at]);
        },
        [&] {
          validity.Append(false, next++);
          status &= sink.Append({});
        });
    ARROW_RETURN_NOT_OK(status);
  }
  return sink.Finish(type, validity, pool);
}

}  // namespace

bool CanDecodeFlat(const parquet::ColumnDescriptor& column,
                   const parquet::ColumnChunkMetaData& chunk, const arrow::DataType& type) {
  if (column.max_repetition_level() > 0 || column.max_definition_level() > 1) return false;
  // Without page counts (old writers) a chunk that starts with a dictionary may go on otherwise.
  for (const auto encoding : chunk.encodings()) {
    if (encoding != parquet::Encoding::PLAIN && encoding != parquet::Encoding::RLE &&
        encoding != parquet::Encoding::RLE_DICTIONARY &&
        encoding != parquet::Encoding::PLAIN_DICTIONARY) {
      return false;
    }
  }
  switch (column.physical_type()) {
    case parquet::Type::INT32:
      return type.id() == arrow::Type::INT32 || type.id() == arrow::Type::UINT32 ||
             type.id() == arrow::Type::DATE32 || type.id() == arrow::Type::TIME32;
    case parquet::Type::INT64:
      return type.id() == arrow::Type::INT64 || type.id() == arrow::Type::UINT64 ||
             type.id() == arrow::Type::TIMESTAMP || type.id() == arrow::Type::TIME64;
    case parquet::Type::FLOAT:
      return type.id() == arrow::Type::FLOAT;
    case parquet::Type::DOUBLE:
      return type.id() == arrow::Type::DOUBLE;
    case parquet::Type::BYTE_ARRAY:
      return type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
    default:
      return false;
  }
}

Result<std::shared_ptr<arrow::Array>> DecodeFlatColumn(
    parquet::PageReader* pages, const parquet::ColumnDescriptor& column,
    const parquet::ColumnChunkMetaData& chunk, const std::shared_ptr<arrow::DataType>& type,
    const RowSelection& selection, bool keep_dictionary, arrow::MemoryPool* pool) {
  FlatPages flat(pages, column.max_definition_level() > 0, selection);
  const bool is_string = column.physical_type() == parquet::Type::BYTE_ARRAY;
  const bool is_wide = column.physical_type() == parquet::Type::INT64 ||
                       column.physical_type() == parquet::Type::DOUBLE;
  if ((keep_dictionary || is_string) && OnlyDictionaryPages(chunk)) {
    return DecodeToIndices(
        &flat, selection.size(),
        [&](const FlatPageParser& parser, const parquet::DictionaryPage& page) {
          if (is_string) return StringDictionary(parser, page, type, pool);
          return is_wide ? NumberDictionary<int64_t>(parser, page, type, pool)
                         : NumberDictionary<int32_t>(parser, page, type, pool);
        },
        pool);
  }
  if (is_string) {
    const double share = selection.num_rows == 0 ? 0
                                                 : static_cast<double>(selection.size()) /
                                                       static_cast<double>(selection.num_rows);
    const auto expected = static_cast<int64_t>(
        static_cast<double>(std::max<int64_t>(0, chunk.total_uncompressed_size())) * share);
    return DecodeStrings(&flat, selection.size(), expected, type, pool);
  }
  return is_wide ? DecodeNumbers<int64_t>(&flat, selection.size(), type, pool)
                 : DecodeNumbers<int32_t>(&flat, selection.size(), type, pool);
}

}  // namespace headrace::datasource
