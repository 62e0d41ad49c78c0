// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/bytes_table.h"
#include "headrace/compute/hash_key_column.h"
#include "headrace/compute/word_table.h"

namespace headrace::compute {

/// Maps rows of keys to dense group numbers, in order of first appearance. Null keys are equal to
/// one another and so are NaN keys. One thread at a time.
///
/// One key of at most 8 bytes is a word in a WordTable. Everything else is bytes in a BytesTable:
/// one text key its own bytes, several keys a row of words (a mask of nulls, fixed values, lengths)
/// and then their texts. Of a single dictionary-encoded text key each value is looked up once per
/// dictionary instead of once per row.
///
/// Numbers are a matter of the values, not of their types: when a later block has wider keys (int64
/// after int32), the keys become wide and keep their numbers.
class GroupTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  explicit GroupTable(std::vector<std::string> names);

  /// Most of the next `more` rows will be new groups.
  void Reserve(int64_t more) {
    if (layout_ == Layout::kWord) words_.Reserve(more);
  }
  /// Group number of each row of `block`, into `ids`; new keys become new groups. Fails with
  /// KeyError for a missing column, with TypeError for a type that cannot be a key or that does not
  /// go with those of earlier blocks, with CapacityError for more than 2^32 - 2 groups.
  Status Add(const Block& block, std::vector<uint32_t>* ids);
  /// As Add, but the columns are given, one per name.
  Status Add(const arrow::ArrayVector& columns, int64_t num_rows, std::vector<uint32_t>* ids);
  /// kNone for rows whose key is no group. Their types have to be those of the groups, but for
  /// dictionaries.
  Status Find(const arrow::ArrayVector& columns, int64_t num_rows,
              std::vector<uint32_t>* ids) const;

  int64_t num_groups() const { return num_groups_; }
  /// Keys of all groups, in order, one array per name; a dictionary comes back as its values.
  Result<arrow::ArrayVector> Keys(arrow::MemoryPool* pool) const;
  /// Types of Keys(): null before the first block.
  const std::vector<std::shared_ptr<arrow::DataType>>& types() const { return types_; }
  /// Memory of the table, without what it returned.
  int64_t bytes() const;
  /// Forgets all groups; types stay.
  void Clear();

 private:
  enum class Layout : uint8_t { kNoKey, kWord, kBytes, kRow };
  /// Codes of a dictionary that were looked up: the last dictionary seen, kept so that slices of
  /// one block share it.
  struct SeenDictionary {
    std::shared_ptr<arrow::ArrayData> values;
    std::vector<uint32_t> groups;
  };

  void ChooseLayout();
  /// Makes types_ hold `columns` too, and casts those that are of another type.
  Result<std::vector<HashKeyColumn>> Conform(const arrow::ArrayVector& columns, int64_t num_rows);
  Status Retype(std::vector<std::shared_ptr<arrow::DataType>> types);
  void AddWords(const HashKeyColumn& key, uint32_t* ids);
  void AddBytes(const HashKeyColumn& key, uint32_t* ids);
  void AddCodes(const HashKeyColumn& key, uint32_t* ids);
  void AddRows(const std::vector<HashKeyColumn>& keys, int64_t begin, int64_t end, uint32_t* ids);
  void AddCodeTuples(const std::vector<HashKeyColumn>& keys, int64_t num_rows, int64_t num_tuples,
                     uint32_t* ids);
  uint32_t NullGroup();
  Result<arrow::ArrayVector> KeysOfRows(arrow::MemoryPool* pool) const;

  const std::vector<std::string> names_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;
  Layout layout_ = Layout::kNoKey;
  int64_t num_groups_ = 0;
  WordTable words_;
  std::vector<uint64_t> word_keys_;  // kWord: by group
  BytesTable rows_;
  std::optional<uint32_t> null_group_;  // kWord, kBytes
  SeenDictionary seen_;
};

}  // namespace headrace::compute
