// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bindings/python_object.h"
#include "headrace/plan/logical_operator.h"

namespace headrace::bindings {

/// What the class Plan of the module holds.
struct PlanHandle {
  plan::LogicalOperatorPtr root;
};

/// sort, random_shuffle, groupby, join, zip, …
void BindShuffles(nb::class_<PlanHandle>& plan);

}  // namespace headrace::bindings
