// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/compute/expression.h>

#include <string>

namespace headrace::expr {

/// `expression` as a Ray user writes it: "(col('a') > 3) & (col('b') == 'x')". Literals longer than
/// 20 characters are cut, as in Ray's operator names. "" for an empty expression.
std::string ToText(const arrow::compute::Expression& expression);

/// The top-level column that `ref` reads: "a" for both a and a.b.
std::string ColumnOf(const arrow::FieldRef& ref);

}  // namespace headrace::expr
