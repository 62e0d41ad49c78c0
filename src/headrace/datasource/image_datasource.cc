// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/image_datasource.h"

#include <arrow/io/interfaces.h>

#include <algorithm>
#include <limits>

#include "headrace/base/log.h"
#include "headrace/base/wire.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_options.h"
#include "headrace/datasource/files_source.h"
#include "headrace/datasource/image_block_builder.h"
#include "headrace/io/open_file.h"
#include "headrace/media/image_loader.h"

namespace headrace::datasource {
namespace {

using media::ImageInfo;
using media::PixelMode;

/// Blocks end here even when larger ones are allowed, so that the next operator can begin early.
constexpr int64_t kBlockBytes = 64 << 20;
/// Files whose headers are read to estimate the decoded size of all.
constexpr size_t kSampleFiles = 8;

/// Larger files do not leave their memory to the next one.
constexpr size_t kKeptFileBytes = 16 << 20;

/// Reads `path` into `bytes`, reusing its memory, and returns the part that is filled.
Result<media::Bytes> ReadFile(const std::string& path, const io::FileAccess& access,
                              const std::atomic<bool>* cancelled, std::vector<uint8_t>* bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto file, io::OpenFile(path, access, cancelled));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  if (bytes->size() > kKeptFileBytes) std::vector<uint8_t>().swap(*bytes);
  if (bytes->size() < static_cast<size_t>(size)) bytes->resize(static_cast<size_t>(size));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(0, size, bytes->data()));
  return media::Bytes(bytes->data(), static_cast<size_t>(read));
}

Status NameFile(const Status& status, const std::string& path) {
  return WithPrefix(status, "Cannot read the image '" + path + "': ");
}

int64_t BlockBytes(int64_t target_max_block_size) {
  return target_max_block_size > 0 ? std::min(target_max_block_size, kBlockBytes) : kBlockBytes;
}

/// The images [begin, end) of a source.
class ImageReader final : public BlockReader {
 public:
  /// `image_bytes`: what one image may take beside the block, as the task has declared it.
  ImageReader(std::shared_ptr<const ImageReadOptions> source, media::ImageLoadOptions load,
              size_t begin, size_t end, int64_t expected_bytes, int64_t image_bytes,
              const ReadOptions& options)
      : source_(std::move(source)),
        options_(options),
        image_bytes_(image_bytes),
        loader_(WithHold(std::move(load))),
        builder_(BlockBytes(options.target_max_block_size), expected_bytes, options.pool),
        next_(begin),
        end_(end) {}

  Result<std::optional<Block>> Next() override {
    while (true) {
      if (auto block = builder_.TakeBlock()) return block;
      const bool enough = options_.limit_rows >= 0 && num_rows_ >= options_.limit_rows;
      if (next_ >= end_ || enough) {
        next_ = end_;
        ARROW_RETURN_NOT_OK(builder_.Seal());
        return builder_.TakeBlock();
      }
      if (options_.cancelled != nullptr && *options_.cancelled) {
        return Status::Cancelled("read cancelled");
      }
      const std::string& path = source_->files.paths[next_++];
      const Status status = ReadOne(path);
      if (status.ok()) {
        ++num_rows_;
        continue;
      }
      builder_.DropRow();
      const Status named = NameFile(status, path);
      if (!MayLeaveOut(status)) return named;
      ++errored_;
      Log(LogLevel::kWarning, "Left out an image that cannot be read",
          {{"path", path}, {"error", status.message()}});
    }
  }

 private:
  /// Sets memory aside for images that are larger than the task could know.
  media::ImageLoadOptions WithHold(media::ImageLoadOptions load) {
    if (!options_.hold_memory) return load;
    load.before_decode = [this](int64_t bytes) -> Status {
      if (bytes <= image_bytes_) return Status::OK();
      return options_.hold_memory(bytes - image_bytes_).Value(&hold_);
    };
    return load;
  }

  Status ReadOne(const std::string& path) {
    builder_.BeginRow();
    ARROW_ASSIGN_OR_RAISE(const media::Bytes data,
                          ReadFile(path, source_->files.access, options_.cancelled, &file_bytes_));
    const Status loaded = loader_.Load(data, &builder_).status();
    hold_.reset();  // the image is part of the block now
    ARROW_RETURN_NOT_OK(loaded);
    ARROW_ASSIGN_OR_RAISE(const auto columns, FileColumnsOf(source_->files, path));
    return builder_.EndRow(columns);
  }

  bool MayLeaveOut(const Status& status) const {
    if (status.IsOutOfMemory() || status.IsCancelled()) return false;
    return source_->skip_errors || options_.max_errored_files < 0 ||
           errored_ < options_.max_errored_files;
  }

  const std::shared_ptr<const ImageReadOptions> source_;
  const ReadOptions options_;
  const int64_t image_bytes_;
  MemoryHold hold_;  // while an image is decoded
  media::ImageLoader loader_;
  ImageBlockBuilder builder_;
  std::vector<uint8_t> file_bytes_;
  size_t next_;
  const size_t end_;
  int64_t num_rows_ = 0;
  int64_t errored_ = 0;
};

class ImageDatasource final : public Datasource,
                              public FilesSource,
                              public std::enable_shared_from_this<ImageDatasource> {
 public:
  ImageDatasource(ImageReadOptions options, media::ImageLoadOptions load)
      : options_(std::move(options)), load_(load) {}

  std::string_view kind() const override { return "image"; }
  std::string name() const override { return "ReadImage"; }
  std::vector<std::string> InputFiles() const override { return options_.files.paths; }
  const FileReadOptions& files() const override { return options_.files; }
  Result<DatasourcePtr> WithFiles(std::vector<io::ListedFile> files) const override {
    ImageReadOptions options = options_;
    options.files.SetFiles(std::move(files));
    return std::make_shared<ImageDatasource>(std::move(options), load_);
  }

  Result<std::shared_ptr<arrow::Schema>> Schema() const override;
  Result<std::optional<int64_t>> CountRows() const override {
    if (options_.skip_errors || options_.files.listing != nullptr) return std::nullopt;
    return static_cast<int64_t>(options_.files.paths.size());
  }
  Result<std::optional<int64_t>> EstimateBytes() const override {
    if (options_.files.listing != nullptr) return std::nullopt;
    return static_cast<int64_t>(BytesPerImage() * static_cast<double>(options_.files.paths.size()));
  }
  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism& parallelism) const override;
  Result<std::unique_ptr<BlockReader>> Open(const ReadTask& task,
                                            const ReadOptions& options) const override;
  Result<std::string> Serialize() const override;

 private:
  /// Headers, as they will be after resize and conversion, of some files spread over all of them.
  /// Files that cannot be read are left out: reading them will say why. `scratch_bytes` becomes
  /// what the one that takes most takes while it is decoded, beside the result.
  std::vector<ImageInfo> Sample(int64_t* scratch_bytes = nullptr) const;
  static double MeanBytes(const std::vector<ImageInfo>& sample);
  double BytesPerImage() const { return MeanBytes(Sample()); }
  /// What one image takes beside the block that it goes to: the file, scratch memory.
  int64_t ImageBytes(int64_t scratch_bytes, int64_t begin, int64_t end) const;

  const ImageReadOptions options_;
  const media::ImageLoadOptions load_;
};

std::vector<ImageInfo> ImageDatasource::Sample(int64_t* scratch_bytes) const {
  std::vector<ImageInfo> sample;
  const bool result_is_known = load_.size && load_.mode;
  if (result_is_known && scratch_bytes == nullptr) {
    sample.push_back(
        {.mode = *load_.mode, .width = load_.size->second, .height = load_.size->first});
    return sample;
  }
  const size_t num_files = options_.files.paths.size();
  const size_t count = std::min(num_files, kSampleFiles);
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < count; ++i) {
    auto data = ReadFile(options_.files.paths[i * num_files / count], options_.files.access,
                         nullptr, &bytes);
    if (!data.ok()) continue;
    auto info = media::ReadImageInfo(*data, {.max_pixels = load_.max_pixels,
                                             .at_least = load_.fast ? load_.size : std::nullopt});
    if (!info.ok()) continue;
    const int64_t decoded_bytes = load_.mode || load_.size ? info->size_bytes() : 0;
    if (load_.mode) info->mode = *load_.mode;
    if (load_.size) {
      info->height = load_.size->first;
      info->width = load_.size->second;
    }
    if (scratch_bytes != nullptr) {
      *scratch_bytes = std::max(*scratch_bytes, decoded_bytes + info->scratch_bytes);
    }
    sample.push_back(*info);
  }
  return sample;
}

double ImageDatasource::MeanBytes(const std::vector<ImageInfo>& sample) {
  if (sample.empty()) return 0;
  double sum = 0;
  for (const ImageInfo& info : sample) sum += static_cast<double>(info.size_bytes());
  return sum / static_cast<double>(sample.size());
}

int64_t ImageDatasource::ImageBytes(int64_t scratch_bytes, int64_t begin, int64_t end) const {
  int64_t file_bytes = 0;
  const auto& sizes = options_.files.sizes;
  for (int64_t i = begin; i < std::min(end, static_cast<int64_t>(sizes.size())); ++i) {
    file_bytes = std::max(file_bytes, sizes[i]);
  }
  return scratch_bytes + file_bytes;
}

Result<std::shared_ptr<arrow::Schema>> ImageDatasource::Schema() const {
  const auto sample = Sample();
  if (sample.empty() || options_.files.paths.empty()) return nullptr;
  const auto first = ImageShape(sample.front());
  const auto value_type = ImageValueType(sample.front().mode);
  bool alike = true;
  for (const ImageInfo& info : sample) alike &= ImageShape(info) == first;
  ARROW_ASSIGN_OR_RAISE(auto type, alike ? FixedShapeTensor(value_type, first)
                                         : VariableShapeTensor(value_type, int(first.size())));
  arrow::FieldVector fields = {arrow::field("image", std::move(type))};
  ARROW_ASSIGN_OR_RAISE(const auto columns,
                        FileColumnsOf(options_.files, options_.files.paths.front()));
  for (const FileColumn& column : columns) {
    fields.push_back(arrow::field(column.name, column.value->type));
  }
  return arrow::schema(std::move(fields));
}

Result<std::vector<ReadTask>> ImageDatasource::PlanReadTasks(
    const ReadParallelism& parallelism) const {
  const auto num_files = static_cast<int64_t>(options_.files.paths.size());
  int64_t scratch_bytes = 0;
  const auto sample = Sample(&scratch_bytes);
  const double bytes_per_image = MeanBytes(sample);
  int64_t largest = 0;
  for (const ImageInfo& info : sample) largest = std::max(largest, info.size_bytes());
  int64_t wanted = parallelism.max_tasks_per_cpu * std::max(1, parallelism.num_cpus);
  if (parallelism.target_max_block_size > 0) {
    const double total = bytes_per_image * static_cast<double>(num_files);
    auto by_size =
        static_cast<int64_t>(total / static_cast<double>(parallelism.target_max_block_size)) + 1;
    // Where a block holds fewer images than a batch, a task makes several blocks.
    if (parallelism.batch_rows > 0) by_size = std::min(by_size, num_files / parallelism.batch_rows);
    wanted = std::max(wanted, by_size);
  }
  if (parallelism.target_min_block_size > 0) {
    const auto largest_number =
        static_cast<int64_t>(bytes_per_image * static_cast<double>(num_files) /
                             static_cast<double>(parallelism.target_min_block_size));
    wanted = std::max(wanted, std::min(parallelism.min_num_blocks, largest_number));
  }
  if (parallelism.override_num_blocks) wanted = *parallelism.override_num_blocks;
  const int64_t num_tasks = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(num_files, 1));
  std::vector<ReadTask> tasks;
  for (int64_t i = 0; i < num_tasks && num_files > 0; ++i) {
    const int64_t begin = i * num_files / num_tasks;
    const int64_t end = (i + 1) * num_files / num_tasks;
    WireWriter payload;
    payload.I64(begin);
    payload.I64(end);
    ReadTask task;
    task.num_rows = options_.skip_errors ? -1 : end - begin;
    if (bytes_per_image > 0) {
      task.size_bytes = static_cast<int64_t>(bytes_per_image * static_cast<double>(end - begin));
    }
    // The block that is being filled, and one image on its way into it.
    const int64_t image_bytes = ImageBytes(largest + scratch_bytes, begin, end);
    task.heap_bytes = image_bytes + BlockBytes(parallelism.target_max_block_size);
    if (task.size_bytes >= 0) {
      task.heap_bytes = std::min(task.heap_bytes, image_bytes + task.size_bytes);
    }
    payload.I64(image_bytes);
    task.payload = payload.Take();
    task.input_files.assign(options_.files.paths.begin() + begin,
                            options_.files.paths.begin() + end);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<std::unique_ptr<BlockReader>> ImageDatasource::Open(const ReadTask& task,
                                                           const ReadOptions& options) const {
  WireReader in(task.payload);
  const int64_t begin = in.I64();
  const int64_t end = in.I64();
  const int64_t image_bytes = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  if (begin < 0 || begin > end || end > static_cast<int64_t>(options_.files.paths.size())) {
    return Status::IndexError("no such files: ", begin, " to ", end);
  }
  int64_t expected = std::max<int64_t>(task.size_bytes, 0);
  if (options.limit_rows >= 0 && end > begin) {
    expected = expected / (end - begin) * std::min(options.limit_rows, end - begin);
  }
  std::shared_ptr<const ImageReadOptions> source(shared_from_this(), &options_);
  return std::make_unique<ImageReader>(std::move(source), load_, begin, end, expected, image_bytes,
                                       options);
}

Result<std::string> ImageDatasource::Serialize() const {
  WireWriter out;
  options_.files.WriteTo(&out);
  out.Bool(options_.size.has_value());
  out.I64(options_.size ? options_.size->first : 0);
  out.I64(options_.size ? options_.size->second : 0);
  out.Str(options_.mode);
  out.Bool(options_.fast_decode);
  out.Bool(options_.skip_errors);
  out.I64(options_.max_pixels);
  return out.Take();
}

}  // namespace

Result<DatasourcePtr> MakeImageDatasource(ImageReadOptions options) {
  media::ImageLoadOptions load;
  load.max_pixels = options.max_pixels;
  load.fast = options.fast_decode;
  if (options.size) {
    const auto [height, width] = *options.size;
    if (height <= 0 || width <= 0) {
      return Status::Invalid("Expected `size` to contain positive integers, but got (", height,
                             ", ", width, ") instead.");
    }
    if (int64_t{height} * width > options.max_pixels) {
      return Status::Invalid("`size` (", height, ", ", width, ") has more than ",
                             options.max_pixels, " pixels (DataContext.max_image_pixels)");
    }
    load.size = options.size;
  }
  if (!options.mode.empty()) {
    load.mode = media::ParsePixelMode(options.mode);
    if (!load.mode) {
      return Status::Invalid("Unknown image mode '", options.mode,
                             "'. Known are: 1, L, LA, P, RGB, RGBA, CMYK, I;16, I, F.");
    }
  }
  return std::make_shared<ImageDatasource>(std::move(options), load);
}

Result<DatasourcePtr> DeserializeImageDatasource(std::string_view bytes) {
  WireReader in(bytes);
  ImageReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  const bool has_size = in.Bool();
  const auto height = static_cast<int>(in.I64());
  const auto width = static_cast<int>(in.I64());
  if (has_size) options.size = {height, width};
  options.mode = in.Str();
  options.fast_decode = in.Bool();
  options.skip_errors = in.Bool();
  options.max_pixels = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeImageDatasource(std::move(options));
}

}  // namespace headrace::datasource
