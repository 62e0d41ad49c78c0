// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"
#include "headrace/io/file_access.h"
#include "headrace/io/listing.h"

namespace headrace::datasource {

/// Where a list of files is cut into blocks, each of which one task reads.
struct ListingCuts {
  int64_t max_files = io::kPageFiles;
  int64_t max_bytes = 128 << 20;  // on disk; a larger file is a block of its own
  /// Tasks that can read at a time. The first blocks are small, so that each of them has work, and
  /// rows come, soon; they grow from there.
  int num_slots = 1;
};

/// Names and sizes of the files of `listing`, in its order: columns "path" (binary: names of files
/// are bytes) and "size_bytes". One read task, which holds a page of them at a time. Errors are
/// those of io::FileLister.
Result<DatasourcePtr> MakeListingDatasource(std::shared_ptr<const io::Listing> listing,
                                            io::FileAccess access, ListingCuts cuts);
Result<DatasourcePtr> DeserializeListingDatasource(std::string_view bytes);

/// The files that `block`, of a listing, names.
Result<std::vector<io::ListedFile>> ListedFilesOf(const Block& block);

}  // namespace headrace::datasource
