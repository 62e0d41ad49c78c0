// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/commit_log.h"

#include <arrow/buffer.h>
#include <arrow/util/uri.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "headrace/base/fault_point.h"
#include "headrace/base/log.h"
#include "headrace/io/durable.h"

namespace headrace::datasource {
namespace {

using arrow::fs::FileType;

// A log is text: a line for each step, names escaped as in URIs, and a last line that says that the
// log is complete.
constexpr std::string_view kFirstLine = "headrace commit 1";
constexpr std::string_view kLastLine = "end";
// States, the end of a log's name.
constexpr std::string_view kUnfinished = ".part";
constexpr std::string_view kCommitting = ".log";
constexpr std::string_view kUndoing = ".undo";

std::string Parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

/// What the paths in `directory` begin with.
std::string Below(const std::string& directory) {
  return directory.empty() || directory.ends_with('/') ? directory : directory + '/';
}

std::string_view NextLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

std::string_view NextWord(std::string_view* line) {
  const size_t end = std::min(line->find(' '), line->size());
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(std::min(end + 1, line->size()));
  return word;
}

Result<bool> Exists(arrow::fs::FileSystem& filesystem, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto info, filesystem.GetFileInfo(path));
  return info.type() != FileType::NotFound;
}

Status RemoveIfThere(arrow::fs::FileSystem& filesystem, const std::string& path) {
  const Status removed = filesystem.DeleteFile(path);
  if (removed.ok()) return removed;
  ARROW_ASSIGN_OR_RAISE(const bool exists, Exists(filesystem, path));
  return exists ? removed : Status::OK();
}

Result<std::string> ReadAll(arrow::fs::FileSystem& filesystem, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto file, filesystem.OpenInputFile(path));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(const auto bytes, file->ReadAt(0, size));
  return bytes->ToString();
}

}  // namespace

void RemoveIfEmpty(arrow::fs::FileSystem& filesystem, const std::string& directory) {
  arrow::fs::FileSelector selector;
  selector.base_dir = directory;
  const auto infos = filesystem.GetFileInfo(selector);
  if (infos.ok() && infos->empty()) {
    IgnoreStatus(filesystem.DeleteDir(directory), "remove empty output directory");
  }
}

std::string CommitLog::LogPath(std::string_view state) const {
  return Below(directory_.path) + std::string(kCommitLogPrefix).append(write_id_).append(state);
}

Result<std::string> CommitLog::NameOf(const std::string& path) const {
  const std::string below = Below(directory_.path);
  if (!path.starts_with(below)) {
    return Status::Invalid("'", path, "' is not in the directory '", directory_.path, "'");
  }
  return arrow::util::UriEscape(path.substr(below.size()));
}

Result<std::string> CommitLog::PathOf(std::string_view name) const {
  const std::string path = arrow::util::UriUnescape(name);
  bool leaves = path.empty() || path.front() == '/';
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    leaves |= path.substr(begin, end - begin) == "..";
    begin = end + 1;
  }
  if (leaves) return Status::Invalid("'", path, "' is no name in the directory of the log");
  return Below(directory_.path) + path;
}

Result<std::string> CommitLog::Serialize() const {
  std::string text(kFirstLine);
  for (const Move& move : moves) {
    ARROW_ASSIGN_OR_RAISE(const std::string from, NameOf(move.from));
    ARROW_ASSIGN_OR_RAISE(const std::string to, NameOf(move.to));
    text += "\nmove " + from + ' ' + to;
  }
  for (const std::string& removal : removals) {
    ARROW_ASSIGN_OR_RAISE(const std::string name, NameOf(removal));
    text += "\nremove " + name;
  }
  return text.append("\n").append(kLastLine);
}

Status CommitLog::Parse(std::string_view text) {
  if (NextLine(&text) != kFirstLine) return Status::Invalid("no commit log that is understood");
  while (!text.empty()) {
    std::string_view line = NextLine(&text);
    if (line == kLastLine) return Status::OK();
    const std::string_view step = NextWord(&line);
    if (step == "move") {
      ARROW_ASSIGN_OR_RAISE(std::string from, PathOf(NextWord(&line)));
      ARROW_ASSIGN_OR_RAISE(std::string to, PathOf(line));
      moves.push_back({std::move(from), std::move(to)});
    } else if (step == "remove") {
      ARROW_ASSIGN_OR_RAISE(removals.emplace_back(), PathOf(line));
    } else {
      return Status::Invalid("unknown step '", step, "'");
    }
  }
  return Status::Invalid("the commit log ends too early");
}

Status CommitLog::Save() const {
  // A log that is half-written has another name.
  const std::string unfinished = LogPath(kUnfinished);
  ARROW_ASSIGN_OR_RAISE(const std::string text, Serialize());
  ARROW_ASSIGN_OR_RAISE(const auto file, directory_.filesystem->OpenOutputStream(unfinished));
  ARROW_RETURN_NOT_OK(file->Write(text));
  ARROW_RETURN_NOT_OK(file->Close());
  // What the log names has to outlive a loss of power when the log does.
  std::vector<std::string> written{unfinished};
  for (const Move& move : moves) written.push_back(move.from);
  ARROW_RETURN_NOT_OK(io::MakeAllDurable(directory_, written));
  ARROW_RETURN_NOT_OK(directory_.filesystem->Move(unfinished, LogPath(kCommitting)));
  return io::MakeDurable(directory_, directory_.path);
}

Status CommitLog::CarryOut() const {
  auto& filesystem = *directory_.filesystem;
  std::set<std::string> parents;
  for (const Move& move : moves) {
    HR_FAULT_POINT("datasource.write.commit");
    const std::string parent = Parent(move.to);
    if (parents.insert(parent).second && parent != directory_.path) {
      ARROW_RETURN_NOT_OK(filesystem.CreateDir(parent, /*recursive=*/true));
    }
    const Status moved = filesystem.Move(move.from, move.to);
    if (moved.ok()) continue;
    // It was moved before the driver died, or by another that recovers at the same time.
    ARROW_ASSIGN_OR_RAISE(const bool waits, Exists(filesystem, move.from));
    ARROW_ASSIGN_OR_RAISE(const bool arrived, Exists(filesystem, move.to));
    if (waits || !arrived) return moved;
  }
  for (const std::string& parent : parents) {
    ARROW_RETURN_NOT_OK(io::MakeDurable(directory_, parent));
  }
  // Last: until here a failure leaves the old content complete.
  std::set<std::string> emptied;
  for (const std::string& removal : removals) {
    ARROW_RETURN_NOT_OK(RemoveIfThere(filesystem, removal));
    if (Parent(removal) != directory_.path) emptied.insert(Parent(removal));
  }
  for (auto it = emptied.rbegin(); it != emptied.rend(); ++it) {
    RemoveIfEmpty(filesystem, *it);
  }
  return RemoveIfThere(filesystem, LogPath(kCommitting));
}

Status CommitLog::Undo() const {
  auto& filesystem = *directory_.filesystem;
  for (const Move& move : moves) {
    ARROW_RETURN_NOT_OK(RemoveIfThere(filesystem, move.to));
    ARROW_RETURN_NOT_OK(RemoveIfThere(filesystem, move.from));
  }
  return RemoveIfThere(filesystem, LogPath(kUndoing));
}

Status CommitLog::Commit() const {
  const Status saved = Save();
  if (!saved.ok()) {
    IgnoreStatus(RemoveIfThere(*directory_.filesystem, LogPath(kUnfinished)), "commit failed");
    return saved;
  }
  const Status done = CarryOut();
  if (done.ok()) return done;
  // Old files may be gone already: then what is new has to stay.
  bool any_new = false;
  for (const Move& move : moves) {
    any_new |= Exists(*directory_.filesystem, move.from).ValueOr(false);
  }
  if (!any_new && !removals.empty()) return done;
  // From here on the log says that everything is to be undone, should the driver die now.
  const Status renamed = directory_.filesystem->Move(LogPath(kCommitting), LogPath(kUndoing));
  IgnoreStatus(renamed.ok() ? Undo() : renamed, "undo a commit that failed");
  return done;
}

Status CommitLog::Recover(const io::Location& directory) {
  arrow::fs::FileSelector selector;
  selector.base_dir = directory.path;
  selector.allow_not_found = true;
  ARROW_ASSIGN_OR_RAISE(const auto infos, directory.filesystem->GetFileInfo(selector));
  for (const auto& info : infos) {
    const std::string name = info.base_name();
    if (!info.IsFile() || !name.starts_with(kCommitLogPrefix)) continue;
    const bool committing = name.ends_with(kCommitting);
    if (!committing && !name.ends_with(kUndoing)) continue;
    const size_t begin = kCommitLogPrefix.size();
    CommitLog log(directory, name.substr(begin, name.rfind('.') - begin));
    auto text = ReadAll(*directory.filesystem, info.path());
    if (!text.ok()) {
      // Its own driver, or another one, has finished it meanwhile.
      ARROW_ASSIGN_OR_RAISE(const bool exists, Exists(*directory.filesystem, info.path()));
      if (!exists) continue;
      return text.status();
    }
    const Status parsed = log.Parse(*text);
    if (!parsed.ok()) return WithPrefix(parsed, "Commit log '" + info.path() + "': ");
    Log(LogLevel::kWarning,
        committing ? "Finishes a commit whose driver died" : "Undoes a commit whose driver died",
        {{"path", info.path()}});
    ARROW_RETURN_NOT_OK(committing ? log.CarryOut() : log.Undo());
  }
  return Status::OK();
}

}  // namespace headrace::datasource
