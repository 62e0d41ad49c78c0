// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/group_table.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>

#include "headrace/block/schema.h"
#include "headrace/compute/key_rows.h"

namespace headrace::compute {
namespace {

// Rows encoded at a time: their keys stay in the cache until they are looked up.
constexpr int64_t kBatch = 512;

/// Calls `take(keys, begin)` with the encoded keys of one batch of rows after the other.
template <typename Take>
void ForEncodedRows(const std::vector<std::shared_ptr<arrow::DataType>>& types,
                    const std::vector<HashKeyColumn>& keys, int64_t begin, int64_t end, Take take) {
  KeyRows encoder(types);
  std::vector<std::string_view> rows;
  for (; begin < end; begin += kBatch) {
    encoder.Encode(keys, begin, std::min(kBatch, end - begin), &rows);
    take(std::span<const std::string_view>(rows), begin);
  }
}

/// How many different rows keys that are all dictionaries can make; 0 where some are none, or where
/// there are too many for a list of them.
int64_t NumCodeTuples(const std::vector<HashKeyColumn>& keys) {
  constexpr int64_t kMaxTuples = 4096;
  int64_t tuples = 1;
  for (const HashKeyColumn& key : keys) {
    if (key.codes().empty() || key.dictionary_size() >= kMaxTuples) return 0;
    tuples *= key.dictionary_size() + 1;  // and null
    if (tuples > kMaxTuples) return 0;
  }
  return tuples;
}

/// Validity of `length` rows of which one is null.
Result<std::shared_ptr<arrow::Buffer>> AllBut(std::optional<uint32_t> null_row, int64_t length,
                                              arrow::MemoryPool* pool) {
  if (!null_row) return nullptr;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(length, pool));
  arrow::bit_util::SetBitsTo(bits->mutable_data(), 0, length, true);
  arrow::bit_util::ClearBit(bits->mutable_data(), *null_row);
  return bits;
}

Result<std::vector<HashKeyColumn>> MakeKeys(const arrow::ArrayVector& columns,
                                            const std::vector<std::string>& names) {
  std::vector<HashKeyColumn> keys;
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(HashKeyColumn key, HashKeyColumn::Make(columns[i], names[i]));
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& type) {
  std::shared_ptr<arrow::Array> plain = array;
  if (array->type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryType&>(*array->type());
    ARROW_ASSIGN_OR_RAISE(plain, arrow::compute::Cast(*array, encoded.value_type()));
  }
  return arrow::compute::Cast(*plain, type);
}

}  // namespace

GroupTable::GroupTable(std::vector<std::string> names)
    : names_(std::move(names)), types_(names_.size(), arrow::null()) {
  ChooseLayout();
}

void GroupTable::ChooseLayout() {
  layout_ = Layout::kRow;
  if (names_.empty()) layout_ = Layout::kNoKey;
  if (names_.size() != 1) return;
  const arrow::DataType& type = *types_.front();
  if (arrow::is_base_binary_like(type.id()) || type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    layout_ = Layout::kBytes;
  } else if (type.id() == arrow::Type::BOOL ||
             (type.id() != arrow::Type::NA && type.byte_width() <= 8)) {
    layout_ = Layout::kWord;
  }
}

Status GroupTable::Add(const Block& block, std::vector<uint32_t>* ids) {
  arrow::ArrayVector columns;
  for (const std::string& name : names_) {
    ARROW_ASSIGN_OR_RAISE(auto column, FindColumn(block, name));
    columns.push_back(std::move(column));
  }
  return Add(columns, block.num_rows(), ids);
}

Status GroupTable::Add(const arrow::ArrayVector& columns, int64_t num_rows,
                       std::vector<uint32_t>* ids) {
  if (num_groups_ + num_rows >= kNone) {
    return Status::CapacityError("more than 2^32 - 2 groups in one table");
  }
  if (names_.size() > 64) {
    return Status::Invalid("there are ", names_.size(), " key columns; at most 64 are possible");
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<HashKeyColumn> keys, Conform(columns, num_rows));
  ids->resize(static_cast<size_t>(num_rows));
  switch (layout_) {
    case Layout::kNoKey:
      std::fill(ids->begin(), ids->end(), 0);
      if (num_rows > 0) num_groups_ = 1;
      break;
    case Layout::kWord:
      AddWords(keys.front(), ids->data());
      break;
    case Layout::kBytes:
      if (keys.front().codes().empty()) {
        AddBytes(keys.front(), ids->data());
      } else {
        AddCodes(keys.front(), ids->data());
      }
      break;
    case Layout::kRow:
      if (const int64_t num_tuples = NumCodeTuples(keys); num_tuples > 0) {
        AddCodeTuples(keys, num_rows, num_tuples, ids->data());
      } else {
        AddRows(keys, 0, num_rows, ids->data());
      }
  }
  return Status::OK();
}

Result<std::vector<HashKeyColumn>> GroupTable::Conform(const arrow::ArrayVector& columns,
                                                       int64_t num_rows) {
  ARROW_ASSIGN_OR_RAISE(std::vector<HashKeyColumn> keys, MakeKeys(columns, names_));
  auto types = types_;
  bool retype = false;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].type()->Equals(*types_[i])) continue;
    ARROW_ASSIGN_OR_RAISE(const auto schema,
                          UnifySchemas({arrow::schema({arrow::field(names_[i], types_[i])}),
                                        arrow::schema({arrow::field(names_[i], keys[i].type())})}));
    types[i] = schema->field(0)->type();
    retype |= !types[i]->Equals(*types_[i]);
  }
  if (retype) ARROW_RETURN_NOT_OK(Retype(types));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].type()->Equals(*types_[i])) continue;
    ARROW_ASSIGN_OR_RAISE(auto cast, CastTo(columns[i], types_[i]));
    ARROW_ASSIGN_OR_RAISE(keys[i], HashKeyColumn::Make(std::move(cast), names_[i]));
  }
  return keys;
}

Status GroupTable::Retype(std::vector<std::shared_ptr<arrow::DataType>> types) {
  const int64_t num_groups = num_groups_;
  arrow::ArrayVector keys;
  if (num_groups > 0) {
    ARROW_ASSIGN_OR_RAISE(keys, Keys(arrow::default_memory_pool()));
    for (size_t i = 0; i < keys.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(keys[i], CastTo(keys[i], types[i]));
    }
  }
  Clear();
  types_ = std::move(types);
  ChooseLayout();
  if (num_groups == 0) return Status::OK();
  // In their order, so that every group gets the number that it had.
  std::vector<uint32_t> ids;
  return Add(keys, num_groups, &ids);
}

uint32_t GroupTable::NullGroup() {
  if (!null_group_) {
    null_group_ = static_cast<uint32_t>(num_groups_++);
    if (layout_ == Layout::kWord) word_keys_.push_back(0);
  }
  return *null_group_;
}

void GroupTable::AddWords(const HashKeyColumn& key, uint32_t* ids) {
  uint64_t words[kBatch];
  uint32_t found[kBatch];
  uint16_t rows[kBatch];
  for (int64_t begin = 0; begin < key.length(); begin += kBatch) {
    const int64_t count = std::min(kBatch, key.length() - begin);
    key.Words(begin, count, 1, words);
    const auto insert = [&](int64_t first, int64_t num_words, uint32_t* out) {
      const auto next = static_cast<uint32_t>(num_groups_);
      num_groups_ = words_.Insert({words + first, static_cast<size_t>(num_words)}, next, out);
      if (num_groups_ == next) return;
      word_keys_.resize(static_cast<size_t>(num_groups_));
      for (int64_t i = 0; i < num_words; ++i) word_keys_[out[i]] = words[first + i];
    };
    if (!key.has_nulls()) {
      insert(0, count, ids + begin);
      continue;
    }
    // Up to the first null ever, which gets its number where it stands; then without the nulls.
    int64_t first = 0;
    if (!null_group_) {
      while (first < count && !key.IsNull(begin + first)) ++first;
      insert(0, first, ids + begin);
      if (first < count) NullGroup();
    }
    int64_t num_words = 0;
    for (int64_t i = first; i < count; ++i) {
      if (key.IsNull(begin + i)) {
        ids[begin + i] = *null_group_;
      } else {
        rows[num_words] = static_cast<uint16_t>(i);
        words[first + num_words++] = words[i];
      }
    }
    insert(first, num_words, found);
    for (int64_t i = 0; i < num_words; ++i) ids[begin + rows[i]] = found[i];
  }
}

void GroupTable::AddBytes(const HashKeyColumn& key, uint32_t* ids) {
  std::string_view texts[kBatch];
  int64_t row = 0;
  while (row < key.length()) {
    if (key.IsNull(row)) {
      ids[row++] = NullGroup();
      continue;
    }
    const int64_t begin = row;
    for (; row < key.length() && row - begin < kBatch && !key.IsNull(row); ++row) {
      texts[row - begin] = key.Bytes(row);
    }
    num_groups_ = rows_.Insert({texts, static_cast<size_t>(row - begin)},
                               static_cast<uint32_t>(num_groups_), ids + begin);
  }
}

void GroupTable::AddCodes(const HashKeyColumn& key, uint32_t* ids) {
  const auto& values = key.dictionary()->data();
  if (seen_.values != values) {
    seen_.values = values;
    seen_.groups.assign(static_cast<size_t>(key.dictionary_size()), kNone);
  }
  const std::vector<int32_t>& codes = key.codes();
  for (size_t row = 0; row < codes.size(); ++row) {
    if (codes[row] < 0) {
      ids[row] = NullGroup();
      continue;
    }
    uint32_t& group = seen_.groups[codes[row]];
    if (group == kNone) {
      const std::string_view text = key.DictionaryValue(codes[row]);
      num_groups_ = rows_.Insert({&text, 1}, static_cast<uint32_t>(num_groups_), &group);
    }
    ids[row] = group;
  }
}

void GroupTable::AddRows(const std::vector<HashKeyColumn>& keys, int64_t begin, int64_t end,
                         uint32_t* ids) {
  ForEncodedRows(
      types_, keys, begin, end, [&](std::span<const std::string_view> rows, int64_t first) {
        num_groups_ = rows_.Insert(rows, static_cast<uint32_t>(num_groups_), ids + first);
      });
}

/// Each tuple of codes is looked up once.
void GroupTable::AddCodeTuples(const std::vector<HashKeyColumn>& keys, int64_t num_rows,
                               int64_t num_tuples, uint32_t* ids) {
  std::vector<uint32_t> groups(static_cast<size_t>(num_tuples), kNone);
  for (int64_t row = 0; row < num_rows; ++row) {
    int64_t tuple = 0;
    for (const HashKeyColumn& key : keys) {
      tuple = tuple * (key.dictionary_size() + 1) + key.codes()[static_cast<size_t>(row)] + 1;
    }
    uint32_t& group = groups[static_cast<size_t>(tuple)];
    if (group == kNone) {
      AddRows(keys, row, row + 1, ids);
      group = ids[row];
    }
    ids[row] = group;
  }
}

Status GroupTable::Find(const arrow::ArrayVector& columns, int64_t num_rows,
                        std::vector<uint32_t>* ids) const {
  ARROW_ASSIGN_OR_RAISE(const std::vector<HashKeyColumn> keys, MakeKeys(columns, names_));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].type()->Equals(*types_[i])) continue;
    return Status::TypeError("Key '", names_[i], "' is looked up as ", keys[i].type()->ToString(),
                             " among keys of type ", types_[i]->ToString());
  }
  ids->assign(static_cast<size_t>(num_rows), kNone);
  if (num_groups_ == 0) return Status::OK();
  if (layout_ == Layout::kNoKey) {
    std::fill(ids->begin(), ids->end(), 0);
    return Status::OK();
  }
  if (layout_ == Layout::kRow) {
    ForEncodedRows(types_, keys, 0, num_rows,
                   [&](std::span<const std::string_view> rows, int64_t begin) {
                     rows_.Find(rows, ids->data() + begin);
                   });
    return Status::OK();
  }
  const HashKeyColumn& key = keys.front();
  uint64_t words[kBatch];
  std::string_view texts[kBatch];
  for (int64_t begin = 0; begin < num_rows; begin += kBatch) {
    const int64_t count = std::min(kBatch, num_rows - begin);
    if (layout_ == Layout::kWord) {
      key.Words(begin, count, 1, words);
      words_.Find({words, static_cast<size_t>(count)}, ids->data() + begin);
    } else {
      for (int64_t i = 0; i < count; ++i) {
        texts[i] = key.IsNull(begin + i) ? std::string_view() : key.Bytes(begin + i);
      }
      rows_.Find({texts, static_cast<size_t>(count)}, ids->data() + begin);
    }
    if (!key.has_nulls()) continue;
    for (int64_t row = begin; row < begin + count; ++row) {
      if (key.IsNull(row)) (*ids)[row] = null_group_.value_or(kNone);
    }
  }
  return Status::OK();
}

Result<arrow::ArrayVector> GroupTable::Keys(arrow::MemoryPool* pool) const {
  if (layout_ == Layout::kNoKey) return arrow::ArrayVector();
  if (layout_ == Layout::kRow) return KeysOfRows(pool);
  ARROW_ASSIGN_OR_RAISE(auto validity, AllBut(null_group_, num_groups_, pool));
  if (layout_ == Layout::kWord) {
    ARROW_ASSIGN_OR_RAISE(auto keys, ArrayOfWords(types_.front(), word_keys_.data(), 1, num_groups_,
                                                  std::move(validity), pool));
    return arrow::ArrayVector{std::move(keys)};
  }
  std::vector<std::string_view> texts(static_cast<size_t>(num_groups_));
  for (size_t i = 0; i < texts.size(); ++i) texts[i] = rows_.Key(static_cast<uint32_t>(i));
  ARROW_ASSIGN_OR_RAISE(
      auto keys, ArrayOfTexts(types_.front(), texts, validity ? validity->data() : nullptr, pool));
  return arrow::ArrayVector{std::move(keys)};
}

Result<arrow::ArrayVector> GroupTable::KeysOfRows(arrow::MemoryPool* pool) const {
  std::vector<std::string_view> rows(static_cast<size_t>(num_groups_));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = rows_.Key(static_cast<uint32_t>(i));
  return KeyRows(types_).Decode(rows, pool);
}

int64_t GroupTable::bytes() const {
  return words_.bytes() + rows_.bytes() +
         static_cast<int64_t>(word_keys_.capacity() * sizeof(uint64_t) +
                              seen_.groups.capacity() * sizeof(uint32_t));
}

void GroupTable::Clear() {
  num_groups_ = 0;
  words_.Clear();
  word_keys_ = {};
  rows_.Clear();
  null_group_.reset();
  seen_ = {};
}

}  // namespace headrace::compute
