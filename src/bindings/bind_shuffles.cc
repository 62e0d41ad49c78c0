// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "bindings/plan_handle.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::bindings {
namespace {

using Names = std::vector<std::string>;
/// Function, column, name of the result, ignore_nulls, ddof, parameter.
using AggregationTuple = std::tuple<std::string, std::string, std::string, bool, int64_t, double>;

PlanHandle Sort(const PlanHandle& self, const Names& columns, const std::vector<bool>& descending,
                std::optional<std::vector<double>> boundaries) {
  std::vector<SortColumn> keys;
  for (size_t i = 0; i < columns.size(); ++i) keys.push_back({columns[i], descending.at(i)});
  std::vector<double> cuts = std::move(boundaries).value_or(std::vector<double>{});
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return {std::make_shared<plan::Sort>(self.root, std::move(keys), std::move(cuts))};
}

PlanHandle GroupAggregate(const PlanHandle& self, Names keys,
                          const std::vector<AggregationTuple>& aggregations,
                          int64_t num_partitions) {
  std::vector<Aggregation> all;
  for (const auto& [function, column, name, ignore_nulls, ddof, parameter] : aggregations) {
    all.push_back({function, column, name, ignore_nulls, ddof, parameter});
  }
  return {std::make_shared<plan::GroupAggregate>(self.root, std::move(keys), std::move(all),
                                                 num_partitions)};
}

PlanHandle Join(const PlanHandle& self, const PlanHandle& other, std::string join_type,
                Names left_on, Names right_on, std::optional<std::string> left_suffix,
                std::optional<std::string> right_suffix, int64_t num_partitions) {
  return {std::make_shared<plan::Join>(
      self.root, other.root,
      JoinOptions{std::move(join_type), std::move(left_on), std::move(right_on),
                  std::move(left_suffix), std::move(right_suffix), num_partitions})};
}

PlanHandle Zip(const PlanHandle& self, const std::vector<PlanHandle>& others) {
  std::vector<plan::LogicalOperatorPtr> inputs = {self.root};
  for (const PlanHandle& other : others) inputs.push_back(other.root);
  return {std::make_shared<plan::Zip>(std::move(inputs))};
}

PlanHandle Mix(const PlanHandle& self, const std::vector<PlanHandle>& others,
               std::vector<double> weights, bool stop_on_shortest) {
  std::vector<plan::LogicalOperatorPtr> inputs = {self.root};
  for (const PlanHandle& other : others) inputs.push_back(other.root);
  return {std::make_shared<plan::Mix>(std::move(inputs), std::move(weights), stop_on_shortest)};
}

}  // namespace

void BindShuffles(nb::class_<PlanHandle>& plan) {
  plan.def("sort", &Sort, nb::arg("columns"), nb::arg("descending"), nb::arg("boundaries").none())
      .def(
          "random_shuffle",
          [](const PlanHandle& self, uint64_t seed) {
            return PlanHandle{std::make_shared<plan::RandomShuffle>(self.root, seed)};
          },
          nb::arg("seed"))
      .def(
          "randomize_block_order",
          [](const PlanHandle& self, uint64_t seed) {
            return PlanHandle{std::make_shared<plan::RandomizeBlockOrder>(self.root, seed)};
          },
          nb::arg("seed"))
      .def(
          "repartition_by_keys",
          [](const PlanHandle& self, Names keys, int64_t num_blocks, bool sort) {
            return PlanHandle{std::make_shared<plan::HashRepartition>(self.root, std::move(keys),
                                                                      num_blocks, sort)};
          },
          nb::arg("keys"), nb::arg("num_blocks"), nb::arg("sort"))
      .def("group_aggregate", &GroupAggregate, nb::arg("keys"), nb::arg("aggregates"),
           nb::arg("num_partitions"))
      .def(
          "group_blocks",
          [](const PlanHandle& self, Names keys, int64_t num_partitions) {
            return PlanHandle{
                std::make_shared<plan::GroupBlocks>(self.root, std::move(keys), num_partitions)};
          },
          nb::arg("keys"), nb::arg("num_partitions"))
      .def("join", &Join, nb::arg("other"), nb::arg("join_type"), nb::arg("left_on"),
           nb::arg("right_on"), nb::arg("left_suffix").none(), nb::arg("right_suffix").none(),
           nb::arg("num_partitions"))
      .def("zip", &Zip, nb::arg("others"))
      .def("mix", &Mix, nb::arg("others"), nb::arg("weights"), nb::arg("stop_on_shortest"));
}

}  // namespace headrace::bindings
