// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// The records of a TFRecord stream: length, checksum of the length, data, checksum of the data.
/// One thread.
class RecordReader {
 public:
  explicit RecordReader(std::shared_ptr<arrow::io::InputStream> stream)
      : stream_(std::move(stream)) {}

  /// Puts the next record into `record`; false at the end of the stream. Fails with Invalid naming
  /// record and byte where the stream is cut off or a checksum does not match. Memory grows with
  /// what is there, not with what a length claims.
  Result<bool> Next(std::string* record);
  /// Records that have been read.
  int64_t num_records() const { return num_records_; }

 private:
  Status Damaged(std::string_view what) const;

  std::shared_ptr<arrow::io::InputStream> stream_;
  std::string header_;
  int64_t num_records_ = 0;
  int64_t position_ = 0;  // where the next record begins
};

/// Appends `record` with its frame.
void AppendRecord(std::string_view record, std::string* out);

}  // namespace headrace::datasource
