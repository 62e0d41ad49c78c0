# SPDX-License-Identifier: Apache-2.0
"""init, shutdown and resources; each start in a process of its own."""

import subprocess
import sys

import pytest

import headrace as ray


def _run(program, **environment):
    import os

    prelude = f"import sys; sys.path[:] = {sys.path!r}\nimport headrace as ray\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def _output(program, **environment):
    done = _run(program, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_init_sets_what_the_engine_has():
    program = (
        "ray.init(num_cpus=3, num_gpus=2, object_store_memory=200_000_000, resources={'disk': 4})\n"
        "r = ray.cluster_resources()\n"
        "print(r['CPU'], r['GPU'], r['object_store_memory'], r['disk'], r['node:127.0.0.1'])"
    )
    assert _output(program) == "3.0 2.0 200000000.0 4.0 1.0"


def test_gpu_is_absent_when_there_is_none():
    assert _output("ray.init(num_gpus=0); print('GPU' in ray.cluster_resources())") == "False"


def test_the_environment_sets_the_object_store_size():
    program = "print(ray.cluster_resources()['object_store_memory'])"
    assert _output(program, RAY_object_store_memory="150000000") == "150000000.0"


def test_first_use_starts_the_engine_and_shutdown_stops_it():
    program = (
        "assert not ray.is_initialized()\n"
        "assert ray.data.range(2).map(lambda r: r).take_all() == [{'id': 0}, {'id': 1}]\n"
        "assert ray.is_initialized()\n"
        "ray.shutdown(); ray.shutdown()\n"
        "assert not ray.is_initialized()\n"
        "assert ray.data.range(1).take_all() == [{'id': 0}]\n"
        "print('ok')"
    )
    assert _output(program) == "ok"


def test_a_second_init_fails_unless_told_to_ignore_it():
    program = (
        "ray.init(num_cpus=1)\n"
        "ray.init(num_cpus=2, ignore_reinit_error=True)\n"
        "print(ray.cluster_resources()['CPU'])\n"
        "ray.init()"
    )
    done = _run(program)
    assert done.stdout.strip() == "1.0"
    assert "RuntimeError" in done.stderr and "ignore_reinit_error=True" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"address": "ray://host:10001"}, ValueError, "clusters are not supported yet"),
        ({"num_cpus": 0}, ValueError, "num_cpus"),
        ({"num_gpus": -1}, ValueError, "num_gpus"),
        ({"num_cpu": 1}, TypeError, "num_cpu"),
    ],
)
def test_init_rejects_what_it_cannot_do(arguments, kind, words):
    with pytest.raises(kind, match=words):
        ray.init(**arguments)


def test_names_of_ray_init_are_accepted():
    program = (
        "info = ray.init(address='local', include_dashboard=False, dashboard_port=8265, namespace='n',\n"
        "                logging_level='warning', log_to_driver=False, _temp_dir='/x', local_mode=True,\n"
        "                runtime_env={'env_vars': {'HR_TEST': '7'}})\n"
        "import os; print(info['address'], os.environ['HR_TEST'])"
    )
    assert _output(program) == "local 7"


def test_store_statistics_are_within_the_store():
    stats = ray.object_store_stats()
    assert 0 <= stats["used_bytes"] <= stats["total_bytes"]


def test_refs_give_back_what_was_put():
    refs = [ray.put(1), ray.put("a")]
    assert ray.get(refs) == [1, "a"]
    assert ray.get(refs[0]) == 1
    assert ray.wait(refs, num_returns=2) == (refs, [])
    with pytest.raises(TypeError, match="ObjectRef"):
        ray.get(3)
    with pytest.raises(TypeError, match="put"):
        ray.put(refs[0])
