"""The MP4 of a voice note has the sound of its Ogg, and Chromium plays it and seeks in it."""

import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request

ORIGIN, KEY = os.environ["ORIGIN"], os.environ["KEY"]
PATIENCE_S = 60
LONGEST_PACKET_S = 0.12
# Samples of 16 bits and one channel in a second.
RATE = 48_000


def fetch(path, headers=None):
    request = urllib.request.Request(ORIGIN + path, headers={"Authorization": f"Bearer {KEY}", **(headers or {})})
    return urllib.request.urlopen(request, timeout=PATIENCE_S)


def samples(path):
    command = ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def declared_seconds(path):
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def compare(voice, folder):
    paths = {}
    for form, query in [("ogg", ""), ("mp4", "?as=mp4"), ("aac", "?as=aac")]:
        paths[form] = os.path.join(folder, f"voice.{form}")
        with fetch(f"/api/v1/media/{voice['id']}/content{query}") as answer, open(paths[form], "wb") as file:
            shutil.copyfileobj(answer, file)
    sound = samples(paths["ogg"])
    assert len(sound) > RATE, f"only {len(sound)} bytes of sound"
    again = samples(paths["mp4"])
    # ffmpeg cuts the beginning by the edit list, and plays the last packet of an MP4 to its end.
    assert again.startswith(sound), f"{voice['message_id']}: the MP4 has another sound"
    assert len(again) - len(sound) < LONGEST_PACKET_S * RATE * 2, f"{len(again)} and {len(sound)} bytes of sound"
    declared = [declared_seconds(paths[form]) for form in ["ogg", "mp4"]]
    played = len(sound) / 2 / RATE
    # AAC has a thousand samples before the beginning, and whole frames.
    assert abs(len(samples(paths["aac"])) / 2 / RATE - played) < 0.1, f"{voice['message_id']}: the AAC has another length"
    assert abs(declared[1] - played) < 0.001, f"{declared[1]} s declared, {played} s of sound"
    assert abs(declared[0] - declared[1]) < 0.05, declared
    print(f"{voice['message_id']}: {len(sound) // 2} samples are the same, {declared[1]:.3f} s")
    return played


class Page(http.server.BaseHTTPRequestHandler):
    """A page's origin: a browser sends no key with the address of a sound, so it is added here."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if not self.path.startswith("/api/"):
            self.answer(200, {"Content-Type": "text/html"}, b"<!doctype html><title>voice</title>")
            return
        wanted = {name: self.headers[name] for name in ["Range", "If-Range"] if self.headers[name]}
        with fetch(self.path, wanted) as answer:
            names = ["Content-Type", "Content-Range", "Accept-Ranges", "ETag"]
            self.answer(answer.status, {name: answer.headers[name] for name in names if answer.headers[name]}, answer.read())

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


PLAY = """
const [address, done] = arguments;
(async () => {
  const sound = new Audio(address);
  sound.volume = 0.01;
  const event = name => new Promise((met, failed) => {
    sound.addEventListener(name, met, { once: true });
    sound.addEventListener('error', () => failed(sound.error.message), { once: true });
  });
  const until = async time => { while (sound.currentTime < time && !sound.ended) await event('timeupdate'); };
  await sound.play();
  await until(0.3);
  const played = sound.currentTime;
  sound.currentTime = sound.duration / 2;
  await event('seeked');
  const sought = sound.currentTime;
  await until(sought + 0.2);
  const after = sound.currentTime;
  sound.currentTime = 0;
  await event('seeked');
  const back = sound.currentTime;
  sound.currentTime = sound.duration - 0.2;
  if (!sound.ended) await event('ended');
  const bytes = await (await fetch(address)).arrayBuffer();
  const decoded = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(bytes);
  const loudest = decoded.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return { duration: sound.duration, played, sought, after, back, decoded: decoded.duration, loudest };
})().then(done, error => done({ error: String(error) }));
"""


class Browser:
    def __init__(self, folder):
        log = os.path.join(folder, "chromedriver.log")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=open(log, "wb"), stderr=subprocess.STDOUT)
        began = time.monotonic()
        while True:
            text = open(log, encoding="utf-8").read()
            if "on port " in text.split("started successfully")[-1] and "started successfully" in text:
                self.port = int(text.split("started successfully on port ")[1].split(".")[0])
                break
            assert self.driver.poll() is None and time.monotonic() - began < PATIENCE_S, text
            time.sleep(0.05)
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={folder}/profile",
        ]
        capabilities = {"alwaysMatch": {"goog:chromeOptions": {"args": options}, "timeouts": {"script": PATIENCE_S * 1000}}}
        self.session = None
        self.session = self.call("POST", "", {"capabilities": capabilities})["sessionId"]

    def call(self, method, path, body=None):
        prefix = "/session" if self.session is None else f"/session/{self.session}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{prefix}{path}", method=method)
        request.add_header("Content-Type", "application/json")
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=2 * PATIENCE_S) as answer:
            return json.load(answer)["value"]

    def close(self):
        try:
            if self.session:
                self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


def play(voices, folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser(folder)
    try:
        browser.call("POST", "/url", {"url": f"http://127.0.0.1:{server.server_port}/"})
        for voice, seconds in voices:
            address = f"/api/v1/media/{voice['id']}/content?as=mp4"
            found = browser.call("POST", "/execute/async", {"script": PLAY, "args": [address]})
            assert "error" not in found, found
            assert abs(found["duration"] - seconds) < 0.02, (found, seconds)
            assert abs(found["decoded"] - seconds) < 0.02 and found["loudest"] > 0.001, (found, seconds)
            assert found["played"] >= 0.3 and found["back"] < 0.01, found
            assert abs(found["sought"] - seconds / 2) < 0.02 and found["after"] > found["sought"] + 0.1, found
            print(f"{voice['message_id']}: Chromium plays {found['duration']:.3f} s and seeks to {found['sought']:.3f} s")
    finally:
        browser.close()
        server.shutdown()


def main():
    with fetch("/api/v1/media?kind=audio&status=stored&limit=100") as answer:
        found = json.load(answer)["items"]
    found = [media for media in found if media["mime"] and media["mime"].startswith("audio/ogg")]
    by_hash = {media["sha256"]: media for media in found}
    assert by_hash, "no voice note is stored"
    with tempfile.TemporaryDirectory() as folder:
        voices = [(voice, compare(voice, folder)) for voice in by_hash.values()]
        play(voices, folder)


main()
