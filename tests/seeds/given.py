# SPDX-License-Identifier: Apache-2.0
"""What the samples call but do not define. Each function leaves a trace by which a test can tell that it ran."""

import numpy as np


def transform_function(batch):
    return {**batch, "doubled": batch["amount"] * 2}


def transform_1(batch):
    return {**batch, "first": batch["id"] + 1}


def transform_2(batch):
    return {**batch, "second": batch["first"] * 10, "processed": batch["id"] % 4 == 0}


def expensive_transform(batch):
    return {**batch, "cost": batch["amount"] ** 2}


def add_seen(batch):
    return {**batch, "seen": np.ones(len(batch["id"]), dtype=np.int64)}


cpu_processing = gpu_processing = processing_func = your_transform = add_seen
cpu_intensive_transform = cpu_heavy_function = cpu_function = gpu_function = add_seen


def gpu_intensive_transform(batch):
    return {**batch, "rows_in_batch": np.full(len(batch["id"]), len(batch["id"]))}


gpu_intensive_function = gpu_intensive_transform


def inference_function(batch):
    return {"id": batch["id"], "rows_in_batch": np.full(len(batch["id"]), len(batch["id"]))}


def simple_transform(row):
    return {**row, "value": row["value"] + 1}


def another_simple_transform(row):
    return {**row, "value": row["value"] * 2}


def row_transform(row):
    return {**row, "amount": row["amount"] + 1}


def final_transform(row):
    return {**row, "final": row["amount"] * 2}


def extract_field(row):
    return {**row, "field": row["text"].split()[1]}


def transform_field(row):
    return {**row, "result": int(row["field"]) * 3}


def tokenize(batch):
    return {**batch, "tokens": np.array([len(text) for text in batch["text"]])}


def normalize(batch):
    return {**batch, "share": batch["tokens"] / 100}


def preprocess_fn(batch):
    return {**batch, "scaled": batch["amount"] / 200}


class GPUModel:
    def __init__(self):
        self.bias = 0.5

    def __call__(self, batch):
        return {"id": batch["id"], "score": batch["scaled"] + self.bias}


class InferenceClass:
    def __call__(self, batch):
        return {"id": batch["id"], "prediction": batch["amount"] > 100}


OptimizedInference = InferenceClass


def measure_throughput(results):
    return float(results.count())


def operation_is_readonly():
    return True


def create_new_batch(batch):
    return {**batch, "new": batch["id"]}


def compute_values(batch):
    return batch["id"] * 7
