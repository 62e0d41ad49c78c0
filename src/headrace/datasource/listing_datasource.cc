// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/listing_datasource.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "headrace/base/wire.h"

namespace headrace::datasource {
namespace {

/// Files of the first block: read in a fraction of a second even if each takes a round trip.
constexpr int64_t kFirstFiles = 8;
/// What the lister holds: a page, and the names of a directory of some ten thousand files.
constexpr int64_t kListerBytes = 4 << 20;

const std::shared_ptr<arrow::Schema>& ListingSchema() {
  static const auto schema = arrow::schema(
      {arrow::field("path", arrow::binary()), arrow::field("size_bytes", arrow::int64())});
  return schema;
}

class ListingReader final : public BlockReader {
 public:
  ListingReader(const io::Listing& listing, const io::FileAccess& access, ListingCuts cuts,
                const ReadOptions& options)
      : lister_(listing.paths, listing.options, access, options.cancelled),
        cuts_(cuts),
        options_(options),
        wanted_files_(std::min(kFirstFiles, cuts.max_files)) {}

  Result<std::optional<Block>> Next() override {
    arrow::BinaryBuilder paths(options_.pool);
    arrow::Int64Builder sizes(options_.pool);
    int64_t bytes = 0;
    while (sizes.length() < wanted_files_) {
      if (listed_.empty()) ARROW_RETURN_NOT_OK(List());
      if (listed_.empty()) break;
      const io::ListedFile& file = listed_.front();
      const int64_t of_file = std::max<int64_t>(0, file.size_bytes);
      if (sizes.length() > 0 && bytes + of_file > cuts_.max_bytes) break;
      bytes += of_file;
      ARROW_RETURN_NOT_OK(paths.Append(file.path));
      ARROW_RETURN_NOT_OK(sizes.Append(file.size_bytes));
      listed_.pop_front();
    }
    if (sizes.length() == 0) return std::nullopt;
    if (++blocks_of_size_ == cuts_.num_slots) {
      blocks_of_size_ = 0;
      wanted_files_ = std::min(2 * wanted_files_, cuts_.max_files);
    }
    const int64_t rows = sizes.length();
    ARROW_ASSIGN_OR_RAISE(auto path_column, paths.Finish());
    ARROW_ASSIGN_OR_RAISE(auto size_column, sizes.Finish());
    return Block(arrow::RecordBatch::Make(
        ListingSchema(), rows, arrow::ArrayVector{std::move(path_column), std::move(size_column)}));
  }

 private:
  /// The next page goes to listed_; none when all have been there.
  Status List() {
    if (ended_) return Status::OK();
    if (options_.cancelled != nullptr && *options_.cancelled) {
      return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled,
                       "listing was cancelled");
    }
    ARROW_ASSIGN_OR_RAISE(auto page, lister_.Next());
    if (!page) {
      ended_ = true;
    } else {
      listed_.assign(std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
    }
    return Status::OK();
  }

  io::FileLister lister_;
  const ListingCuts cuts_;
  const ReadOptions options_;
  std::deque<io::ListedFile> listed_;
  bool ended_ = false;
  int64_t wanted_files_;
  int blocks_of_size_ = 0;  // that had wanted_files_
};

class ListingDatasource final : public Datasource {
 public:
  ListingDatasource(std::shared_ptr<const io::Listing> listing, io::FileAccess access,
                    ListingCuts cuts)
      : listing_(std::move(listing)), access_(std::move(access)), cuts_(cuts) {}

  std::string_view kind() const override { return "listing"; }
  std::string name() const override { return "ListFiles"; }
  Result<std::shared_ptr<arrow::Schema>> Schema() const override { return ListingSchema(); }

  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism&) const override {
    ReadTask task;
    task.heap_bytes = kListerBytes;
    return std::vector<ReadTask>{std::move(task)};
  }
  Result<std::unique_ptr<BlockReader>> Open(const ReadTask&,
                                            const ReadOptions& options) const override {
    return std::make_unique<ListingReader>(*listing_, access_, cuts_, options);
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    out.Strs(listing_->paths);
    out.Strs(listing_->options.extensions);
    out.Bool(listing_->options.ignore_missing_paths);
    access_.WriteTo(&out);
    out.I64(cuts_.max_files);
    out.I64(cuts_.max_bytes);
    out.I64(cuts_.num_slots);
    return out.Take();
  }

 private:
  const std::shared_ptr<const io::Listing> listing_;
  const io::FileAccess access_;
  const ListingCuts cuts_;
};

}  // namespace

Result<DatasourcePtr> MakeListingDatasource(std::shared_ptr<const io::Listing> listing,
                                            io::FileAccess access, ListingCuts cuts) {
  if (cuts.max_files < 1 || cuts.max_bytes < 1 || cuts.num_slots < 1) {
    return Status::Invalid("a list of files is cut into blocks of ", cuts.max_files, " files and ",
                           cuts.max_bytes, " bytes for ", cuts.num_slots, " slots");
  }
  return std::make_shared<ListingDatasource>(std::move(listing), std::move(access), cuts);
}

Result<DatasourcePtr> DeserializeListingDatasource(std::string_view bytes) {
  WireReader in(bytes);
  io::Listing listing;
  listing.paths = in.Strs();
  listing.options.extensions = in.Strs();
  listing.options.ignore_missing_paths = in.Bool();
  io::FileAccess access = io::FileAccess::ReadFrom(&in);
  ListingCuts cuts;
  cuts.max_files = in.I64();
  cuts.max_bytes = in.I64();
  cuts.num_slots = static_cast<int>(in.I64());
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeListingDatasource(std::make_shared<const io::Listing>(std::move(listing)),
                               std::move(access), cuts);
}

Result<std::vector<io::ListedFile>> ListedFilesOf(const Block& block) {
  if (!block.schema()->Equals(*ListingSchema())) {
    return Status::Invalid("no list of files: ", block.schema()->ToString());
  }
  const auto& paths = static_cast<const arrow::BinaryArray&>(*block.batch()->column(0));
  const auto& sizes = static_cast<const arrow::Int64Array&>(*block.batch()->column(1));
  std::vector<io::ListedFile> files;
  files.reserve(static_cast<size_t>(block.num_rows()));
  for (int64_t i = 0; i < block.num_rows(); ++i)
    files.push_back({paths.GetString(i), sizes.Value(i)});
  return files;
}

}  // namespace headrace::datasource
