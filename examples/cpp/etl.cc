// SPDX-License-Identifier: Apache-2.0
// Parquet, filter by expression, a C++ function over batches, Parquet.
#include <arrow/compute/api.h>
#include <headrace/headrace.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace hr = headrace;

/// Makes some orders to work on: id, pieces (0 to 9), price (5 to 11).
arrow::Status MakeOrders(const std::string& path, int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(const hr::Dataset ids, hr::Range(rows, /*override_num_blocks=*/4));
  const hr::Expr tens = hr::Call("floor", {hr::Col("id") / hr::Lit(10)});
  const hr::Expr sevens = hr::Call("floor", {hr::Col("id") / hr::Lit(7)});
  return ids.WithColumn("pieces", hr::Col("id") - tens * hr::Lit(10))
      .WithColumn("price", hr::Lit(5.0) + hr::Col("id") - sevens * hr::Lit(7))
      .WriteParquet(path, {.files = {.mode = hr::SaveMode::kOverwrite}});
}

/// Adds the column "amount": called for each batch, from several threads.
arrow::Result<hr::Block> AddAmount(const hr::Block& orders) {
  const auto& batch = orders.batch();
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum amount,
      arrow::compute::Multiply(batch->GetColumnByName("price"), batch->GetColumnByName("pieces")));
  ARROW_ASSIGN_OR_RAISE(auto with_amount,
                        batch->AddColumn(batch->num_columns(), "amount", amount.make_array()));
  return hr::Block(std::move(with_amount));
}

arrow::Status Run(const std::string& folder) {
  ARROW_RETURN_NOT_OK(MakeOrders(folder + "/orders", 100'000));

  ARROW_ASSIGN_OR_RAISE(const hr::Dataset orders, hr::ReadParquet(folder + "/orders"));
  const hr::Dataset large = orders.Filter(hr::Col("pieces") >= hr::Lit(8))
                                .MapBatches(AddAmount, {.name = "AddAmount", .batch_size = 4096});
  ARROW_RETURN_NOT_OK(large.WriteParquet(
      folder + "/large", {.compression = "zstd", .files = {.mode = hr::SaveMode::kOverwrite}}));
  std::cout << large.Stats() << "\n";

  ARROW_ASSIGN_OR_RAISE(const hr::Dataset written, hr::ReadParquet(folder + "/large"));
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, written.Count());
  ARROW_ASSIGN_OR_RAISE(const hr::Block first, written.Take(3));
  std::cout << first.batch()->ToString() << rows << " rows\n";
  return arrow::Status::OK();
}

int main(int argc, char** argv) {
  const arrow::Status status = Run(argc > 1 ? argv[1] : ".");
  if (!status.ok()) std::cerr << status.ToString() << "\n";
  return status.ok() ? 0 : 1;
}
