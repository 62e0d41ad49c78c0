// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/compute/expression.h>
#include <arrow/result.h>
#include <arrow/scalar.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {

/// A column expression: Arrow's own (arrow::compute::Expression) with the operators of
/// ray.data.expressions. Immutable, cheap to copy, safe to share between threads.
///
///   auto keep = Col("quantity") < Lit(24) && Col("flag") == Lit("N");
class Expr {
 public:
  Expr() = default;
  explicit Expr(arrow::compute::Expression expression);

  bool valid() const { return expression_.is_valid(); }
  const arrow::compute::Expression& arrow() const { return expression_; }
  /// As a Ray user writes it: "(col('a') > 3) & (col('b') == 'x')".
  std::string ToString() const;
  /// Names of the columns it reads, each once, in order of appearance.
  std::vector<std::string> Columns() const;
  /// The column's name when the expression is just a column, else "".
  std::string ColumnName() const;

  /// Bytes that Deserialize reads; also the form that pyarrow's Expression pickles to.
  arrow::Result<std::string> Serialize() const;
  static arrow::Result<Expr> Deserialize(std::string_view bytes);

 private:
  arrow::compute::Expression expression_;
};

Expr Col(std::string name);
Expr Lit(std::shared_ptr<arrow::Scalar> value);
Expr Lit(int64_t value);
Expr Lit(int value);
Expr Lit(double value);
Expr Lit(bool value);
Expr Lit(const char* value);
/// Call of an Arrow compute function by name, with default or given options.
Expr Call(std::string function, std::vector<Expr> arguments,
          std::shared_ptr<arrow::compute::FunctionOptions> options = nullptr);

Expr operator+(const Expr& left, const Expr& right);
Expr operator-(const Expr& left, const Expr& right);
Expr operator*(const Expr& left, const Expr& right);
/// As in Ray: true division, integers divide as doubles.
Expr operator/(const Expr& left, const Expr& right);
Expr operator==(const Expr& left, const Expr& right);
Expr operator!=(const Expr& left, const Expr& right);
Expr operator<(const Expr& left, const Expr& right);
Expr operator<=(const Expr& left, const Expr& right);
Expr operator>(const Expr& left, const Expr& right);
Expr operator>=(const Expr& left, const Expr& right);
/// Kleene logic: null & false is false.
Expr operator&&(const Expr& left, const Expr& right);
Expr operator||(const Expr& left, const Expr& right);
Expr operator!(const Expr& operand);
Expr operator-(const Expr& operand);

}  // namespace headrace
