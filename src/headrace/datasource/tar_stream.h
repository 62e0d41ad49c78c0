// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// The regular files of a tar archive, from front to back: ustar, GNU and pax headers. Directories,
/// links and devices are skipped; nothing is ever extracted, so names need no care. Own code and
/// not libarchive: the format is a header of fixed fields, compression is done by the streams of
/// io/, and the library would bring libxml2 and ICU into every wheel. One thread.
class TarReader {
 public:
  explicit TarReader(std::shared_ptr<arrow::io::InputStream> stream) : stream_(std::move(stream)) {}

  /// Goes to the next file; false at the end of the archive. Fails with Invalid naming the byte
  /// where a header is damaged or the archive is cut off.
  Result<bool> Next();
  const std::string& name() const { return name_; }
  /// Content of the current file; once. Memory grows with what is there, not with what the header
  /// claims.
  Status Read(std::string* content);

 private:
  struct Header;

  Result<bool> ReadHeader(Header* header);
  Status ReadPax(int64_t size, Header* header);
  Status ReadExactly(int64_t size, std::string* out);
  Status Skip(int64_t size);
  /// Goes behind the current file.
  Status SkipContent();
  Status Damaged(std::string_view what) const;

  std::shared_ptr<arrow::io::InputStream> stream_;
  std::string block_;
  int64_t position_ = 0;
  int64_t content_bytes_ = 0;  // of the current file, not read so far
  int64_t padding_bytes_ = 0;  // behind them
  std::string name_;
};

/// Appends a file to an archive.
void AppendTarFile(std::string_view name, std::string_view content, std::string* out);
/// Appends the end of an archive.
void AppendTarEnd(std::string* out);

}  // namespace headrace::datasource
