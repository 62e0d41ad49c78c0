// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/io/file_access.h"

namespace headrace::datasource {

/// What a commit does to a directory, as a file in it. From the moment that the file is there the
/// commit counts: a driver that dies while it renames leaves it behind, and the next write to the
/// directory does what is missing. Every step may be done twice. One thread.
class CommitLog {
 public:
  struct Move {
    std::string from;
    std::string to;
  };

  /// `directory` is where the log lies; the paths of moves and removals are below it.
  CommitLog(io::Location directory, std::string write_id)
      : directory_(std::move(directory)), write_id_(std::move(write_id)) {}

  std::vector<Move> moves;
  std::vector<std::string> removals;  // when all moves are done

  /// Writes the log, carries it out and removes it. A failure undoes what was done.
  Status Commit() const;

  /// Carries out, or undoes, what drivers that died have left in `directory`.
  static Status Recover(const io::Location& directory);

 private:
  std::string LogPath(std::string_view state) const;
  /// Names in a log are those below its directory: whoever can write there can have files there
  /// moved and removed, and no others.
  Result<std::string> NameOf(const std::string& path) const;
  Result<std::string> PathOf(std::string_view name) const;
  Result<std::string> Serialize() const;
  Status Parse(std::string_view text);
  Status Save() const;
  Status CarryOut() const;
  Status Undo() const;

  io::Location directory_;
  std::string write_id_;
};

/// Removes a directory that has become empty; does nothing when it has not.
void RemoveIfEmpty(arrow::fs::FileSystem& filesystem, const std::string& directory);

/// Start of the names of logs.
inline constexpr std::string_view kCommitLogPrefix = ".commit-";

}  // namespace headrace::datasource
