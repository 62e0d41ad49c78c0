// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/flat_column.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/buffer_builder.h>
#include <arrow/util/bitmap_builders.h>
#include <parquet/column_page.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

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

/// Walks the pages of a chunk, range of rows after range of rows, and the selected rows in each. A
/// page that goes on behind a range stays for the next one.
class FlatPages {
 public:
  FlatPages(std::unique_ptr<parquet::PageReader> pages, bool nullable, int64_t chunk_rows)
      : pages_(std::move(pages)), parser_(nullable), chunk_rows_(chunk_rows) {
    pages_->set_data_page_filter([this](const parquet::DataPageStats& stats) {
      // Called before a page is decompressed; first_row_ is its first row.
      const int64_t end = first_row_ + stats.num_values;
      const bool skip = end <= NextWanted();
      if (skip) first_row_ = end;
      return skip;
    });
  }
  FlatPages(const FlatPages&) = delete;
  FlatPages& operator=(const FlatPages&) = delete;

  /// Turns to the selected rows of [first_row, first_row + selection.num_rows). `selection` has to
  /// live until they are read.
  Status Begin(int64_t first_row, const RowSelection& selection) {
    if (first_row < range_end_) return Status::Invalid("ranges of rows have to ascend");
    selection_ = &selection;
    range_begin_ = first_row;
    range_end_ = first_row + selection.num_rows;
    next_row_ = first_row;
    next_selected_ = 0;
    return Status::OK();
  }

  /// Goes on to the next part of a page with selected rows, the rows [part_begin_, part_end_) of
  /// the page; false at the end. Hands dictionary pages to `on_dictionary`.
  template <typename OnDictionary>
  Result<bool> Next(OnDictionary&& on_dictionary) {
    while (true) {
      const int64_t wanted = NextWanted();
      if (wanted >= range_end_) return false;
      const int64_t page_end = first_row_ + page_.num_rows;
      if (wanted < page_end) {
        part_begin_ = std::max(range_begin_, first_row_) - first_row_;
        if (selection_->all) part_begin_ = wanted - first_row_;
        part_end_ = std::min(range_end_, page_end) - first_row_;
        next_row_ = first_row_ + part_end_;
        return true;
      }
      first_row_ = page_end;
      page_.num_rows = 0;
      page_is_decoded = false;
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
      if (data_page.num_values() > chunk_rows_ - first_row_) {
        return Status::Invalid("more values than the ", chunk_rows_, " rows of the footer");
      }
      ARROW_RETURN_NOT_OK(parser_.Parse(*holder_, &page_));
    }
  }

  const FlatPage& page() const { return page_; }
  const FlatPageParser& parser() const { return parser_; }

  /// Whether every row of the part is selected and none is null: then its values are those of the
  /// page at [part_begin, part_end).
  bool IsContiguous() const { return selection_->all && page_.present.empty(); }
  bool IsWholePage() const { return part_begin_ == 0 && part_end_ == page_.num_rows; }
  int64_t part_begin() const { return part_begin_; }
  int64_t part_rows() const { return part_end_ - part_begin_; }

  /// The selected rows of the part; less `*offset` they are rows of the page. Not for selections
  /// of all rows.
  std::span<const int32_t> TakeSelected(int64_t* offset) {
    const size_t begin = next_selected_;
    const auto& rows = selection_->rows;
    *offset = first_row_ - range_begin_;
    const auto end = std::lower_bound(rows.begin() + begin, rows.end(), *offset + part_end_);
    next_selected_ = end - rows.begin();
    return std::span(rows).subspan(begin, next_selected_ - begin);
  }

  /// Calls emit(position among the non-null values of the page) or null() for each selected row of
  /// the part.
  template <typename Emit, typename Null>
  void ForEachSelected(Emit&& emit, Null&& null) {
    const auto& rows = selection_->rows;
    if (page_.present.empty()) {
      if (selection_->all) {
        for (int64_t row = part_begin_; row < part_end_; ++row) emit(row);
      } else {
        int64_t offset = 0;
        for (const int32_t row : TakeSelected(&offset)) emit(row - offset);
      }
      return;
    }
    const auto present = page_.present.begin();
    int64_t position = std::accumulate(present, present + part_begin_, int64_t{0});
    if (selection_->all) {
      for (int64_t row = part_begin_; row < part_end_; ++row) {
        if (page_.present[row] != 0) {
          emit(position++);
        } else {
          null();
        }
      }
      return;
    }
    const int64_t offset = first_row_ - range_begin_;
    for (int64_t row = part_begin_; row < part_end_; ++row) {
      const bool is_present = page_.present[row] != 0;
      const bool selected = next_selected_ < rows.size() && rows[next_selected_] == offset + row;
      if (selected) ++next_selected_;
      if (selected && is_present) emit(position);
      if (selected && !is_present) null();
      position += is_present ? 1 : 0;
    }
  }

  /// What was decoded of the current page is still there. Cleared with the page.
  bool page_is_decoded = false;

 private:
  /// The first row that is still to be read, or the end of the range.
  int64_t NextWanted() const {
    if (selection_->all) return next_row_;
    return next_selected_ < selection_->rows.size()
               ? range_begin_ + selection_->rows[next_selected_]
               : range_end_;
  }

  const std::unique_ptr<parquet::PageReader> pages_;
  FlatPageParser parser_;
  const int64_t chunk_rows_;
  const RowSelection* selection_ = nullptr;
  int64_t range_begin_ = 0;
  int64_t range_end_ = 0;
  int64_t next_row_ = 0;      // to be read, when all are selected
  size_t next_selected_ = 0;  // otherwise
  int64_t part_begin_ = 0;
  int64_t part_end_ = 0;
  int64_t first_row_ = 0;  // of the current page
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

/// What a decoder keeps from one range of rows to the next.
struct Decoding {
  Decoding(std::unique_ptr<parquet::PageReader> page_reader, bool nullable, int64_t chunk_rows,
           arrow::MemoryPool* memory_pool)
      : pages(std::move(page_reader), nullable, chunk_rows), pool(memory_pool) {}

  FlatPages pages;
  arrow::MemoryPool* const pool;
  std::shared_ptr<arrow::Array> dictionary;
  std::vector<std::string_view> dictionary_strings;
  // Of the current page, when pages.page_is_decoded.
  std::vector<int32_t> indices;
  std::vector<std::string_view> strings;
};

int64_t DictionarySize(const Decoding& state) {
  return state.dictionary == nullptr ? 0 : state.dictionary->length();
}

/// Decodes the indices of the current page, unless that was done for an earlier range.
Status DecodePageIndices(Decoding* state) {
  if (state->pages.page_is_decoded) return Status::OK();
  const FlatPage& page = state->pages.page();
  state->indices.resize(page.num_present);
  ARROW_RETURN_NOT_OK(DecodeIndices(page, DictionarySize(*state), state->indices.data()));
  state->pages.page_is_decoded = true;
  return Status::OK();
}

using MakeDictionary = std::function<Result<std::shared_ptr<arrow::Array>>(
    const FlatPageParser&, const parquet::DictionaryPage&)>;

/// The rows of a chunk whose pages are all dictionary-encoded, as int32 indices.
Result<std::shared_ptr<arrow::Array>> DecodeToIndices(Decoding* state, int64_t num_out,
                                                      const MakeDictionary& make_dictionary) {
  FlatPages* const pages = &state->pages;
  auto on_dictionary = [&](const parquet::DictionaryPage& page) {
    return make_dictionary(pages->parser(), page).Value(&state->dictionary);
  };
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(num_out * sizeof(int32_t), state->pool));
  auto* const out = reinterpret_cast<int32_t*>(buffer->mutable_data());
  int64_t next = 0;
  Validity validity;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, pages->Next(on_dictionary));
    if (!more) break;
    const FlatPage& page = pages->page();
    if (!page.is_dictionary || state->dictionary == nullptr) {
      return Status::Invalid("page without the dictionary that the footer names");
    }
    if (pages->IsContiguous()) {
      const int64_t rows = pages->part_rows();
      if (pages->IsWholePage()) {
        ARROW_RETURN_NOT_OK(DecodeIndices(page, DictionarySize(*state), out + next));
      } else {
        ARROW_RETURN_NOT_OK(DecodePageIndices(state));
        std::copy_n(state->indices.data() + pages->part_begin(), rows, out + next);
      }
      validity.AppendValid(rows);
      next += rows;
      continue;
    }
    ARROW_RETURN_NOT_OK(DecodePageIndices(state));
    const int32_t* const from = state->indices.data();
    if (page.present.empty()) {
      int64_t offset = 0;
      const auto rows = pages->TakeSelected(&offset);
      for (size_t i = 0; i < rows.size(); ++i) out[next + i] = from[rows[i] - offset];
      next += rows.size();
      validity.AppendValid(rows.size());
    } else {
      pages->ForEachSelected(
          [&](int64_t at) {
            validity.Append(true, next);
            out[next++] = from[at];
          },
          [&] {
            validity.Append(false, next);
            out[next++] = 0;
          });
    }
  }
  if (next != num_out || (state->dictionary == nullptr && num_out > 0)) {
    return Status::Invalid("expected ", num_out, " rows, found ", next);
  }
  ARROW_ASSIGN_OR_RAISE(auto bitmap, validity.Finish(state->pool));
  auto data =
      arrow::ArrayData::Make(arrow::dictionary(arrow::int32(), state->dictionary->type()), num_out,
                             {std::move(bitmap), std::move(buffer)}, validity.num_nulls());
  data->dictionary = state->dictionary->data();
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
  void CopyRange(int64_t begin, int64_t count, T* out) const {
    if (indices_ == nullptr) {
      if (count > 0) std::memcpy(out, plain_ + begin * sizeof(T), count * sizeof(T));
      return;
    }
    const T* const dictionary = dictionary_;
    const int32_t* const indices = indices_ + begin;
    for (int64_t i = 0; i < count; ++i) out[i] = dictionary[indices[i]];
  }
  void CopyRows(std::span<const int32_t> rows, int64_t offset, T* out) const {
    if (indices_ == nullptr) {
      for (size_t i = 0; i < rows.size(); ++i) out[i] = At(rows[i] - offset);
      return;
    }
    const T* const dictionary = dictionary_;
    const int32_t* const indices = indices_;
    for (size_t i = 0; i < rows.size(); ++i) out[i] = dictionary[indices[rows[i] - offset]];
  }

 private:
  const T* dictionary_;
  const int32_t* indices_;  // nullptr: plain
  const uint8_t* plain_;
};

template <typename T>
Result<std::shared_ptr<arrow::Array>> DecodeNumbers(Decoding* state, int64_t num_out,
                                                    const std::shared_ptr<arrow::DataType>& type) {
  FlatPages* const pages = &state->pages;
  auto on_dictionary = [&](const parquet::DictionaryPage& page) {
    return NumberDictionary<T>(pages->parser(), page, type, state->pool).Value(&state->dictionary);
  };
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(num_out * sizeof(T), state->pool));
  auto* const out = reinterpret_cast<T*>(buffer->mutable_data());
  int64_t next = 0;
  Validity validity;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, pages->Next(on_dictionary));
    if (!more) break;
    const FlatPage& page = pages->page();
    if (page.is_dictionary) {
      ARROW_RETURN_NOT_OK(DecodePageIndices(state));
    } else if (page.values.size() < page.num_present * sizeof(T)) {
      return Status::Invalid("page is cut off");
    }
    const T* const dictionary = state->dictionary == nullptr
                                    ? nullptr
                                    : state->dictionary->data()->template GetValues<T>(1);
    const PageValues<T> values(dictionary, page.is_dictionary ? state->indices.data() : nullptr,
                               page.values.data());
    if (pages->IsContiguous()) {
      values.CopyRange(pages->part_begin(), pages->part_rows(), out + next);
      next += pages->part_rows();
      validity.AppendValid(pages->part_rows());
    } else if (page.present.empty()) {
      int64_t offset = 0;
      const auto rows = pages->TakeSelected(&offset);
      values.CopyRows(rows, offset, out + next);
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
  ARROW_ASSIGN_OR_RAISE(auto bitmap, validity.Finish(state->pool));
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
      return Status::CapacityError("strings of one block take more than 2 GiB");
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

/// The strings of the current page: of its dictionary's values or its own.
Status DecodePageStrings(Decoding* state) {
  const FlatPage& page = state->pages.page();
  if (page.is_dictionary) return DecodePageIndices(state);
  if (state->pages.page_is_decoded) return Status::OK();
  ARROW_RETURN_NOT_OK(PlainStrings(page.values, page.num_present, &state->strings));
  state->pages.page_is_decoded = true;
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> DecodeStrings(Decoding* state, int64_t num_out,
                                                    int64_t expected_bytes,
                                                    const std::shared_ptr<arrow::DataType>& type) {
  FlatPages* const pages = &state->pages;
  auto on_dictionary = [&](const parquet::DictionaryPage& page) -> Status {
    ARROW_ASSIGN_OR_RAISE(state->dictionary,
                          StringDictionary(pages->parser(), page, type, state->pool));
    const auto& strings = static_cast<const arrow::BinaryArray&>(*state->dictionary);
    state->dictionary_strings.clear();
    for (int64_t i = 0; i < strings.length(); ++i) {
      state->dictionary_strings.push_back(strings.GetView(i));
    }
    return Status::OK();
  };
  StringSink sink(num_out, expected_bytes, state->pool);
  ARROW_RETURN_NOT_OK(sink.Reserve());
  Validity validity;
  int64_t next = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, pages->Next(on_dictionary));
    if (!more) break;
    ARROW_RETURN_NOT_OK(DecodePageStrings(state));
    const bool is_dictionary = pages->page().is_dictionary;
    Status status;
    pages->ForEachSelected(
        [&](int64_t at) {
          validity.Append(true, next++);
          status &= sink.Append(is_dictionary ? state->dictionary_strings[state->indices[at]]
                                              : state->strings[at]);
        },
        [&] {
          validity.Append(false, next++);
          status &= sink.Append({});
        });
    ARROW_RETURN_NOT_OK(status);
  }
  return sink.Finish(type, validity, state->pool);
}

}  // namespace

bool IsFlatType(const parquet::ColumnDescriptor& column, const arrow::DataType& type) {
  if (column.max_repetition_level() > 0 || column.max_definition_level() > 1) return false;
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

bool CanDecodeFlat(const parquet::ColumnDescriptor& column,
                   const parquet::ColumnChunkMetaData& chunk, const arrow::DataType& type) {
  if (!IsFlatType(column, type)) return false;
  // Without page counts (old writers) a chunk that starts with a dictionary may go on otherwise.
  const auto& encodings = chunk.encodings();
  return std::all_of(encodings.begin(), encodings.end(), [](parquet::Encoding::type encoding) {
    return encoding == parquet::Encoding::PLAIN || encoding == parquet::Encoding::RLE ||
           encoding == parquet::Encoding::RLE_DICTIONARY ||
           encoding == parquet::Encoding::PLAIN_DICTIONARY;
  });
}

class FlatColumnReader::Impl {
 public:
  Impl(std::unique_ptr<parquet::PageReader> pages, const parquet::ColumnDescriptor& column,
       const parquet::ColumnChunkMetaData& chunk, std::shared_ptr<arrow::DataType> type,
       bool keep_dictionary, arrow::MemoryPool* pool)
      : state_(std::move(pages), column.max_definition_level() > 0, chunk.num_values(), pool),
        type_(std::move(type)),
        is_string_(column.physical_type() == parquet::Type::BYTE_ARRAY),
        is_wide_(column.physical_type() == parquet::Type::INT64 ||
                 column.physical_type() == parquet::Type::DOUBLE),
        to_indices_((keep_dictionary || is_string_) && OnlyDictionaryPages(chunk)),
        chunk_rows_(chunk.num_values()),
        chunk_bytes_(std::max<int64_t>(0, chunk.total_uncompressed_size())) {}

  Result<std::shared_ptr<arrow::Array>> Read(int64_t first_row, const RowSelection& selection) {
    ARROW_RETURN_NOT_OK(state_.pages.Begin(first_row, selection));
    const int64_t num_out = selection.size();
    // Without rows there would be no dictionary either.
    if (num_out == 0) return arrow::MakeEmptyArray(type_, state_.pool);
    if (to_indices_) {
      return DecodeToIndices(&state_, num_out, [this](const auto& parser, const auto& page) {
        if (is_string_) return StringDictionary(parser, page, type_, state_.pool);
        return is_wide_ ? NumberDictionary<int64_t>(parser, page, type_, state_.pool)
                        : NumberDictionary<int32_t>(parser, page, type_, state_.pool);
      });
    }
    if (is_string_) {
      const double share =
          static_cast<double>(num_out) / static_cast<double>(std::max<int64_t>(1, chunk_rows_));
      const auto expected = static_cast<int64_t>(static_cast<double>(chunk_bytes_) * share);
      return DecodeStrings(&state_, num_out, expected, type_);
    }
    return is_wide_ ? DecodeNumbers<int64_t>(&state_, num_out, type_)
                    : DecodeNumbers<int32_t>(&state_, num_out, type_);
  }

 private:
  Decoding state_;
  const std::shared_ptr<arrow::DataType> type_;
  const bool is_string_;
  const bool is_wide_;
  const bool to_indices_;
  const int64_t chunk_rows_;
  const int64_t chunk_bytes_;
};

FlatColumnReader::FlatColumnReader(std::unique_ptr<parquet::PageReader> pages,
                                   const parquet::ColumnDescriptor& column,
                                   const parquet::ColumnChunkMetaData& chunk,
                                   std::shared_ptr<arrow::DataType> type, bool keep_dictionary,
                                   arrow::MemoryPool* pool)
    : impl_(std::make_unique<Impl>(std::move(pages), column, chunk, std::move(type),
                                   keep_dictionary, pool)) {}
FlatColumnReader::~FlatColumnReader() = default;

Result<std::shared_ptr<arrow::Array>> FlatColumnReader::Read(int64_t first_row,
                                                             const RowSelection& selection) {
  return impl_->Read(first_row, selection);
}

}  // namespace headrace::datasource
