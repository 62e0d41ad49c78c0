// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/bindings.h"
#include "bindings/raise.h"
#include "headrace/api/engine.h"
#include "headrace/backend/local/worker_main.h"
#include "headrace/base/log.h"

namespace headrace::bindings {
namespace {

void Init(std::optional<int> num_cpus, std::optional<double> num_gpus,
          std::optional<int64_t> memory, std::optional<int64_t> object_store_memory,
          std::map<std::string, double> resources, std::string python_executable,
          std::vector<std::string> sys_path, std::vector<std::string> spill_directories,
          std::optional<int64_t> spill_quota_bytes, std::optional<std::string> spill_compression) {
  api::EngineOptions options;
  options.num_cpus = num_cpus;
  options.num_gpus = num_gpus.value_or(0);
  options.memory = memory;
  options.object_store_memory = object_store_memory;
  options.resources = std::move(resources);
  options.python = {std::move(python_executable), std::move(sys_path)};
  if (!spill_directories.empty()) options.spill.directories = std::move(spill_directories);
  if (spill_quota_bytes) options.spill.quota_bytes = *spill_quota_bytes;
  if (spill_compression) {
    using Compression = store::SpillOptions::Compression;
    options.spill.compression =
        *spill_compression == "lz4" ? Compression::kLz4 : Compression::kNone;
  }
  ValueOrRaise(api::Engine::Start(std::move(options)));
}

std::map<std::string, double> AvailableResources() {
  const auto engine = ValueOrRaise(api::Engine::Current());
  auto resources = engine->TotalResources();
  const task::Resources used = engine->backend()->UsedResources();
  resources["CPU"] = std::max(0.0, resources["CPU"] - used.cpu);
  if (resources.contains("GPU")) resources["GPU"] = std::max(0.0, resources["GPU"] - used.gpu);
  resources["memory"] = std::max(0.0, resources["memory"] - used.memory_bytes);
  const auto store = engine->backend()->store()->stats();
  resources["object_store_memory"] -= static_cast<double>(store.used_bytes);
  return resources;
}

std::map<std::string, double> ObjectStoreStats() {
  const auto stats = ValueOrRaise(api::Engine::Current())->backend()->store()->stats();
  return {{"used_bytes", static_cast<double>(stats.used_bytes)},
          {"total_bytes", static_cast<double>(stats.total_bytes)},
          {"peak_bytes", static_cast<double>(stats.peak_bytes)},
          {"shared_bytes", static_cast<double>(stats.shared_bytes)},
          {"num_objects", static_cast<double>(stats.num_objects)},
          {"spilled_bytes", static_cast<double>(stats.spilled_bytes)},
          {"spilled_bytes_total", static_cast<double>(stats.spilled_bytes_total)},
          {"restored_bytes", static_cast<double>(stats.restored_bytes_total)},
          {"num_spilled", static_cast<double>(stats.num_spilled)},
          {"num_restored", static_cast<double>(stats.num_restored)},
          {"spill_s", stats.spill_s},
          {"restore_s", stats.restore_s}};
}

void SetLevel(const std::string& level) {
  const LogLevel value = level == "debug"   ? LogLevel::kDebug
                         : level == "info"  ? LogLevel::kInfo
                         : level == "error" ? LogLevel::kError
                                            : LogLevel::kWarning;
  SetLogLevel(value);
}

}  // namespace

void BindEngine(nb::module_& module) {
  module.def("init", &Init, nb::arg("num_cpus").none(), nb::arg("num_gpus").none(),
             nb::arg("memory").none(), nb::arg("object_store_memory").none(), nb::arg("resources"),
             nb::arg("python_executable"), nb::arg("sys_path"),
             nb::arg("spill_directories") = std::vector<std::string>(),
             nb::arg("spill_quota_bytes").none() = nb::none(),
             nb::arg("spill_compression").none() = nb::none());
  module.def("shutdown", [] {
    nb::gil_scoped_release nogil;  // waits for workers to end
    api::Engine::Stop();
  });
  module.def(
      "warm_up_python",
      [](std::vector<std::string> modules, bool for_actors) {
        using Use = backend::Zygote::Use;
        ValueOrRaise(api::Engine::Current())
            ->backend()
            ->WarmUpPython(std::move(modules), for_actors ? Use::kActor : Use::kTasks);
      },
      nb::arg("modules") = std::vector<std::string>(), nb::arg("for_actors") = false,
      "Starts the process that forks workers, so that it loads while the program goes on.");
  module.def("is_initialized", &api::Engine::IsStarted);
  module.def("cluster_resources",
             [] { return ValueOrRaise(api::Engine::Current())->TotalResources(); });
  module.def("available_resources", &AvailableResources);
  module.def("object_store_stats", &ObjectStoreStats);
  module.def("set_log_level", &SetLevel);
  module.def("version", [] { return std::string(HEADRACE_VERSION); });
  module.def(
      "run_worker",
      [](int socket_fd, int control_fd) {
        auto status = [&] {
          nb::gil_scoped_release nogil;
          return backend::RunWorker(socket_fd, control_fd);
        }();
        IgnoreStatus(status, "the driver has closed the connection");
      },
      "The life of a worker process; see headrace._worker.zygote.");
}

}  // namespace headrace::bindings
