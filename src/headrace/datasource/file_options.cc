// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/file_options.h"

#include "headrace/datasource/arrow_wire.h"

namespace headrace::datasource {

void FileReadOptions::SetFiles(std::vector<io::ListedFile> files) {
  listing = nullptr;
  paths.clear();
  sizes.clear();
  for (io::ListedFile& file : files) {
    paths.push_back(std::move(file.path));
    sizes.push_back(file.size_bytes);
  }
}

void FileReadOptions::WriteTo(WireWriter* out) const {
  access.WriteTo(out);
  out->Strs(paths);
  out->U64(sizes.size());
  for (const int64_t size : sizes) out->I64(size);
  out->Bool(include_paths);
  out->U64(static_cast<uint64_t>(partitioning.style));
  out->Str(partitioning.base_dir);
  out->Strs(partitioning.field_names);
  out->U64(partitioning.field_types.size());
  for (const auto& [name, type] : partitioning.field_types) {
    out->Str(name);
    WriteType(type, out);
  }
}

FileReadOptions FileReadOptions::ReadFrom(WireReader* in) {
  FileReadOptions options;
  options.access = io::FileAccess::ReadFrom(in);
  options.paths = in->Strs();
  options.sizes.resize(in->Count());
  for (int64_t& size : options.sizes) size = in->I64();
  options.include_paths = in->Bool();
  options.partitioning.style = static_cast<Partitioning::Style>(in->U64());
  options.partitioning.base_dir = in->Str();
  options.partitioning.field_names = in->Strs();
  for (uint64_t left = in->Count(); left > 0; --left) {
    std::string name = in->Str();
    auto type = ReadType(in);
    if (type.ok()) options.partitioning.field_types[std::move(name)] = *type;
  }
  return options;
}

void FileWriteOptions::WriteTo(WireWriter* out) const {
  access.WriteTo(out);
  out->Str(path);
  out->U64(static_cast<uint64_t>(mode));
  out->Bool(try_create_dir);
  out->I64(min_rows_per_file);
  out->I64(max_rows_per_file);
  out->Str(dataset_id);
  out->Str(stream_compression);
}

FileWriteOptions FileWriteOptions::ReadFrom(WireReader* in) {
  FileWriteOptions options;
  options.access = io::FileAccess::ReadFrom(in);
  options.path = in->Str();
  options.mode = static_cast<SaveMode>(in->U64());
  options.try_create_dir = in->Bool();
  options.min_rows_per_file = in->I64();
  options.max_rows_per_file = in->I64();
  options.dataset_id = in->Str();
  options.stream_compression = in->Str();
  return options;
}

void WriteTfSchema(const TfSchema& schema, WireWriter* out) {
  out->Bool(schema.has_value());
  out->U64(schema ? schema->size() : 0);
  if (!schema) return;
  for (const TfFeature& feature : *schema) {
    out->Str(feature.name);
    out->U64(static_cast<uint64_t>(feature.kind));
  }
}

TfSchema ReadTfSchema(WireReader* in) {
  const bool given = in->Bool();
  std::vector<TfFeature> features(in->Count());
  for (TfFeature& feature : features) {
    feature.name = in->Str();
    feature.kind = static_cast<TfFeature::Kind>(in->U64());
  }
  if (!given) return std::nullopt;
  return features;
}

}  // namespace headrace::datasource
