// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Objects and lists in each other that a JSON value may have. Arrow's JSON reader works by
/// recursion, which a text of brackets would let overflow the stack; and a type of more than 64
/// levels cannot leave for Python.
inline constexpr int kMostJsonLevels = 60;

/// Fails with Invalid when brackets of `text` are nested deeper. Does not check anything else; up
/// to the first mistake it counts as a parser does.
Status CheckJsonDepth(std::string_view text);

}  // namespace headrace::datasource
