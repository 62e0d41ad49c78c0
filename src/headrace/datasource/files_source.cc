// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/files_source.h"

#include <utility>

namespace headrace::datasource {

const FilesSource* AsListedSource(const Datasource& source) {
  const auto* files = dynamic_cast<const FilesSource*>(&source);
  return files != nullptr && files->files().listing != nullptr ? files : nullptr;
}

std::string ReadFilesName(const Datasource& source) {
  const std::string name = source.name();
  return "ReadFiles" + (name.starts_with("Read") ? name.substr(4) : name);
}

Result<std::vector<std::string>> AllInputFiles(const Datasource& source) {
  const FilesSource* listed = AsListedSource(source);
  if (listed == nullptr) return source.InputFiles();
  const FileReadOptions& files = listed->files();
  ARROW_ASSIGN_OR_RAISE(auto all, io::ListFiles(*files.listing, files.access));
  std::vector<std::string> paths;
  paths.reserve(all.size());
  for (io::ListedFile& file : all) paths.push_back(std::move(file.path));
  return paths;
}

}  // namespace headrace::datasource
