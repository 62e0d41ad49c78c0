// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bindings/plan_handle.h"
#include "headrace/api/execution.h"
#include "headrace/datasource.h"

namespace headrace::bindings {

/// A plan that reads `source`. Raises what making it, or `options`, says.
PlanHandle MakeRead(Result<DatasourcePtr> source, std::optional<int64_t> override_num_blocks,
                    const nb::dict& options);

/// Starts writing the rows of `self`. Raises what making the sink, or `options`, says.
std::shared_ptr<api::Execution> StartWrite(const PlanHandle& self, Result<DatasinkPtr> made,
                                           const DataContext& config, const std::string& dataset_id,
                                           const nb::dict& options);

/// Takes the value of `key` out of `dict`; None when it is not there.
nb::object Pop(nb::dict& dict, const char* key);

/// read_arrow, write_arrow, read_orc, …
void BindFileFormats(nb::class_<PlanHandle>& plan);

}  // namespace headrace::bindings
