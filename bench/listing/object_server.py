# SPDX-License-Identifier: Apache-2.0
"""The part of S3 that a reader asks for, over objects that are made up: ``many/000000`` and so on, of one line each.

A server that keeps 100,000 real objects (moto) sorts all of them for each page, and is then what is measured.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 1000
PAGING = (("continuation-token", "0"), ("max-keys", str(PAGE)))
STAMP = "2024-01-01T00:00:00.000Z"


def content_of(key: str) -> bytes:
    return f"{key}\n".encode()


def listing(count: int, begin: int, most: int) -> bytes:
    """The page that begins with the object of that number, and has ``most`` objects at most."""
    end = min(count, begin + min(most, PAGE))
    more = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < count else ""
    keys = (f"many/{number:06d}" for number in range(begin, end))
    objects = "".join(
        f"<Contents><Key>{key}</Key><LastModified>{STAMP}</LastModified><Size>{len(content_of(key))}</Size></Contents>"
        for key in keys
    )
    truncated = str(end < count).lower()
    return (
        f'<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><KeyCount>{end - begin}</KeyCount>'
        f"<IsTruncated>{truncated}</IsTruncated>{objects}{more}</ListBucketResult>"
    ).encode()


def serve(count: int) -> None:
    """Answers on a free port of loopback, which it prints, until it is killed."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            query = parse_qs(asked.query)
            key = asked.path.removeprefix("/bucket").lstrip("/")
            if "list-type" in query:
                begin, most = (int(query.get(name, [else_])[0]) for name, else_ in PAGING)
                self.answer(200, listing(count, begin, most))
            elif key.startswith("many/") and key[5:].isdigit():
                self.answer(200, content_of(key))
            else:
                self.answer(404 if key else 200, b"")

        do_HEAD = do_GET

        def answer(self, status: int, body: bytes) -> None:
            ranged = self.headers.get("Range", "").removeprefix("bytes=")
            size = len(body)
            self.send_response(206 if ranged and status == 200 else status)
            if ranged and status == 200:
                begin, _, end = ranged.partition("-")
                last = min(size - 1, int(end) if end else size - 1)
                body = body[int(begin) : last + 1]
                self.send_header("Content-Range", f"bytes {begin}-{last}/{size}")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"made-up"')
            self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
