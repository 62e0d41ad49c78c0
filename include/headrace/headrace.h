// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The whole public API: sources, Dataset, expressions, settings.
#include "headrace/block.h"
#include "headrace/data_context.h"
#include "headrace/data_iterator.h"
#include "headrace/dataset.h"
#include "headrace/datasource.h"
#include "headrace/expressions.h"
#include "headrace/read_api.h"
#include "headrace/shuffle_options.h"
#include "headrace/write_options.h"
