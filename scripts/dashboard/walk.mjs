// Does in a real browser what a person does on each page of the dashboard, in both languages, on a phone and a desk, light and
// dark. Environment: as stage.mjs, SETUP (the one-time link) and HOOK (a webhook address).
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { answer, browser, check, end, go, look, open, page, password, press, spot, text, until } from "./stage.mjs";

const { ORIGIN, SETUP, HOOK } = process.env;

// The first administrator, by the link, with the keyboard alone.
await open({ width: 1280, height: 900 }, "light", "en");
spot.where = "the link";
await page.goto(SETUP);
await look("setup-en");
await page.focus("input[name=password]");
await page.keyboard.type(password);
await page.keyboard.press("Tab");
await page.keyboard.type(password);
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check((await page.title()).startsWith("Overview"), `the link leads to ${await page.title()}`);

const list = async (query) => page.evaluate(async (query) => (await (await fetch(`/api/v1/media?${query}`)).json()).items, query);
const [voice] = (await list("kind=audio")).filter((media) => media.mime === "audio/ogg");
const [image] = await list("kind=image&status=stored");
const [failed] = await list("status=failed");
// Of the instance whose address is HOOK.
const first = (await list("")).at(-1);
const chat = `/chats/${image.client}/${encodeURIComponent(image.chat_id)}`;
const delivery = await page.evaluate(async () => (await (await fetch("/api/v1/deliveries")).json()).items[0].id);
const pages = ["/", "/media", `/media/${voice.id}`, `/media/${image.id}`, `/media/${failed.id}`, "/chats", chat, "/failures", "/deliveries", `/deliveries/${delivery}`, "/instances", `/instances/${voice.instance}`, "/endpoints", "/access", "/links", "/clients/2", "/holds", "/account", "/audit", "/health", "/media?q=nothing+like+this", "/media/unknown"];
const names = ["overview", "media", "voice", "image", "failed", "chats", "chat", "failures", "deliveries", "delivery", "instances", "instance", "endpoints", "access", "links", "client", "holds", "account", "audit", "health", "empty", "unknown"];

// Every page, as it looks.
await page.close();
for (const [size, theme, language] of [
  [{ width: 1280, height: 900 }, "light", "en"],
  [{ width: 390, height: 844, isMobile: true, hasTouch: true }, "dark", "pt-BR"],
  [{ width: 768, height: 1024 }, "dark", "en"],
  [{ width: 1920, height: 1080 }, "light", "pt-BR"],
]) {
  await open(size, theme, language);
  for (const [n, place] of pages.entries()) {
    await go(place);
    await look(`${names[n]}-${size.width}-${theme}-${language}`);
    check(await page.$eval(".who > a", (link) => link.checkVisibility() && link.getBoundingClientRect().right <= innerWidth), `${spot.where}: the account is reached at ${size.width}`);
    const isInView = (link) => link.getBoundingClientRect().left >= -1 && link.getBoundingClientRect().right <= innerWidth + 1;
    const here = await page.$(".frame > nav [aria-current]");
    check(!here || (await here.evaluate(isInView)), `${spot.where}: the navigation shows where it is at ${size.width}`);
  }
  await page.close();
}

await open({ width: 1280, height: 900 }, "light", "en");
// Search and filter: the address has the filter.
await go("/");
await page.keyboard.press("/");
await page.keyboard.type("foto");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(page.url().includes("q=foto"), "the search is in the address");
check((await page.$$(".tile")).length > 0, "a caption is found");
await go("/media");
await page.select("select[name=kind]", "audio");
await Promise.all([page.waitForNavigation(), press("#filter button")]);
check(page.url().includes("kind=audio"), "the filter is in the address");

// Selection: shift for a range, all, none; the archive follows.
await go("/media");
const boxes = await page.$$(".pick");
await boxes[0].click();
await page.keyboard.down("Shift");
await boxes[3].click();
await page.keyboard.up("Shift");
check((await page.$$(".pick:checked")).length === 4, "shift selects a range");
check((await text("[data-bulk=retry]")) === "Retry selected" && (await text("#zip")) === "Selected as ZIP", "buttons say that they act on the selection");
await page.evaluate(() => document.activeElement.blur());
await page.keyboard.down("Control");
await page.keyboard.press("a");
await page.keyboard.up("Control");
check((await page.$$(".pick:checked")).length === boxes.length, "Ctrl+A selects all");
await page.keyboard.press("Escape");
check((await page.$$(".pick:checked")).length === 0, "Escape selects none");
check((await text("#zip")) === "Download as ZIP", "without a selection the buttons act on the filter");
const isStored = await page.$$eval(".tile", (tiles) => tiles.map((tile) => tile.querySelector(".face").classList.contains("stored")));
await (await page.$$(".pick"))[isStored.indexOf(true)].click();

// A download says first how many files of whom it has, and is what was asked for.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "midiateca-downloads-"));
const session = await browser.target().createCDPSession();
await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
async function downloaded(selector, asks) {
  await press(selector);
  const asked = await answer();
  for (const part of asks) check(asked.includes(part), `${selector} says ${part}: ${asked}`);
  let names = [];
  for (let n = 0; n < 100 && !names.length; n += 1) {
    await new Promise((done) => setTimeout(done, 100));
    names = fs.readdirSync(folder).filter((name) => name.endsWith(".zip"));
  }
  check(names.length === 1, `${selector} downloads one file: ${names}`);
  if (!names.length) return;
  const bytes = fs.readFileSync(path.join(folder, names[0]));
  check(bytes.subarray(0, 2).toString() === "PK", `${selector} downloads a ZIP`);
  fs.unlinkSync(path.join(folder, names[0]));
}
await downloaded("#zip", ["Files in it: 1", "Filter: the selected media (1)", "Clients: ", "Only what was received before", "Nothing is changed"]);
await page.keyboard.press("Escape");
await downloaded("#dossier", ["Files in it: 9", "Filter: all media", "Oficina do Bairro (", "a signature", "in the audit log"]);
await press("#zip");
await answer("#dialog-no");
await press(`.tile[data-id="${failed.id}"] .pick`);
await press("#zip");
await until("a ZIP without files is refused before the download", () => document.querySelector("#toast").textContent.includes("Nothing here"));
fs.rmSync(folder, { recursive: true, force: true });

// A thumbnail that does not exist leaves the sign of its kind, in the same place.
await page.evaluate(() => Object.assign(document.querySelector(".face img"), { loading: "eager", src: "/api/v1/media/unknown/thumbnail" }));
await until("a missing thumbnail leaves the sign of its kind", () => {
  const image = document.querySelector(".face img");
  const [face, sign] = [image.parentNode, image.parentNode.querySelector("svg")].map((element) => element.getBoundingClientRect());
  return image.classList.contains("missing") && !image.checkVisibility() && sign.width > 0 && Math.abs(face.width - face.height) < 2;
});

// One media: the player, its speed, a link, the neighbours.
await go(`/media/${voice.id}`);
await press("[data-speed='1.5']");
await page.evaluate(() => document.querySelector("audio").play());
await until("the voice note plays", () => document.querySelector("audio").currentTime > 0 || document.querySelector("audio").ended);
check((await page.$eval("audio", (audio) => audio.playbackRate)) === 1.5, "the speed is 1.5");
await page.reload();
check((await page.$eval("[data-speed='1.5']", (button) => button.getAttribute("aria-pressed"))) === "true", "the speed is remembered");
await go(`/media/${image.id}`);
await press("[data-copy=url]");
await page.waitForFunction(() => document.querySelector("dialog[open]") || document.querySelector("#toast").textContent, { timeout: 10000 });
if (await page.$("dialog[open]")) await answer();
await until("the link is listed", () => document.querySelector("#links tbody tr"));
await press("#links button");
await answer();
await until("the link is revoked", () => document.querySelector("#links tbody").textContent.includes("revoked"));

// Failures: counted first, then done, and read back.
await go("/failures");
await press("#failed [data-bulk=retry]");
const asked = await answer();
check(asked.includes("changes: 1"), "a bulk action counts first");
for (const part of ["Clients: Oficina do Bairro (1)", "Filter: reason: ", "status: failed", "Only what was received before", "queued for download again", "taken back"]) check(asked.includes(part), `a bulk action says ${part}: ${asked}`);
await page.waitForFunction(() => document.querySelector("#dialog").open, { timeout: 20000 });
const [ended] = await Promise.all([answer(), page.waitForNavigation()]);
check(ended.includes("1 / 1") && ended.includes("1: It is queued"), `a bulk action says what became of each: ${ended}`);
await go(`/media/${failed.id}`);
await until("the retried media ends again", () => document.querySelector("h1 .badge").className.includes("failed") || document.querySelector("#attempts li"));

// A delivery is read again.
await go(`/deliveries/${delivery}`);
const key = (await text("pre")).match(/"mediaKey": "([^"]*)"/)?.[1] ?? "";
check(key.length < 20, `the media key is masked: ${key}`);
await press("[data-url$=replay]");
const [said] = await Promise.all([answer(), page.waitForNavigation()]);
check(said.includes("delivery") && !/[a-z]_[a-z]/.test(said), "the replay says what it did");

// An endpoint: its secret once, its scope in a warning tone, disabled and removed.
await go("/endpoints");
await press("details summary");
await page.type("input[name=url]", "https://hooks.example.com/midia");
await press("details form > button");
check((await answer()).startsWith("whsec_"), "the secret is shown once");
await page.waitForSelector("#endpoints .badge.warning", { timeout: 10000 });
await Promise.all([page.waitForNavigation(), press("#endpoints a")]);
// Only what was changed is sent, and the page shows what is saved.
await press("#change summary");
await page.select("#change select[name=client]", "2");
await page.click("#change input[value='media.stored']");
await Promise.all([page.waitForNavigation(), press("#change form > button")]);
check((await text("h1")).includes("cliente_2") && (await text("main > p.quiet")).includes("media stored"), "the endpoint is changed");
await until("a notice says that it is saved", () => document.querySelector("#toast").textContent.startsWith("Saved"));
await press("#change summary");
await press("#change form > button");
await until("nothing is sent when nothing was changed", () => document.querySelector("#toast").textContent.startsWith("Nothing"));
// What is sent again is counted first, up to when the page was shown.
await page.select("[data-since]", "7d");
await press("[data-bulk=recover]");
await until("nothing failed", () => document.querySelector("#toast").textContent.includes("nothing to send"));
await press("[data-bulk=replay_missing]");
const sendAsked = await answer("#dialog-no");
for (const part of ["Notifications that are sent: ", "never sent to this endpoint · 7 d ago", "Clients: Clínica Aurora (", "hooks.example.com", "Only what failed or happened before", "cannot be taken back"]) check(sendAsked.includes(part), `sending again says ${part}: ${sendAsked}`);
await Promise.all([page.waitForNavigation(), press("[data-method=PATCH]")]);
check((await text("h1")).includes("disabled"), "the endpoint is disabled");
check((await page.$$("[data-bulk]")).length === 0, "nothing is sent to a disabled endpoint");
await press("[data-method=DELETE]");
await Promise.all([page.waitForNavigation(), answer()]);
check((await page.$$("#endpoints li")).length === 0, "the endpoint is removed");

// An instance of one client; its address is shown once.
await go("/instances");
await press("details summary");
await page.type("details input[name=id]", "NEW-INSTANCE-1");
await page.select("details select[name=client]", "3");
const base = await page.evaluate(async (id) => (await (await fetch(`/api/v1/instances/${id}`)).json()).api_base, first.instance);
await page.type("details input[name=api_base]", base);
await page.type("details input[name=token]", "wrong-token");
await press("details form > button");
check((await answer()).includes("/hooks/wapi/"), "a new instance has an address");
await page.waitForFunction(() => location.pathname === "/instances/NEW-INSTANCE-1", { timeout: 10000 });
spot.where = "the new instance";
await until("the gateway's answer to a wrong token is shown", () => /refuses the token|knows no such instance/.test(document.querySelector("#asked").textContent));
check((await text("#asked")).includes("saved in any case") && (await text("#asked")).includes("under Change"), "what to do is said");
await look("asked-1280-light-en");
// Its webhook slots in words.
await go(`/instances/${first.instance}`);
await press("a[data-into]");
await until("the slots are compared", () => document.querySelector("#slots tbody tr"));
check((await text("#slots")).includes("the address of this server"), "what is expected of a slot is said");
await look("slots-1280-light-en");

// An instance is changed and removed; its client is renamed. A dialog is answered by keyboard alone, and Escape means no.
await go("/instances/NEW-INSTANCE-1");
await press("#change summary");
await page.type("#change input[name=routes]", "cdn,gateway");
await Promise.all([page.waitForNavigation(), press("#change form > button")]);
await until("the gateway is asked after a change", () => document.querySelector("#asked .rows"));
check((await text("#facts")).includes("WhatsApp's CDN, gateway"), "the routes are read back");
await press("#change summary");
await page.focus("#change [data-method=DELETE]");
await page.keyboard.press("Enter");
await page.waitForSelector("dialog[open]");
check((await text("#dialog")).includes("refused from now on"), "the dialog says what the removal does");
await page.keyboard.press("Escape");
await until("Escape closes the dialog", () => !document.querySelector("dialog[open]"));
check((await page.$$("#change")).length === 1, "Escape means no");
await page.focus("#change [data-method=DELETE]");
await page.keyboard.press("Enter");
await page.waitForSelector("dialog[open]");
await page.keyboard.press("Tab");
await page.keyboard.press("Tab");
const focused = () => page.evaluate(() => document.activeElement.id);
if ((await focused()) !== "dialog-yes") await page.focus("#dialog-yes");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(!(await text("#instances")).includes("NEW-INSTANCE-1"), "the instance is removed");
await go("/clients/3");
await page.$eval("#change input[name=name]", (field) => (field.value = "Renamed"));
await Promise.all([page.waitForNavigation(), press("#change form > button")]);
check((await text("h1")).includes("Renamed"), "the client is renamed");

// A name that is taken is no page that has changed: the message says it, and what was typed stays.
const taken = await page.evaluate(async () => (await (await fetch("/api/v1/clients/2")).json()).name);
await page.$eval("#change input[name=name]", (field, taken) => (field.value = taken), taken);
spot.isRefused = true;
await press("#change form > button");
await until("a taken name says so", () => document.querySelector("#toast").textContent.includes("another one has this name"));
check((await page.$eval("#change input[name=name]", (field) => field.value)) === taken, "what was typed stays");
check((await page.$$("dialog[open]")).length === 0, "a taken name opens no dialog");
spot.isRefused = false;

// Two operators: what the other one removed is said, and the page shows what is there.
await go("/endpoints");
await press("details summary");
await page.type("input[name=url]", "https://hooks.example.com/twice");
await press("details form > button");
await answer();
await page.waitForSelector("#endpoints a", { timeout: 10000 });
await Promise.all([page.waitForNavigation(), press("#endpoints a")]);
await page.evaluate(() => fetch(document.querySelector("[data-method=DELETE]").dataset.url, { method: "DELETE" }));
await press("[data-url$=rotate-secret]");
await answer();
check((await answer()).includes("changed in the meantime"), "a stale button says so");
await until("the page shows what is there", () => document.querySelector(".empty .button[href='/']"));
await go("/holds");
await press("details summary");
await page.type("input[name=reason]", "processo 7");
await press("details form > button");
await page.waitForSelector("[data-unless]", { timeout: 10000 });
await page.evaluate(() => fetch(document.querySelector("[data-unless]").dataset.url, { method: "DELETE" }));
await press("[data-unless]");
check((await answer()).includes("done already"), "a hold is not released twice");
await until("the hold is shown as released", () => document.querySelector("#holds").textContent.includes("released"));
await go(`/media/${image.id}`);
await page.evaluate(() => {
  const button = document.createElement("button");
  Object.assign(button.dataset, { method: "POST", url: `/api/v1/media/${location.pathname.split("/").pop()}/retry`, topic: "retry" });
  button.id = "old";
  document.querySelector("main").append(button);
});
await Promise.all([page.waitForNavigation(), press("#old")]);
await until("a retry of a stored media says so", () => document.querySelector("#toast").textContent.includes("stored already"));

// Filters.
await go("/audit");
await page.select("select[name=action]", "hold_added");
await Promise.all([page.waitForNavigation(), press(".filter button")]);
check(page.url().includes("action=hold_added") && (await page.$$("#audit tbody tr")).length === 1, "the audit log is filtered");
await go("/links?state=ended");
check((await page.$$("#links tbody tr")).length > 0, "the revoked link is listed");

// Users and keys.
await go("/access");
await press("section:nth-of-type(1) > details summary");
await page.type("section:nth-of-type(1) > details input[name=name]", "bia@example.com");
await page.select("section:nth-of-type(1) > details form select[name=client]", "2");
await press("section:nth-of-type(1) > details form > button");
check((await answer()).includes("/setup/"), "a new user has a link");
await page.waitForFunction(() => document.body.textContent.includes("bia@example.com"), { timeout: 10000 });
await press("#users tbody tr:last-child summary");
await page.select("#users tbody tr:last-child select[name=role]", "operator");
await Promise.all([page.waitForNavigation(), press("#users tbody tr:last-child form > button")]);
check((await text("#users tbody")).includes("operator"), "the role is changed");
await press("section:nth-of-type(2) > details summary");
await page.type("section:nth-of-type(2) > details input[name=name]", "reports");
await press("section:nth-of-type(2) > details form > button");
check((await answer()).startsWith("mk_"), "a new key is shown once");
await page.waitForSelector("[data-url*='/keys/']", { timeout: 10000 });
await press("[data-url*='/keys/']");
await Promise.all([page.waitForNavigation(), answer()]);
check((await text("section:nth-of-type(2) table")).includes("revoked"), "the key is revoked");
await go("/audit");
check((await text("#audit")).includes("key revoked") && (await text("#audit")).includes("admin"), "the audit log names who did it");

// Live: the overview follows a new delivery without a click.
await go("/");
await until("the stream is open", () => !document.querySelector("#live").hidden);
const before = await page.$$eval("#recent .tile", (tiles) => tiles.map((tile) => tile.dataset.id).join());
const sent = await fetch(HOOK, { method: "POST", body: JSON.stringify({ event: "webhookReceived", instanceId: first.instance, messageId: "3EB0LIVE0001", chat: { id: "5500900000009" }, msgContent: { imageMessage: { mimetype: "image/png", base64: "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mNQvZxGEmIY1TCqYfhqAADRaV4QBO9zkwAAAABJRU5ErkJggg==", fileSha256: "XcURMXHLY29WZU75czjlJ5GYaKTz1TevCWQHAcP/17w=" } } }) });
check(sent.status === 200, `the delivery is accepted: ${sent.status}`);
await until("the overview follows", (before) => [...document.querySelectorAll("#recent .tile")].map((tile) => tile.dataset.id).join() !== before, before);

// Another site's page gets nothing: a cookie is not enough.
const foreign = await fetch(`${ORIGIN}/api/v1/keys`, { method: "POST", headers: { origin: "https://evil.example", cookie: (await page.cookies()).map((cookie) => `${cookie.name}=${cookie.value}`).join("; "), "content-type": "application/json" }, body: '{"name":"x"}' });
check(foreign.status === 403, `another site's request is refused: ${foreign.status}`);

// A wrong filter keeps what was typed and marks the field.
await go("/deliveries?gateway=wapi");
await page.evaluate(() => {
  const field = document.querySelector("input[name=from]");
  field.type = "text";
  field.value = "yesterday";
});
spot.isRefused = true;
await Promise.all([page.waitForNavigation(), press(".filter button")]);
spot.isRefused = false;
check((await page.$eval("input[name=from]", (field) => field.value)) === "yesterday" && (await page.$eval("select[name=gateway]", (field) => field.value)) === "wapi", "a wrong filter keeps what was typed");
check((await page.$eval("[aria-invalid]", (field) => document.getElementById(field.getAttribute("aria-describedby")).textContent)).includes("is not a time"), "the wrong field says why");
await look("wrong-filter-1280-light-en");

// The session ends in the middle: what was typed stays, and goes on after signing in.
const endSession = async () => page.deleteCookie(...(await page.cookies()).filter((cookie) => cookie.name === "midiateca"));
const again = async (secret) => {
  await page.waitForSelector("#again[open] input[name=password]", { timeout: 10000 });
  await page.type("#again input[name=password]", secret);
  await page.keyboard.press("Enter");
};
spot.isSignedOut = true;
for (const [place, field, typed, sent] of [
  ["/clients/3", "#change input[name=name]", "Kept across sessions", () => document.querySelector("h1").textContent.includes("Kept across sessions")],
  ["/endpoints", "details input[name=url]", "https://hooks.example.com/kept", () => document.querySelector("#dialog[open] input")?.value.startsWith("whsec_")],
  ["/holds", "details input[name=reason]", "processo 8", () => document.body.textContent.includes("processo 8")],
]) {
  await go(place);
  if (!(await page.$eval("main details", (details) => details.open))) await press("main details summary");
  await page.$eval(field, (element, typed) => (element.value = typed), typed);
  await endSession();
  await press(`${field.split(" ")[0]} form > button`);
  await page.waitForSelector("#again[open]", { timeout: 10000 });
  if (place === "/clients/3") {
    await look("signed-out-1280-light-en");
    await page.click("#again-no");
    check((await page.$eval(field, (element) => element.value)) === typed, `${place}: what was typed stays`);
    await until("a refused request says so", () => document.querySelector("#toast").textContent.includes("signed out"));
    await press(`${field.split(" ")[0]} form > button`);
    await again("wrong password");
    await until("a wrong password is said in the dialog", () => !document.querySelector("#again [role=alert]").hidden);
    await page.$eval("#again input[name=password]", (field) => (field.value = ""));
  }
  await again(password);
  await until("the form is sent after signing in", sent);
  check((await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).includes("patos") === false, "no password is kept in the browser");
}
const endpoint = await page.evaluate(async () => (await (await fetch("/api/v1/endpoints")).json()).items.at(-1).id);
await page.evaluate((id) => fetch(`/api/v1/endpoints/${id}`, { method: "DELETE" }), endpoint);

// A run goes on without a session, and is followed again in the same page.
await go("/media");
await page.evaluate(() => {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    if (String(url).includes("/bulk/") && !window.released) await new Promise((done) => (window.release = done));
    return real(url, options);
  };
});
await press("#actions [data-bulk=retry]");
await answer();
await page.waitForFunction(() => window.release, { timeout: 10000 });
const run = new URL(page.url()).hash;
check(run.startsWith("#run="), `the address has the run: ${page.url()}`);
await endSession();
await page.evaluate(() => {
  window.released = true;
  window.release();
});
await again(password);
const [whole] = await Promise.all([answer(), page.waitForNavigation()]);
check(/Finished/.test(whole) && /\d: It is queued/.test(whole), `the run is followed after signing in: ${whole}`);
// The same by the page for signing in: the address keeps the run.
await endSession();
await go(`/failures${run}`);
await page.type("input[name=name]", "admin");
await page.type("input[name=password]", password);
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check((await answer()).includes("Finished"), "the run is shown after the page for signing in");
await until("the run is no longer in the address", () => !location.hash);

// A search goes on after signing in.
await go(`/media/${failed.id}`);
await endSession();
await page.type("#find", "foto");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(page.url().includes("/sign-in?next="), `an ended session leads to ${page.url()}`);
spot.isSignedOut = false;
await page.waitForSelector("input[name=name]:focus", { timeout: 10000 });

// With the keyboard alone: sign in, go to the failures, open one, sign out.
await page.keyboard.type("admin");
await page.keyboard.press("Tab");
await page.keyboard.type(password);
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(page.url().endsWith("/media?q=foto"), "signing in leads back to the search");
async function tabTo(selector) {
  for (let n = 0; n < 80; n += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return true;
  }
  return false;
}
check(await tabTo("nav a[href='/failures']"), "the failures are reached by Tab");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(await tabTo("main .rows a"), "a reason is reached by Tab");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(await tabTo(".tile a"), "a media is reached by Tab");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(await tabTo(".who button"), "signing out is reached by Tab");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
check(page.url().endsWith("/sign-in"), "signed out");

await end(`${pages.length} pages in 4 sizes, themes and languages`);
