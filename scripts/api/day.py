"""A program of a company uses the API for a day: lists, downloads, links, events, webhooks."""

import hashlib
import http.server
import json
import os
import threading
import time
import urllib.error
import urllib.request

from standardwebhooks.webhooks import Webhook

ORIGIN, KEY, VIEWER = os.environ["ORIGIN"], os.environ["KEY"], os.environ["VIEWER"]
PATIENCE_S = 60


def call(method, path, body=None, key=KEY, headers=None):
    url = path if path.startswith("http") else ORIGIN + path
    request = urllib.request.Request(url, method=method)
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, data, timeout=PATIENCE_S) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def get(path, **options):
    status, _, body = call("GET", "/api/v1" + path, **options)
    assert status == 200, (path, status, body)
    return json.loads(body)


def pages(path):
    """Every item of a list."""
    cursor = None
    while True:
        page = get(path + (f"&cursor={cursor}" if cursor else ""))
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def lists_and_downloads():
    media = list(pages("/media?limit=3"))
    assert len(media) >= 10, len(media)
    assert len({one["id"] for one in media}) == len(media)
    times = [one["received_at"] for one in media]
    assert times == sorted(times, reverse=True)
    stored = [one for one in media if one["status"] == "stored"]
    assert {one["client"] for one in pages("/media?limit=50&client=2")} == {2}
    for one in stored[:5]:
        path = f"/api/v1/media/{one['id']}/content"
        whole = b""
        while len(whole) < one["size"]:
            status, headers, part = call("GET", path, headers={"Range": f"bytes={len(whole)}-{len(whole) + 999}"})
            assert status == 206, status
            assert headers["etag"] == f'"{one["sha256"]}"', headers
            whole += part
        assert hashlib.sha256(whole).hexdigest() == one["sha256"]
    status, _, _ = call("GET", "/api/v1/media", key=None)
    assert status == 401
    return stored[0]


def links(one):
    path = f"/api/v1/media/{one['id']}/link"
    status, _, made = call("POST", path, {"expires_in": "1h"})
    assert status == 201, made
    made = json.loads(made)
    status, _, body = call("GET", made["url"], key=None)
    assert status == 200 and hashlib.sha256(body).hexdigest() == one["sha256"]
    status, _, _ = call("DELETE", f"/api/v1/media/{one['id']}/links")
    assert status == 200
    status, _, _ = call("GET", made["url"], key=None)
    assert status == 404, "a revoked link opens"
    status, _, _ = call("POST", path, {}, key=VIEWER)
    assert status in (403, 404), status


class Receiver(http.server.BaseHTTPRequestHandler):
    """Verifies each notification with the public library."""

    secret = None
    received = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        event = Webhook(self.secret).verify(body, dict(self.headers))
        self.received.append(event)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def webhooks(one):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    status, _, made = call("POST", "/api/v1/endpoints", {"url": url})
    assert status == 201, made
    made = json.loads(made)
    Receiver.secret = made["secret"]
    status, _, _ = call("POST", f"/api/v1/endpoints/{made['id']}/replay-missing", {"since": "1d"})
    assert status == 202
    until = time.monotonic() + PATIENCE_S
    wanted = one["id"]
    while not any(event["data"].get("media", {}).get("id") == wanted for event in Receiver.received):
        assert time.monotonic() < until, Receiver.received
        time.sleep(0.05)
    status, _, _ = call("DELETE", f"/api/v1/endpoints/{made['id']}")
    assert status == 204
    server.shutdown()


def events():
    """The stream has the same events as the pages, and continues after the last number."""
    listed, after = [], 0
    while True:
        page = get(f"/events?after={after}&limit=5")
        if not page["items"]:
            break
        listed += page["items"]
        after = page["next"]
    seqs = [event["seq"] for event in listed]
    assert seqs == list(range(1, len(seqs) + 1)), seqs
    request = urllib.request.Request(ORIGIN + "/api/v1/events?after=0")
    request.add_header("Authorization", f"Bearer {KEY}")
    request.add_header("Accept", "text/event-stream")
    request.add_header("Last-Event-ID", str(seqs[-3]))
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as stream:
        lines = (line.decode().strip() for line in stream)
        data = (json.loads(line[5:]) for line in lines if line.startswith("data:"))
        assert [next(data)["seq"] for _ in range(2)] == seqs[-2:]


def main():
    one = lists_and_downloads()
    links(one)
    webhooks(one)
    events()
    print("a day over the API: lists, ranges, links, webhooks and events are right")


main()
