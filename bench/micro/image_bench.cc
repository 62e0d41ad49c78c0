// SPDX-License-Identifier: Apache-2.0
// What an image costs a core: libjpeg-turbo's decoder alone, and an ImageLoader that resizes as
// well. Prints images per second of CPU time, the best of five rounds in which the variants take
// turns, so that what disturbs one disturbs all.
//
//   ninja -C build image_bench && build/src/headrace/image_bench FOLDER [size] [threads]
#include <time.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "headrace/media/image_loader.h"

namespace headrace {
namespace {

using File = std::vector<uint8_t>;
constexpr int kRounds = 5;

double CpuSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::vector<File> ReadFiles(const char* folder) {
  std::vector<File> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".jpg") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return files;
}

/// Decodes all of `files` into memory that is used again.
void TurboDecode(const std::vector<File>& files) {
  const tjhandle decoder = ::tjInitDecompress();
  std::vector<uint8_t> pixels;
  for (const File& file : files) {
    int width = 0, height = 0, sampling = 0, colors = 0;
    ::tjDecompressHeader3(decoder, file.data(), file.size(), &width, &height, &sampling, &colors);
    const size_t needed = size_t{3} * width * height;
    if (pixels.size() < needed) pixels.resize(needed);
    ::tjDecompress2(decoder, file.data(), file.size(), pixels.data(), width, 0, height, TJPF_RGB,
                    0);
  }
  ::tjDestroy(decoder);
}

class ReusedMemory final : public media::PixelSink {
 public:
  Result<uint8_t*> Allocate(const media::ImageInfo& info) override {
    if (pixels_.size() < size_t(info.size_bytes())) pixels_.resize(info.size_bytes());
    return pixels_.data();
  }

 private:
  std::vector<uint8_t> pixels_;
};

void Load(const std::vector<File>& files, const media::ImageLoadOptions& options) {
  media::ImageLoader loader(options);
  ReusedMemory sink;
  for (const File& file : files) {
    if (const auto loaded = loader.Load(file, &sink); !loaded.ok()) {
      std::fprintf(stderr, "%s\n", loaded.status().ToString().c_str());
      std::exit(1);
    }
  }
}

/// Mean CPU seconds of `num_threads` that each do `work`.
double Measure(int num_threads, const std::function<void()>& work) {
  std::vector<double> seconds(num_threads);
  std::vector<std::thread> threads;
  for (double& taken : seconds) {
    threads.emplace_back([&] {
      const double begin = CpuSeconds();
      work();
      taken = CpuSeconds() - begin;
    });
  }
  for (auto& thread : threads) thread.join();
  double sum = 0;
  for (const double taken : seconds) sum += taken;
  return sum / num_threads;
}

struct Variant {
  const char* name;
  std::function<void()> work;
  double best_seconds = 1e9;
};

int Main(const char* folder, int size, int num_threads) {
  const auto files = ReadFiles(folder);
  if (files.empty()) {
    std::fprintf(stderr, "no *.jpg below %s\n", folder);
    return 1;
  }
  const media::ImageLoadOptions resized{.size = std::pair(size, size),
                                        .mode = media::PixelMode::kRGB};
  media::ImageLoadOptions fast = resized;
  fast.fast = true;
  std::vector<Variant> variants = {
      {"libjpeg-turbo, decoded", [&] { TurboDecode(files); }},
      {"loader, decoded", [&] { Load(files, {.mode = media::PixelMode::kRGB}); }},
      {"loader, decoded and resized", [&] { Load(files, resized); }},
      {"loader, the same, fast", [&] { Load(files, fast); }},
  };
  for (int round = 0; round < kRounds; ++round) {
    for (Variant& variant : variants) {
      variant.best_seconds = std::min(variant.best_seconds, Measure(num_threads, variant.work));
    }
  }
  for (const Variant& variant : variants) {
    std::printf("%-28s %8.1f images/s of a core  %5.1f %%\n", variant.name,
                static_cast<double>(files.size()) / variant.best_seconds,
                100 * variants.front().best_seconds / variant.best_seconds);
  }
  return 0;
}

}  // namespace
}  // namespace headrace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: image_bench FOLDER [size] [threads]\n");
    return 1;
  }
  return headrace::Main(argv[1], argc > 2 ? std::atoi(argv[2]) : 224,
                        argc > 3 ? std::atoi(argv[3]) : 1);
}
