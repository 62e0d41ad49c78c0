"""The C++ core, as Python sees it. Plans are immutable; every call that may wait releases the GIL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

class Schema:
    """Column names and Arrow types."""

    @staticmethod
    def from_arrow(source: object, /) -> Schema:
        """From anything with ``__arrow_c_schema__``."""
    @property
    def names(self) -> list[str]: ...
    @property
    def type_names(self) -> list[str]: ...
    def __arrow_c_schema__(self) -> object: ...
    def __eq__(self, other: object) -> bool: ...

class Block:
    """An immutable table of rows. Implements the Arrow PyCapsule protocol in both directions."""

    @staticmethod
    def from_arrow(source: object) -> Block:
        """From anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``; zero-copy for one chunk."""
    @staticmethod
    def from_numpy(batch: Mapping[str, Any]) -> Block:
        """From columns: ndarray, list, or array-like (torch tensor, pa.Array, pd.Series). ndim >= 2: tensor column."""
    @staticmethod
    def from_rows(rows: Sequence[Mapping[str, Any]]) -> Block:
        """From row dicts; missing keys become null."""
    @property
    def num_rows(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def column_names(self) -> list[str]: ...
    @property
    def schema(self) -> Schema: ...
    def to_rows(self) -> list[dict[str, Any]]:
        """Row dicts with Python scalars, None, list, dict, ndarray for tensors."""
    def to_numpy(self, copy: bool = False) -> dict[str, np.ndarray]:
        """Columns as ndarrays: views (read-only) where the memory allows, else copies."""
    def take_numpy(self) -> dict[str, np.ndarray]:
        """As ``to_numpy``; leaves the block empty, and memory that nobody else refers to can be written to."""
    def map_rows(self, fn: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Block:
        """Block of what ``fn`` returns for each row; workers run ``map`` with the same loop."""
    def flat_map_rows(self, fn: Callable[[dict[str, Any]], Iterable[Mapping[str, Any]]]) -> Block: ...
    def filter_rows(self, fn: Callable[[dict[str, Any]], object]) -> Block: ...
    def load(self) -> Block:
        """Itself: a block is used like a BlockRef."""
    def slice(self, offset: int, length: int) -> Block: ...
    def select(self, columns: Sequence[str]) -> Block: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...
    def __arrow_c_schema__(self) -> object: ...

class BlockRef:
    """A block in the object store, in memory or spilled."""

    @property
    def num_rows(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def resident(self) -> bool:
        """False: ``load`` reads from disk."""
    def load(self) -> Block: ...
    def slice(self, offset: int, length: int, /) -> BlockRef:
        """Some rows, at least one, without touching them."""
    def prefetch(self) -> None:
        """Asks for the block to be brought back from disk meanwhile, if there is room."""

def concat_blocks(blocks: Sequence[Block]) -> Block:
    """One block with all rows; schemas are unified."""

class Expr:
    """A column expression, evaluated natively."""

    @staticmethod
    def col(name: str) -> Expr: ...
    @staticmethod
    def lit(value: object) -> Expr:
        """None, bool, int, float, str, bytes, datetime.date/datetime/timedelta, Decimal."""
    @staticmethod
    def call(function: str, arguments: Sequence[Expr]) -> Expr:
        """Call of an Arrow compute function with its default options."""
    @staticmethod
    def deserialize(data: bytes) -> Expr:
        """From the bytes that a ``pyarrow.compute.Expression`` pickles to."""
    def serialize(self) -> bytes: ...
    def columns(self) -> list[str]: ...
    def column_name(self) -> str:
        """Name when the expression is just a column, else ''."""
    def __str__(self) -> str: ...
    def __getstate__(self) -> bytes: ...
    def __setstate__(self, data: bytes, /) -> None: ...

class Plan:
    """An immutable logical plan. ``options`` arguments are dicts; unknown keys fail with ValueError:

    num_cpus, num_gpus, memory (float); target_max_block_size (int); preserve_order (bool);
    actors (bool), size, min_size, max_size, initial_size, max_tasks_in_flight, max_concurrency, max_restarts (int).
    """

    @staticmethod
    def from_blocks(name: str, blocks: Sequence[Block], /) -> Plan: ...
    @staticmethod
    def from_refs(name: str, refs: Sequence[BlockRef], /) -> Plan: ...
    @staticmethod
    def range(n: int, tensor_shape: Sequence[int] | None, override_num_blocks: int | None, options: dict) -> Plan: ...
    @staticmethod
    def read_parquet(
        files: dict,
        columns: Sequence[str] | None,
        filter: Expr | None,
        schema: object | None,
        include_row_hash: bool,
        tensor_columns: Mapping[str, tuple[str, Sequence[int]]],
        override_num_blocks: int | None,
        options: dict,
    ) -> Plan:
        """``files``: paths, sizes, include_paths, partitioning (style, base_dir, field_names, field_types)."""
    @staticmethod
    def read_images(
        files: dict,
        size: tuple[int, int] | None,
        mode: str,
        fast_decode: bool,
        skip_errors: bool,
        max_pixels: int,
        override_num_blocks: int | None,
        options: dict,
    ) -> Plan: ...
    @staticmethod
    def read_csv(files: dict, csv: dict, override_num_blocks: int | None, options: dict) -> Plan:
        """``csv``: the fields of CsvReadOptions in src/headrace/datasource/file_options.h."""
    @staticmethod
    def read_json(files: dict, json: dict, override_num_blocks: int | None, options: dict) -> Plan: ...
    @staticmethod
    def read_text(
        files: dict,
        encoding: str,
        drop_empty_lines: bool,
        max_row_bytes: int,
        override_num_blocks: int | None,
        options: dict,
    ) -> Plan: ...
    @staticmethod
    def read_binary(files: dict, override_num_blocks: int | None, options: dict) -> Plan: ...
    @staticmethod
    def read_numpy(files: dict, override_num_blocks: int | None, options: dict) -> Plan: ...
    @staticmethod
    def read_python(source: object, override_num_blocks: int | None, options: dict) -> Plan:
        """``source``: a headrace.data._custom_read.PlannedSource."""
    @staticmethod
    def read_arrow(
        files: dict, columns: Sequence[str] | None, override_num_blocks: int | None, options: dict
    ) -> Plan: ...
    @staticmethod
    def read_orc(
        files: dict, columns: Sequence[str] | None, override_num_blocks: int | None, options: dict
    ) -> Plan: ...
    @staticmethod
    def read_tfrecords(
        files: dict, schema: Sequence[tuple[str, int]] | None, override_num_blocks: int | None, options: dict
    ) -> Plan:
        """``schema``: names and kinds of features: 1 bytes, 2 float, 3 int64."""
    @staticmethod
    def read_webdataset(
        files: dict,
        decode: bool,
        fileselect: Sequence[str] | None,
        suffixes: Sequence[str] | None,
        verbose_open: bool,
        expand_json: bool,
        max_image_pixels: int,
        override_num_blocks: int | None,
        options: dict,
    ) -> Plan: ...
    def map(
        self,
        kind: str,
        function_name: str,
        pickled: bytes,
        is_class: bool,
        batch_size: int,
        may_change_row_count: bool,
        options: dict,
        /,
    ) -> Plan:
        """``kind``: batches, rows, flat_map or filter. batch_size 0: a call per block; -1: about 16 MiB."""
    def filter(self, predicate: Expr, options: dict, /) -> Plan: ...
    def project(
        self,
        exprs: Sequence[tuple[str, Expr]],
        keep_rest: bool,
        dropped: Sequence[str],
        renamed: Sequence[tuple[str, str]],
        options: dict,
        /,
    ) -> Plan: ...
    def limit(self, rows: int, /) -> Plan: ...
    def union(self, others: Sequence[Plan], /) -> Plan: ...
    def streaming_repartition(self, rows: int, strict: bool, /) -> Plan: ...
    def repartition(self, num_blocks: int, /) -> Plan: ...
    def sort(self, columns: list[str], descending: list[bool], boundaries: list[float] | None, /) -> Plan:
        """NaN, then null, last in both directions. ``boundaries``: of the first key, where blocks end."""
    def random_shuffle(self, seed: int, /) -> Plan:
        """An order that depends on ``seed`` (0 <= seed < 2**64) alone."""
    def randomize_block_order(self, seed: int, /) -> Plan: ...
    def repartition_by_keys(self, keys: list[str], num_blocks: int, sort: bool, /) -> Plan:
        """Rows with equal keys in one block; ``sort``: each block sorted by the keys."""
    def group_aggregate(
        self, keys: list[str], aggregates: list[tuple[str, str, str, bool, int, float]], num_partitions: int, /
    ) -> Plan:
        """(function, column, output name, ignore_nulls, ddof, parameter); a row per group, keys first.

        Functions: count sum min max mean std abs_max quantile unique count_distinct as_list value_counter missing_pct
        zero_pct first last approx_quantile approx_topk. num_partitions 0: the engine's choice. No keys: one group.
        """
    def group_blocks(self, keys: list[str], num_partitions: int, /) -> Plan:
        """A block per group, rows in their order within the dataset."""
    def join(
        self,
        other: Plan,
        join_type: str,
        left_on: list[str],
        right_on: list[str],
        left_suffix: str | None,
        right_suffix: str | None,
        num_partitions: int,
        /,
    ) -> Plan: ...
    def zip(self, others: list[Plan], /) -> Plan:
        """Columns side by side; names that repeat get _1, _2."""
    def mix(self, others: list[Plan], weights: list[float], stop_on_shortest: bool, /) -> Plan:
        """Blocks in turn, by weight."""
    def write_python(self, name: str, pickled: bytes, min_rows_per_write: int, options: dict, /) -> Plan:
        """``pickled``: of dump_udf, a function of (blocks, context); a row (commit, num_rows) per write task."""
    def count(self) -> Plan:
        """Rows per task, column num_rows."""
    def aggregate(self, aggregates: Sequence[tuple[str, str, bool, int]], config: ExecutionConfig, /) -> dict[str, Any]:
        """Runs; (function, column, ignore_nulls, ddof) -> {"sum(x)": value}. Functions: sum min max mean std count."""

    def schema(self) -> Schema | None:
        """Without running anything (may open file footers); None when only running can tell."""
    def row_count(self) -> int | None:
        """From metadata alone; None when only running can tell."""
    def size_estimate(self) -> int | None: ...
    def input_files(self) -> list[str]: ...
    def num_blocks_estimate(self, config: ExecutionConfig, /) -> int: ...
    def explain(self, config: ExecutionConfig, /) -> tuple[str, str, str, str]:
        """Logical, optimized logical, physical, optimized physical plan as text."""
    def execution_plan(self, config: ExecutionConfig, /) -> str: ...
    def operator_chain(self) -> list[str]:
        """Operator names from source to sink along the first input."""

    def execute(self, config: ExecutionConfig, dataset_id: str, /) -> Execution: ...
    def write_parquet(self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /) -> Execution:
        """``write``: path, mode, try_create_dir, min_rows_per_file, max_rows_per_file, compression, …

        Starts; join() runs it to the commit.
        """
    def write_csv(self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /) -> Execution: ...
    def write_json(self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /) -> Execution: ...
    def write_numpy(self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /) -> Execution: ...
    def write_arrow(self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /) -> Execution: ...
    def write_orc(self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /) -> Execution: ...
    def write_tfrecords(self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /) -> Execution: ...
    def write_webdataset(
        self, write: dict, config: ExecutionConfig, dataset_id: str, options: dict, /
    ) -> Execution: ...

class ExecutionConfig:
    """What an execution needs of a DataContext; plain attributes, defaults as in DataContext."""

    target_max_block_size: int  # 0: no limit
    target_min_block_size: int
    target_shuffle_max_block_size: int
    default_hash_shuffle_parallelism: int
    read_op_min_num_blocks: int
    streaming_read_buffer_size: int
    preserve_order: bool
    limit_cpu: float  # < 0: no limit; of this execution
    limit_gpu: float
    limit_object_store_memory: float
    limit_memory: float
    warn_on_driver_memory_usage_bytes: int
    max_errored_blocks: int
    max_tasks_in_flight_per_actor: int  # 0: 2 x max_concurrency
    max_task_retries: int
    actor_min_running: int  # bounds of autoscaling pools without an explicit size; 0: none
    actor_max_running: int
    actor_scale_up_threshold: float
    actor_scale_down_threshold: float
    actor_max_upscaling_delta: int
    op_resource_reservation_enabled: bool
    op_resource_reservation_ratio: float
    inline_udfs: bool
    eager_free: bool
    max_blocks_in_streaming_gen_buffer: int  # 0: no task pauses
    backpressure_policies: list[str]  # short names; empty: all
    trace_allocations: bool
    execution_no_progress_timeout_s: float
    verbose_stats: bool
    disabled_rules: list[str]

class Execution:
    """A running plan. Dropping the last reference cancels it."""

    def next_block(self) -> Block | None:
        """Waits for the next block; None at the end. Raises what failed."""
    def next_refs(self) -> list[BlockRef]:
        """Waits for at least one block; handles of all that are ready, in order. [] at the end. Raises what failed."""
    def batches(
        self,
        batch_size: int,
        drop_last: bool,
        prefetch_batches: int,
        shuffle_buffer_rows: int,
        shuffle_seed: int | None,
    ) -> BatchIterator:
        """Batches of exactly batch_size rows across blocks (0: a batch per block), locally shuffled when asked."""
    def join(self) -> None:
        """Runs to the end, dropping blocks (writes: commits)."""
    def cancel(self) -> None: ...
    def progress(self) -> dict[str, Any]:
        """Snapshot: {"rows": int, "seconds": float, "done": bool, "operators": [{"name", "tasks_done", "tasks_running",
        "rows_out", "rows_total", "blocks_out", "queued_blocks", "queued_bytes", "actors", "backpressure"}]}."""
    def stats(self, verbose: bool = False) -> str:
        """Text report; after the end it is final."""
    def stats_summary(self) -> dict[str, Any]: ...

class BatchIterator:
    def next(self) -> Block | None: ...
    def timings(self) -> dict[str, float]: ...

def init(
    num_cpus: int | None,
    num_gpus: float | None,
    memory: int | None,
    object_store_memory: int | None,
    resources: Mapping[str, float],
    python_executable: str,
    sys_path: Sequence[str],
    spill_directories: Sequence[str] = (),
    spill_quota_bytes: int | None = None,
    spill_compression: str | None = None,
) -> None:
    """Starts the engine of this process (idempotent); nothing listens, nothing is forked before it is needed."""

def warm_up_python(modules: Sequence[str] = (), for_actors: bool = False) -> None:
    """Starts the process that forks workers, so that it loads while the program goes on.

    It imports ``modules`` once, for all workers that it forks from then on, or for those of actors only: then other
    workers do not wait for it.
    """

def shutdown() -> None: ...
def is_initialized() -> bool: ...
def cluster_resources() -> dict[str, float]: ...
def available_resources() -> dict[str, float]: ...
def object_store_stats() -> dict[str, float]:
    """used_bytes, total_bytes, peak_bytes, num_objects, shared_bytes; spilled_bytes (on disk now), spilled_bytes_total,
    restored_bytes, num_spilled, num_restored, spill_s, restore_s (since the engine started)."""

def list_files(
    paths: Sequence[str],
    extensions: Sequence[str],
    ignore_missing_paths: bool,
    access: FileAccess,
    may_go_on: bool = False,
) -> tuple[list[tuple[str, int]], bool]:
    """Files with their sizes, and whether these are all: with ``may_go_on`` a sample of more than a page of them."""

class FileAccess:
    """How the paths of one read or write are reached; credentials and options of URIs move here."""

    def __init__(self) -> None: ...
    filesystem: bytes  # pickle of a filesystem of pyarrow or fsspec; b"": paths say which
    environment: dict[str, str]  # variables that filesystems look at
    retried_errors: list[str]
    max_attempts: int
    max_backoff_s: float
    deadline_s: float

def set_log_level(level: str, /) -> None: ...
def version() -> str: ...
def run_worker(socket_fd: int, control_fd: int, /) -> None:
    """The life of a worker process; see headrace._worker.zygote."""
