# SPDX-License-Identifier: Apache-2.0
"""A real S3 server on loopback, and a proxy in front of it that misbehaves."""

import http.client
import itertools
import logging
import random
import socket
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler

import pyarrow.fs
import pytest


@pytest.fixture(scope="session")
def s3_address():
    """host:port of a server that lives as long as the tests."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_address, monkeypatch):
    """An empty bucket "bucket", reached by s3://bucket/… and by the filesystem that is given."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "the-key-id",
        "AWS_SECRET_ACCESS_KEY": "the-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{s3_address}",
    }.items():
        monkeypatch.setenv(name, value)
    filesystem = s3_filesystem(s3_address, allow_bucket_creation=True, allow_bucket_deletion=True)
    filesystem.create_dir("bucket")
    yield filesystem
    filesystem.delete_dir("bucket")


def s3_filesystem(address, **options):
    return pyarrow.fs.S3FileSystem(
        access_key="the-key-id",
        secret_key="the-secret",
        region="us-east-1",
        scheme="http",
        endpoint_override=address,
        **options,
    )


class FaultyProxy:
    """Passes requests on to ``target``; ``misbehaves(method, path)`` names what it does instead, or None.

    "500", "503": that answer. "reset": the connection ends without an answer. "cut": the body ends half-way and the
    connection with it. "stall": the body stops half-way.
    """

    def __init__(self, target, misbehaves):
        self.misbehaves = misbehaves
        self.did = []  # what was done instead of passing on
        self.requests = itertools.count()
        self.lock = threading.Lock()
        self.stop = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def pass_on(self):
                body = self.read_body()
                with proxy.lock:
                    fault = proxy.misbehaves(self.command, self.path)
                    if fault is not None:
                        proxy.did.append(fault)
                if fault in ("500", "503"):
                    code = "InternalError" if fault == "500" else "SlowDown"
                    answer = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>not now</Message></Error>"
                    return self.answer(int(fault), [("Content-Type", "application/xml")], answer.encode())
                if fault == "reset":
                    return self.hang_up()
                upstream = http.client.HTTPConnection(target, timeout=30)
                upstream.request(self.command, self.path, body=body, headers=dict(self.headers))
                answer = upstream.getresponse()
                content = answer.read()
                headers = [
                    (name, value)
                    for name, value in answer.getheaders()
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date")
                ]
                length = answer.getheader("Content-Length") or str(len(content))
                upstream.close()
                return self.answer(answer.status, headers, content, fault, length)

            def read_body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                del self.headers["Transfer-Encoding"]
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def answer(self, status, headers, content, fault=None, length=None):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", length if length is not None else str(len(content)))
                self.end_headers()
                if fault in ("cut", "stall") and self.command == "GET":
                    self.wfile.write(content[: len(content) // 2])
                    self.wfile.flush()
                    if fault == "stall":
                        proxy.stop.wait(timeout=5)
                    return self.hang_up()
                if self.command != "HEAD":
                    self.wfile.write(content)
                return None

            def hang_up(self):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass  # a client that went away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        self.stop.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def faulty_s3(s3, s3_address):
    """faulty_s3(misbehaves) gives (filesystem, proxy): the bucket behind a proxy."""
    proxies = []

    def start(misbehaves, **options):
        proxy = FaultyProxy(s3_address, misbehaves)
        proxies.append(proxy)
        # One attempt of the library itself, so that what is seen is the engine's doing.
        filesystem = s3_filesystem(proxy.address, connect_timeout=1.0, request_timeout=0.4, **options)
        return filesystem, proxy

    yield start
    for proxy in proxies:
        proxy.close()


class Dice:
    """One of ``faults`` for every fourth request that reads; the same ones for the same seed."""

    def __init__(self, seed, faults):
        self.random = random.Random(seed)
        self.count = seed
        self.faults = faults

    def __call__(self, method, path):
        if method not in ("GET", "HEAD"):
            return None
        self.count += 1
        return self.random.choice(self.faults) if self.count % 4 == 0 else None


@pytest.fixture
def dice():
    return Dice


@pytest.fixture
def wait_until():
    def wait(condition, bound_s=20.0):
        end = time.monotonic() + bound_s
        while not condition():
            assert time.monotonic() < end, "still not so after the bound"
            time.sleep(0.01)

    return wait
