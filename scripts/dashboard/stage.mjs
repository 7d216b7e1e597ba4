// What the scripts that walk through the dashboard share: the browser, what counts as a fault, and what a person does. Environment:
// ORIGIN, MODULES (node_modules), SHOTS (a folder, or empty).
import { createRequire } from "node:module";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const { ORIGIN, MODULES, SHOTS } = process.env;
const require = createRequire(path.join(MODULES, "x.js"));
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(path.join(MODULES, "axe-core", "axe.min.js"), "utf8");
export const password = "quatro patos amarelos";
const faults = [];

export function check(holds, what) {
  if (holds) return;
  faults.push(what);
  console.error(`NOT: ${what}`);
}

const profile = fs.mkdtempSync(path.join(os.tmpdir(), "midiateca-chromium-"));
export const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  userDataDir: profile,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
});
export let page;
/// Where the walk is, and which errors of the network are meant there.
export const spot = { where: "", isSignedOut: false, isRefused: false };

export async function open(size, theme, language) {
  page = await browser.newPage();
  await page.setViewport(size);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  await page.setExtraHTTPHeaders({ "Accept-Language": language });
  page.on("pageerror", (error) => check(false, `${spot.where}: ${error.message}`));
  page.on("console", (message) => {
    // A picture or a waveform that does not exist is answered 404, and the page shows a sign in its place.
    const text = message.text();
    if (message.type() === "error" && !text.includes("404") && !(spot.isSignedOut && text.includes("401")) && !(spot.isRefused && /400|409/.test(text))) check(false, `${spot.where}: ${text}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    check(["127.0.0.1", "localhost"].includes(url.hostname) || url.protocol === "data:" || url.protocol === "blob:", `${spot.where} loads ${url.origin}`);
  });
}

export async function go(place) {
  spot.where = place;
  const open = () => page.goto(ORIGIN + place, { waitUntil: "load" });
  await open().catch((error) => {
    // The page before was about to load itself again.
    if (!String(error).includes("ERR_ABORTED")) throw error;
    return open();
  });
}

export async function until(what, test, ...args) {
  try {
    await page.waitForFunction(test, { timeout: 20000 }, ...args);
  } catch {
    check(false, `${spot.where}: ${what}`);
  }
}

export const text = (selector) => page.$eval(selector, (element) => element.textContent).catch(() => "");

export async function press(selector) {
  await page.waitForSelector(selector, { timeout: 10000 });
  await page.$eval(selector, (element) => element.scrollIntoView({ block: "center" }));
  await page.click(selector);
}

/// Answers the dialog that is open.
export async function answer(button = "#dialog-yes") {
  await page.waitForSelector("#dialog[open]", { timeout: 10000 });
  const shown = await text("#dialog");
  const value = await page.$eval("#dialog", (box) => box.querySelector("input")?.value ?? "");
  await access(`${spot.where} (dialog "${shown.trim().split("\n")[0]}")`);
  await page.click(button);
  return value || shown;
}

/// No serious finding of axe on the page as it is, with the dialog that is open.
export async function access(what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of found.violations) {
    if (!["serious", "critical"].includes(violation.impact)) continue;
    check(false, `${what} (${page.viewport().width}): ${violation.id}: ${violation.nodes[0].target} ${violation.nodes[0].failureSummary}`);
  }
}

export async function look(name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(wide <= 0, `${spot.where} is ${wide} pixels too wide at ${page.viewport().width}`);
  const isNarrow = page.viewport().width <= 896;
  const tall = await page.evaluate(() => Math.max(0, ...[...document.querySelectorAll(".scroll tbody tr")].map((row) => row.offsetHeight)));
  check(isNarrow || tall < 250, `${spot.where} has a row of ${tall} pixels at ${page.viewport().width}`);
  if (isNarrow) {
    const scrolls = await page.$$eval(".scroll", (boxes) => boxes.filter((box) => box.offsetParent && box.scrollWidth > box.clientWidth).length);
    check(!scrolls, `${spot.where} has ${scrolls} tables that scroll sideways`);
    const bare = await page.$$eval(".scroll table:has(thead) tbody td", (cells) => cells.filter((cell) => !cell.dataset.label && !cell.querySelector("button, summary") && cell.textContent.trim()).length);
    check(!bare, `${spot.where} has ${bare} cells without the name of their column`);
  }
  const roles = await page.$$eval("main table", (tables) => tables.filter((table) => table.getAttribute("role") !== "table" || [...table.querySelectorAll("tr, td, th")].some((part) => !part.getAttribute("role"))).length);
  check(!roles, `${spot.where} has ${roles} tables without roles`);
  await access(spot.where);
  if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
}

/// Ends the browser and the script.
export async function end(what) {
  await browser.close();
  fs.rmSync(profile, { recursive: true, force: true });
  console.log(`${what}; ${faults.length} faults`);
  process.exit(faults.length ? 1 : 0);
}
