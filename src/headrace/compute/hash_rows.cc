// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/hash_rows.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <bit>

#include "headrace/compute/hash_key_column.h"
#include "headrace/compute/key_hash.h"

namespace headrace::compute {
namespace {

// Words of a few rows at a time, so that they stay in the first cache.
constexpr int64_t kRowsAtATime = 512;

/// Upper words of a wide decimal count only where they are more than the sign of the lowest, so
/// that a value hashes alike in every width.
uint64_t HashWords(const uint64_t* words, int num_words) {
  uint64_t hash = HashWord(words[0]);
  const uint64_t sign = static_cast<int64_t>(words[0]) < 0 ? ~uint64_t{0} : 0;
  int last = num_words - 1;
  while (last > 0 && words[last] == sign) --last;
  for (int i = 1; i <= last; ++i) hash = HashCombine(hash, words[i]);
  return hash;
}

/// A double that is an integer as that integer: a column may have been read as the one in one block
/// and as the other in the next.
uint64_t IntegerWhereItIsOne(uint64_t word) {
  const auto value = std::bit_cast<double>(word);
  if (!(value >= -0x1p63 && value < 0x1p63)) return word;
  const auto integer = static_cast<int64_t>(value);
  return static_cast<double>(integer) == value ? static_cast<uint64_t>(integer) : word;
}

void HashWordColumn(const HashKeyColumn& column, uint64_t* out) {
  std::array<uint64_t, kRowsAtATime * 4> words;
  const int num_words = column.num_words();
  const bool is_float =
      column.type()->id() == arrow::Type::FLOAT || column.type()->id() == arrow::Type::DOUBLE;
  for (int64_t begin = 0; begin < column.length(); begin += kRowsAtATime) {
    const int64_t count = std::min(kRowsAtATime, column.length() - begin);
    if (num_words == 1) {
      column.Words(begin, count, 1, out + begin);
      for (int64_t i = begin; is_float && i < begin + count; ++i) {
        out[i] = IntegerWhereItIsOne(out[i]);
      }
      for (int64_t i = begin; i < begin + count; ++i) out[i] = HashWord(out[i]);
    } else if (num_words > 1) {
      column.Words(begin, count, num_words, words.data());
      for (int64_t i = 0; i < count; ++i) {
        out[begin + i] = HashWords(words.data() + i * num_words, num_words);
      }
    }
  }
}

void HashByteColumn(const HashKeyColumn& column, uint64_t* out) {
  if (column.codes().empty() || column.dictionary_size() > column.length()) {
    for (int64_t i = 0; i < column.length(); ++i) out[i] = HashBytes(column.Bytes(i));
    return;
  }
  std::vector<uint64_t> of_value(static_cast<size_t>(column.dictionary_size()));
  for (size_t i = 0; i < of_value.size(); ++i) {
    of_value[i] = HashBytes(column.DictionaryValue(static_cast<int32_t>(i)));
  }
  for (int64_t i = 0; i < column.length(); ++i) {
    const int32_t code = column.codes()[i];
    if (code >= 0) out[i] = of_value[code];
  }
}

void HashColumn(const HashKeyColumn& column, uint64_t* out) {
  if (column.form() == HashKeyColumn::Form::kBytes) {
    HashByteColumn(column, out);
  } else {
    HashWordColumn(column, out);
  }
  if (!column.has_nulls()) return;
  for (int64_t i = 0; i < column.length(); ++i) {
    if (column.IsNull(i)) out[i] = kNullHash;
  }
}

}  // namespace

Status HashRows(const Block& block, std::span<const std::string> columns,
                std::vector<uint64_t>* out) {
  out->assign(static_cast<size_t>(block.num_rows()), 0);
  std::vector<uint64_t> more;
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto array, FindColumn(block, columns[i]));
    ARROW_ASSIGN_OR_RAISE(const HashKeyColumn column,
                          HashKeyColumn::Make(std::move(array), columns[i]));
    if (i == 0) {
      HashColumn(column, out->data());
      continue;
    }
    more.resize(out->size());
    HashColumn(column, more.data());
    for (size_t row = 0; row < more.size(); ++row) {
      (*out)[row] = HashCombine((*out)[row], more[row]);
    }
  }
  return Status::OK();
}

}  // namespace headrace::compute
