# SPDX-License-Identifier: Apache-2.0
"""The fields of DataContext with their defaults.

Each docstring ends with what headrace does with the field: "Used.", or "No effect: …" with the reason. Fields without
effect can be set and read back, so that a script written for Ray Data need not change.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from headrace.data._autoscaling_config import AutoscalingConfig
    from headrace.data._execution_options import ExecutionOptions

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

RETRIED_IO_ERRORS = (
    "AWS Error INTERNAL_FAILURE",
    "AWS Error NETWORK_CONNECTION",
    "AWS Error SLOW_DOWN",
    "AWS Error UNKNOWN (HTTP status 500)",
    "AWS Error UNKNOWN (HTTP status 502)",
    "AWS Error UNKNOWN (HTTP status 503)",
    "AWS Error UNKNOWN (HTTP status 504)",
    "AWS Error SERVICE_UNAVAILABLE",
)


class ContextFields:
    """Class attributes are the defaults; mutable ones are made in ``_set_mutable_defaults``."""

    # Blocks and reading.
    target_max_block_size: int | None = 128 * MIB
    """Bytes a block should not exceed (up to 1.5 times that may occur, and a row that is larger is a block of its own);
    None: no limit. A small memory ceiling makes blocks smaller than this. Used."""
    target_min_block_size: int = 1 * MIB
    """Bytes up to which smaller blocks of a task are joined; reading does not cut tasks below it to keep all CPUs busy.
    Used."""
    target_shuffle_max_block_size: int = 1 * GIB
    """Bytes that one task of a sort, shuffle, groupby or join works on at most; a small memory ceiling makes it less.
    Setting it does not change ``target_max_block_size``, as it does in Ray. Used."""
    read_op_min_num_blocks: int = 200
    """Blocks that reading aims for at least, as long as they are above ``target_min_block_size``. Used when it is set
    to another value: Ray's default, which serves clusters, is left to the number of CPUs."""
    min_parallelism: int = 200
    """Old name of ``read_op_min_num_blocks``. Used."""
    streaming_read_buffer_size: int = 32 * MIB
    """Bytes of its files that a read task may have in memory at a time (text that is parsed, stream buffers); readers
    take less where more does not help. Used."""
    decoding_size_estimation: bool = True
    """Estimate decoded sizes before reading. No effect: always done."""
    use_datasource_v2: bool = True
    """Which Parquet reader Ray uses. No effect: there is one."""
    isolate_read_workers: bool = False
    """Separate processes for reads. No effect: native reads run in threads."""
    retried_io_errors: list[str] | tuple[str, ...] = RETRIED_IO_ERRORS
    """A request to storage that is not local is made again when its error has one of these texts, or when an answer
    ends too early. Waits between attempts double from 0.1 s, with jitter. Used."""
    retried_io_max_attempts: int = 10
    """Attempts of one request to storage. Used; Ray's number, which cannot be set there."""
    retried_io_max_backoff_s: float = 32.0
    """Longest wait between two attempts. Used; as above."""
    retried_io_deadline_s: float = 300.0
    """Seconds after which a request to storage is not made again. Used; as above."""
    write_file_retry_on_errors: list[str] | tuple[str, ...] = RETRIED_IO_ERRORS
    """Old name of ``retried_io_errors``. Used."""
    s3_try_create_dir: bool = False
    """Create the directory before writing to S3. No effect: object stores need no directories."""
    override_object_store_memory_limit_fraction: float | None = None
    """Share of the object store that one run may use; None: all of it. Used."""

    # Data formats.
    enable_pandas_block: bool = True
    """Allow pandas blocks. No effect: blocks are always Arrow."""
    enable_tensor_extension_casting: bool = True
    """Tensor columns become ndarrays in DataFrames. No effect: always done."""
    use_arrow_tensor_v2: bool = True
    """Storage of tensors with 64-bit offsets. No effect: Arrow's own fixed-shape tensors are used."""
    arrow_fixed_shape_tensor_format: Any = "arrow_native"
    """Storage of fixed-shape tensors. No effect: always Arrow's own."""
    enable_fallback_to_arrow_object_ext_type: bool | None = None
    """Keep Python objects that Arrow cannot hold as pickles. No effect: always done."""
    enforce_schemas: bool = False
    """Unify schemas across blocks. No effect: always done where blocks meet."""
    pandas_block_ignore_metadata: bool = False
    """Ignore pandas metadata in schemas. No effect: it is never kept."""
    enable_arrow_backed_pandas_conversion: bool = True
    """DataFrames keep Arrow types (``int64[pyarrow]``); False: numpy types. Used."""
    batch_to_block_arrow_format: bool = True
    """DataFrames returned by functions become Arrow. No effect: always done."""
    use_polars: bool = False
    """Sort with polars. No effect: sorts are native."""
    use_polars_sort: bool = False
    """Sort with polars. No effect: sorts are native."""

    # Scheduling.
    execution_options: ExecutionOptions
    """Options of a run, see ExecutionOptions. Used."""
    eager_free: bool = True
    """Free input blocks as soon as they are consumed. Used."""
    scheduling_strategy: Any = "SPREAD"
    """Placement of tasks on nodes. No effect: there is one node."""
    scheduling_strategy_large_args: Any = "DEFAULT"
    """Placement of tasks with large inputs. No effect: there is one node."""
    large_args_threshold: int = 50 * MIB
    """Bytes that make an input large. No effect: there is one node."""
    autoscaling_config: AutoscalingConfig
    """Growth of actor pools, see AutoscalingConfig. Used."""
    max_tasks_in_flight_per_actor: int | None = None
    """Tasks handed to an actor before it returns one; None: twice its concurrency. Used."""
    op_resource_reservation_enabled: bool = True
    """Reserve a share of the limits for each operator. Used."""
    enable_op_resource_reservation: bool = True
    """Other name of ``op_resource_reservation_enabled``. Used."""
    op_resource_reservation_ratio: float = 0.5
    """Share of the limits that is reserved, in [0, 1]. Used."""
    downstream_capacity_backpressure_ratio: float | None = 2.0
    """Queue per running slot of the next operator. No effect: queues are bounded by bytes."""
    enable_dynamic_output_queue_size_backpressure: bool = False
    """Old switch of Ray. No effect: queues are bounded by bytes."""
    output_backpressure_guard_release_interval_s: float | None = None
    """Throttle of Ray's liveness guard. No effect: the guard needs none."""
    object_store_reservation_overshoot_ratio: float | None = None
    """Withhold shared memory from operators above their share. No effect: shares are strict."""
    object_store_memory_pressure_fraction: float | None = None
    """Fill level that counts as pressure. No effect: blocks spill instead."""
    enable_lineage_reconstruction_resource_accounting: bool = True
    """Account for re-made blocks. No effect: blocks of this process are not lost."""
    default_map_logical_memory_enabled: bool = False
    """Default memory reservation per task. No effect: tasks are charged by measured size."""
    wait_for_min_actors_s: float = -1
    """Seconds to wait for the smallest pool before starting. No effect: tasks start with the first actor."""
    execution_no_progress_timeout_s: float = 1800
    """Seconds without progress after which a run fails with ExecutionTimeoutError; -1: never. Used."""

    # Failures.
    max_errored_blocks: int = 0
    """Failed tasks, or unreadable files, that a run tolerates; -1: any number. Used."""
    max_image_pixels: int = 178_956_970
    """Pixels of an image at most: a small file can claim to fill the memory. Read when a reader is made. Used."""
    max_text_row_bytes: int = 1024 * MIB
    """Bytes of a line of text or of a JSON object at most: a file without line ends is an error. Read when a reader is
    made. Used."""
    max_json_keys: int = 10_000
    """Different keys of the JSON objects of a file at most: each is a column. Read when a reader is made. Used."""
    actor_task_retry_on_errors: bool | list[Any] = False
    """Exceptions for which a task of an actor is tried again. No effect: only deaths of workers are retried."""
    actor_init_retry_on_errors: bool | list[Any] = False
    """Exceptions for which a constructor is tried again. No effect: a failing constructor fails the run."""
    actor_init_max_retries: int = 3
    """Tries of a constructor. No effect: as above."""
    max_consecutive_actor_init_deaths: int = 0
    """Constructor deaths in a row that are tolerated. No effect: as above."""
    retried_map_errors: bool | list[Any] = False
    """Exceptions of functions that are tried again. No effect: exceptions of functions are final."""
    max_map_retries: int = 0
    """Tries of a function. No effect: as above."""
    log_internal_stack_trace: bool = False
    """Write full tracebacks to the log. No effect: the user's traceback is always shown."""
    raise_original_map_exception: bool = False
    """Raise the function's own exception. No effect: the raised class always derives from it."""
    enable_ray_data_reconstruction: bool = False
    """Make lost blocks again. No effect: blocks of this process are not lost."""

    # Shuffles. Sort, groupby, join and the like have one algorithm here, which sizes its parts by the data.
    use_push_based_shuffle: bool = False
    """Old switch for push-based shuffles. No effect: there is one algorithm."""
    pipeline_push_based_shuffle_reduce_tasks: bool = True
    """Overlap reduce tasks. No effect: there is one algorithm."""
    max_hash_shuffle_aggregators: int | None = None
    """Aggregators of a hash shuffle. No effect: parts are worked on by tasks."""
    default_hash_shuffle_parallelism: int = 200
    """Partitions of a groupby at most, where the size of the data is not known and ``num_partitions`` does not say it.
    Used."""
    min_hash_shuffle_aggregator_wait_time_in_s: int = 300
    """Seconds before an aggregator is reported as stuck. No effect: there are no aggregators."""
    hash_shuffle_aggregator_health_warning_interval_s: int = 30
    """Seconds between such reports. No effect: as above."""
    max_hash_shuffle_finalization_batch_size: int | None = None
    """Partitions finalized at a time. No effect: as many as there is memory for."""
    shuffle_compression: str | None = "zstd"
    """Codec of shuffled data. No effect: see ``init(spill_compression=...)``."""
    hash_shuffle_compression: str | None = "zstd"
    """Old name of ``shuffle_compression``. No effect: as above."""
    hash_shuffle_reduce_batch_size: int = 16
    """Shards fetched at a time. No effect: nothing is fetched on one machine."""
    hash_shuffle_reduce_get_timeout_s: float = 1800
    """Seconds to wait for a shard. No effect: as above."""
    shuffle_input_batch_bytes: int = 1 * GIB
    """Bytes gathered before partitioning. No effect: follows from the memory of a task."""
    use_disk_based_hash_shuffle: bool = False
    """Shuffle through files. No effect: blocks that do not fit are spilled."""
    use_external_hash_shuffle: bool = False
    """Old name of ``use_disk_based_hash_shuffle``. No effect: as above."""
    join_operator_actor_num_cpus_override: float | None = None
    """CPUs of a join actor. No effect: joins run in tasks."""
    hash_shuffle_operator_actor_num_cpus_override: float | None = None
    """CPUs of an aggregator. No effect: there are no aggregators."""
    hash_aggregate_operator_actor_num_cpus_override: float | None = None
    """CPUs of an aggregator. No effect: there are no aggregators."""
    gpu_shuffle_num_actors: int | None = None
    """Actors of a GPU shuffle. No effect: shuffles run on CPUs."""
    gpu_shuffle_rmm_pool_size: int | str | None = None
    """GPU memory pool. No effect: as above."""
    gpu_shuffle_spill_memory_limit: int | str | None = "auto"
    """GPU memory before spilling. No effect: as above."""
    gpu_shuffle_setup_timeout_s: float = 120
    """Seconds to set up a GPU shuffle. No effect: as above."""

    # What the user sees.
    enable_progress_bars: bool = True
    """Show progress of runs that take longer than half a second. Used."""
    enable_operator_progress_bars: bool = True
    """Show a line per operator besides the total. Used."""
    enable_progress_bar_name_truncation: bool = True
    """Shorten long operator names in progress lines. Used."""
    enable_rich_progress_bars: bool = False
    """Ray's switch for rich. No effect: there is one kind of bar."""
    use_ray_tqdm: bool = True
    """Ray's switch for tqdm. No effect: there is one renderer."""
    print_on_execution_start: bool = True
    """Log a line when a run starts. Used (level debug, since most runs are short)."""
    enable_auto_log_stats: bool = False
    """Log ``stats()`` after each run, at level info. Used."""
    verbose_stats_logs: bool = False
    """More detail in ``stats()``. Used."""
    enable_stats_summary_collection: bool = False
    """Keep summaries of past runs. No effect: each dataset keeps the summary of its last run."""
    enable_per_node_metrics: bool = False
    """Metrics per node. No effect: there is one node."""
    memory_usage_poll_interval_s: float | None = 1
    """Seconds between samples of worker memory. No effect: peaks come from the kernel."""
    enable_get_object_locations_for_metrics: bool = False
    """Count locality hits. No effect: there is one node."""
    accurate_map_phase_timing: bool = False
    """Finer timing in ``stats()``. No effect: always measured."""
    per_stage_map_timing: bool = False
    """Timing per fused function. No effect: always measured."""
    trace_allocations: bool = False
    """``stats()`` says how many bytes of the object store each operator held. Used."""
    _max_num_blocks_in_streaming_gen_buffer: int = 2
    """Blocks that a task may put out before somebody has taken them; then it pauses. 0: it never pauses. Used."""
    warn_on_driver_memory_usage_bytes: int = 2 * GIB
    """Warn when the program itself grows by so many bytes during a run. Used."""
    dataset_logger_id: str | None = None
    """Internal to Ray. No effect."""
    issue_detectors_config: Any = None
    """Detectors of stuck or memory-hungry operators. No effect: see ``execution_no_progress_timeout_s``."""
    custom_execution_callback_classes: list[Any]
    """Hooks around a run. No effect: there are no hooks yet."""
    use_legacy_dataset_ids: bool = False
    """Form of dataset ids. No effect."""
    actor_prefetcher_enabled: bool = False
    """Fetch blocks to the consumer's node. No effect: there is one node."""
    checkpoint_config: Any = None
    """Checkpoints of a run. No effect: there are no checkpoints yet."""
    lance_config: Any = None
    """Settings of the Lance reader. No effect: there is no such reader."""
    iceberg_config: Any = None
    """Settings of the Iceberg reader. No effect: there is no such reader."""
    delta_config: Any = None
    """Settings of the Delta reader. No effect: there is no such reader."""

    # Only in headrace.
    disabled_optimizer_rules: list[str]
    """Names of optimizer rules that are skipped, for finding faults. Used."""

    def _set_mutable_defaults(self) -> None:
        from headrace.data._autoscaling_config import AutoscalingConfig
        from headrace.data._execution_options import ExecutionOptions

        own = self.__dict__
        own.setdefault("execution_options", ExecutionOptions())
        own.setdefault("autoscaling_config", AutoscalingConfig())
        own.setdefault("custom_execution_callback_classes", [])
        own.setdefault("disabled_optimizer_rules", [])
        own.setdefault("retried_io_errors", list(RETRIED_IO_ERRORS))
        own.setdefault("write_file_retry_on_errors", list(RETRIED_IO_ERRORS))
