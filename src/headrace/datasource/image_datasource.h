// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// Reads back the image source that was serialized; see MakeImageDatasource in file_options.h.
///
/// Rows are the images in the order of the paths: tensor column "image", then partition columns and
/// "path". Blocks whose images share a shape hold fixed-shape tensors, others variable-shape ones;
/// a block ends where the element type or the number of dimensions changes. Images of mode "1" are
/// uint8 tensors of 0 and 1.
Result<DatasourcePtr> DeserializeImageDatasource(std::string_view bytes);

}  // namespace headrace::datasource
