// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/listing.h"

#include <arrow/util/future.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "headrace/io/local_walk.h"
#include "headrace/io/remote_filesystem.h"

namespace headrace::io {
namespace {

/// Whether `path` ends in one of `extensions`, whatever the case.
bool HasExtension(std::string_view path, const std::vector<std::string>& extensions) {
  if (extensions.empty()) return true;
  for (const std::string& extension : extensions) {
    if (path.size() <= extension.size()) continue;
    const std::string_view end = path.substr(path.size() - extension.size());
    if (path[path.size() - extension.size() - 1] != '.') continue;
    if (std::equal(end.begin(), end.end(), extension.begin(), [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) ==
                 std::tolower(static_cast<unsigned char>(b));
        })) {
      return true;
    }
  }
  return false;
}

bool IsHiddenBelow(std::string_view path, size_t base_size) {
  const auto names = SplitPath(path.substr(std::min(base_size, path.size())));
  return std::any_of(names.begin(), names.end(), IsHiddenName);
}

/// The part of `path` before its first name with a glob character, without a final '/'.
std::string GlobBase(const std::string& path) {
  const size_t slash = path.rfind('/', path.find_first_of("*?["));
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool IsBefore(const ListedFile& a, const ListedFile& b) { return a.path < b.path; }

}  // namespace

Status NotFound(const std::string& path) {
  return MakeError(arrow::StatusCode::IOError, ErrorKind::kFileNotFound,
                   "Path does not exist: '" + path + "'");
}

/// The files of one path.
class FileLister::Pages {
 public:
  virtual ~Pages() = default;
  /// Adds some files; false at the end, with or without files.
  virtual Result<bool> Next(std::vector<ListedFile>* files) = 0;
};

class FileLister::LocalPages final : public Pages {
 public:
  /// nullptr when there is nothing.
  static Result<std::unique_ptr<Pages>> Open(const std::string& path) {
    ARROW_ASSIGN_OR_RAISE(auto walk, LocalWalk::Begin(path));
    std::vector<std::string> matches;
    if (!walk && HasGlob(path)) {
      ARROW_ASSIGN_OR_RAISE(matches, ExpandLocalGlob(path));
    }
    if (!walk && matches.empty()) return nullptr;
    auto pages = std::make_unique<LocalPages>();
    pages->walk_ = std::move(walk);
    pages->matches_ = std::move(matches);
    return pages;
  }

  Result<bool> Next(std::vector<ListedFile>* files) override {
    while (files->size() < kPageFiles) {
      if (walk_) {
        ARROW_ASSIGN_OR_RAISE(const bool more, walk_->Next(kPageFiles - files->size(), files));
        if (!more) walk_.reset();
      } else if (next_match_ < matches_.size()) {
        ARROW_ASSIGN_OR_RAISE(walk_, LocalWalk::Begin(matches_[next_match_++]));
      } else {
        return false;
      }
    }
    return true;
  }

 private:
  std::optional<LocalWalk> walk_;
  std::vector<std::string> matches_;
  size_t next_match_ = 0;
};

class FileLister::RemotePages final : public Pages {
 public:
  /// nullptr when there is nothing.
  static Result<std::unique_ptr<Pages>> Open(const std::string& path, const FileAccess& access,
                                             const std::atomic<bool>* cancelled) {
    ARROW_ASSIGN_OR_RAISE(Location location, Locate(path, access, cancelled));
    ARROW_ASSIGN_OR_RAISE(const auto info, location.filesystem->GetFileInfo(location.path));
    auto pages = std::make_unique<RemotePages>();
    pages->path_ = path;
    if (info.IsFile()) {
      pages->file_ = ListedFile{path, info.size()};
      return pages;
    }
    if (info.type() == arrow::fs::FileType::NotFound) {
      if (!HasGlob(location.path)) return nullptr;
      pages->path_ = GlobBase(path);
      pages->patterns_ = SplitPath(std::string_view(path).substr(pages->path_.size()));
      ARROW_ASSIGN_OR_RAISE(location, Locate(pages->path_, access, cancelled));
    }
    arrow::fs::FileSelector selector;
    selector.base_dir = location.path;
    selector.recursive = true;
    selector.allow_not_found = true;
    pages->base_size_ = location.path.size();
    pages->listing_ = location.filesystem->GetFileInfoGenerator(selector);
    if (pages->patterns_.empty()) return pages;
    // A pattern that nothing matches is a missing path.
    ARROW_ASSIGN_OR_RAISE(const bool more, pages->Next(&pages->ahead_));
    if (!more && pages->ahead_.empty()) return nullptr;
    return pages;
  }

  Result<bool> Next(std::vector<ListedFile>* files) override {
    if (file_) files->push_back(*std::exchange(file_, std::nullopt));
    if (!ahead_.empty()) {
      *files = std::exchange(ahead_, {});
      return true;
    }
    while (listing_ && files->empty()) {
      const auto listed = listing_();
      ARROW_ASSIGN_OR_RAISE(const auto& page, listed.result());
      if (page.empty()) {
        listing_ = nullptr;
        break;
      }
      for (const auto& info : page) {
        if (IsWanted(info)) files->push_back({PathOf(info.path()), info.size()});
      }
    }
    std::sort(files->begin(), files->end(), IsBefore);
    return listing_ != nullptr;
  }

 private:
  bool IsWanted(const arrow::fs::FileInfo& info) const {
    if (!info.IsFile() || IsHiddenBelow(info.path(), base_size_)) return false;
    return patterns_.empty() ||
           MatchesGlob(patterns_, SplitPath(std::string_view(info.path()).substr(base_size_)));
  }

  /// `listed` is a path in the filesystem, which may lack the scheme and bucket of ours.
  std::string PathOf(const std::string& listed) const {
    std::string_view below = std::string_view(listed).substr(std::min(base_size_, listed.size()));
    while (below.starts_with('/')) below.remove_prefix(1);
    return path_.ends_with('/') || path_.empty() ? path_ + std::string(below)
                                                 : path_ + '/' + std::string(below);
  }

  std::string path_;  // directory that is listed
  size_t base_size_ = 0;
  std::optional<ListedFile> file_;  // the path is a file
  std::vector<std::string> patterns_;
  arrow::fs::FileInfoGenerator listing_;
  std::vector<ListedFile> ahead_;
};

FileLister::FileLister(std::vector<std::string> paths, ListOptions options, FileAccess access,
                       const std::atomic<bool>* cancelled)
    : paths_(std::move(paths)),
      options_(std::move(options)),
      access_(std::move(access)),
      cancelled_(cancelled) {}

FileLister::~FileLister() = default;

Result<std::unique_ptr<FileLister::Pages>> FileLister::Open(const std::string& path) {
  if (const auto local = access_.LocalPath(path)) return LocalPages::Open(*local);
  return RemotePages::Open(path, access_, cancelled_);
}

Result<std::optional<std::vector<ListedFile>>> FileLister::Next() {
  std::vector<ListedFile> files;
  while (files.empty()) {
    if (pages_ == nullptr) {
      if (next_path_ == paths_.size()) {
        if (!gave_any_) return NothingLeft();
        return std::nullopt;
      }
      const std::string& path = paths_[next_path_++];
      ARROW_ASSIGN_OR_RAISE(pages_, Open(path));
      if (pages_ == nullptr) {
        if (!options_.ignore_missing_paths) return NotFound(path);
        ++num_missing_;
        continue;
      }
    }
    ARROW_ASSIGN_OR_RAISE(const bool more, pages_->Next(&files));
    if (!more) pages_.reset();
    num_listed_ += files.size();
    std::erase_if(files, [&](const ListedFile& file) {
      return !HasExtension(file.path, options_.extensions);
    });
  }
  gave_any_ = true;
  return files;
}

Status FileLister::NothingLeft() const {
  if (paths_.empty()) return Status::Invalid("No paths were given to read.");
  if (num_missing_ == paths_.size()) {
    return Status::Invalid(
        "None of the provided paths exist; they were skipped because ignore_missing_paths is set.");
  }
  if (num_listed_ == 0) {
    return Status::Invalid("No input files found to read: '", paths_.front(), "'",
                           paths_.size() > 1 ? " and the other paths" : "",
                           " have no files whose names do not begin with '.' or '_'.");
  }
  std::string extensions;
  for (const auto& extension : options_.extensions) {
    extensions += (extensions.empty() ? "'" : ", '") + extension + "'";
  }
  return Status::Invalid("No input files found to read with the following file extensions: [",
                         extensions, "]; ", num_listed_,
                         " files have other extensions. Check 'file_extensions'.");
}

Result<std::vector<ListedFile>> ListFiles(const Listing& listing, const FileAccess& access) {
  FileLister lister(listing.paths, listing.options, access);
  std::vector<ListedFile> files;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto page, lister.Next());
    if (!page) return files;
    std::move(page->begin(), page->end(), std::back_inserter(files));
  }
}

Result<FirstFiles> ListFirstFiles(const Listing& listing, const FileAccess& access) {
  FileLister lister(listing.paths, listing.options, access);
  FirstFiles first;
  while (first.files.size() <= kPageFiles) {
    ARROW_ASSIGN_OR_RAISE(auto page, lister.Next());
    if (!page) return first;
    std::move(page->begin(), page->end(), std::back_inserter(first.files));
  }
  first.are_all = false;
  for (size_t i = 1; i < kSampleFiles; ++i) {
    first.files[i] = std::move(first.files[i * first.files.size() / kSampleFiles]);
  }
  first.files.resize(kSampleFiles);
  return first;
}

}  // namespace headrace::io
