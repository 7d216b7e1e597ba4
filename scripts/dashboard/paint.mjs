// Measures pages of the dashboard on a phone profile: a screen of 390 pixels, a slow 4G network (150 ms, 1.6 Mbit/s) and a processor
// four times slower, as Lighthouse does; nothing cached. Environment: as walk.mjs. Results go to stdout as Markdown.
import { createRequire } from "node:module";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const { ORIGIN, SETUP, MODULES } = process.env;
const puppeteer = createRequire(path.join(MODULES, "x.js"))("puppeteer-core");
const rounds = 5;
const profile = fs.mkdtempSync(path.join(os.tmpdir(), "midiateca-chromium-"));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  userDataDir: profile,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  await page.goto(SETUP);
  for (const field of await page.$$("input[type=password]")) await field.type("quatro patos amarelos");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await page.evaluateOnNewDocument(() => {
    window.seen = { shift: 0, largest: 0 };
    const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
    watch("layout-shift", (entry) => (window.seen.shift += entry.value));
    watch("largest-contentful-paint", (entry) => (window.seen.largest = entry.startTime));
  });
  const session = await page.createCDPSession();
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: (1.6 * 1e6) / 8, uploadThroughput: (0.75 * 1e6) / 8 });
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const types = new Map();
  const bytes = { Image: 0, other: 0 };
  session.on("Network.responseReceived", (event) => types.set(event.requestId, event.type));
  session.on("Network.loadingFinished", (event) => (bytes[types.get(event.requestId) === "Image" ? "Image" : "other"] += event.encodedDataLength));
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  console.log("| page | first contentful paint, ms | largest, ms | layout shift, most | KiB without images | KiB of images |\n| --- | --- | --- | --- | --- | --- |");
  for (const place of ["/media", "/", "/chats", "/failures"]) {
    const found = [];
    for (let round = 0; round < rounds; round++) {
      types.clear();
      bytes.Image = bytes.other = 0;
      // Live events keep a connection open, so the network is never idle; pictures are loaded when the page is.
      await page.goto(ORIGIN + place, { waitUntil: "load" });
      await page.waitForFunction(() => [...document.images].every((image) => image.complete || image.loading === "lazy") && performance.now() > 3000);
      const first = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
      found.push({ first, ...(await page.evaluate(() => window.seen)), other: bytes.other, images: bytes.Image });
    }
    const of = (name) => found.map((one) => one[name]);
    const cells = [median(of("first")).toFixed(0), median(of("largest")).toFixed(0), Math.max(...of("shift")).toFixed(3), (median(of("other")) / 1024).toFixed(1), (median(of("images")) / 1024).toFixed(1)];
    console.log(`| ${place} | ${cells.join(" | ")} |`);
  }
} finally {
  await browser.close();
  fs.rmSync(profile, { recursive: true, force: true });
}
