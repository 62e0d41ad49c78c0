// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"
#include "headrace/datasource/file_options.h"
#include "headrace/io/listing.h"

namespace headrace::datasource {

/// The role of a source that reads files, and can read others in the same way. Immutable and
/// thread-safe, as the Datasource that it is.
class FilesSource {
 public:
  virtual ~FilesSource() = default;
  /// Its files. With a `listing` they are a sample: schema and plans then come from these, while
  /// what needs all of them (rows, bytes) is unknown.
  virtual const FileReadOptions& files() const = 0;
  /// This source over other files: same options, filter and columns.
  virtual Result<DatasourcePtr> WithFiles(std::vector<io::ListedFile> files) const = 0;
};

/// `source` as one whose files are to be listed while they are read; nullptr: it knows them all.
const FilesSource* AsListedSource(const Datasource& source);

/// Name of the operator that reads what another one lists: "ReadFilesParquet" for "ReadParquet".
std::string ReadFilesName(const Datasource& source);

/// Paths of all files of `source`; lists them where it has only a sample.
Result<std::vector<std::string>> AllInputFiles(const Datasource& source);

}  // namespace headrace::datasource
