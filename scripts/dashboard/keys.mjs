// Does every task of the dashboard once with the keyboard alone: Tab, arrows, Space, Enter and Escape. Environment: as stage.mjs;
// and SETUP (the one-time link), which walk.mjs may have used.
import { check, end, go, open, page, password, spot, text, until } from "./stage.mjs";

const { ORIGIN, SETUP } = process.env;
const key = (name) => page.keyboard.press(name);
const isFocused = (selector) => page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, selector);

/// Goes on to what has the selector. The focus must be seen where it stops.
async function tabTo(selector, most = 160) {
  for (let n = 0; n < most; n += 1) {
    await key("Tab");
    if (!(await isFocused(selector))) continue;
    const isSeen = await page.evaluate(() => {
      const box = document.activeElement.getBoundingClientRect();
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return box.bottom > 0 && box.top < innerHeight && outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
    });
    check(isSeen, `${spot.where}: the focus on ${selector} is seen`);
    return;
  }
  check(false, `${spot.where}: ${selector} is not reached by Tab`);
}

/// Presses what has the selector.
async function use(selector, by = "Enter") {
  await tabTo(selector);
  await key(by);
}

/// The same, when another page follows.
async function follow(selector, by = "Enter") {
  await tabTo(selector);
  await Promise.all([page.waitForNavigation(), key(by)]);
}

/// Types into a field.
async function fill(selector, value) {
  await tabTo(selector);
  await page.keyboard.down("Control");
  await key("a");
  await page.keyboard.up("Control");
  await page.keyboard.type(value);
}

/// Answers the dialog: it has the focus, keeps it, and gives it back.
async function say(button) {
  await page.waitForSelector("#dialog[open]", { timeout: 10000 });
  const shown = await text("#dialog");
  const isInside = await page.evaluate(() => document.querySelector("#dialog").contains(document.activeElement));
  check(isInside, `${spot.where}: the focus is in the dialog`);
  for (let n = 0; n < 8 && !(await isFocused(button)); n += 1) await key("Tab");
  check(await isFocused(button), `${spot.where}: ${button} of the dialog is reached`);
  return shown;
}
const toast = (part) => until(`says ${part}`, (part) => document.querySelector("#toast").textContent.includes(part), part);

await open({ width: 1280, height: 900 }, "light", "en");
await page.goto(SETUP);
if (await page.$("input[name=again]")) {
  await page.focus("input[name=password]");
  await page.keyboard.type(password);
  await key("Tab");
} else {
  await go("/sign-in");
  await page.keyboard.type("admin");
  await key("Tab");
}
await page.keyboard.type(password);
await Promise.all([page.waitForNavigation(), key("Enter")]);
const list = (path) => page.evaluate(async (path) => (await (await fetch(`/api/v1${path}`)).json()).items, path);
const [voice] = (await list("/media?kind=audio&status=stored")).filter((media) => media.mime === "audio/ogg");
const [instance] = await list("/instances");

// The first stop of a page leads past the navigation.
await go("/media");
await key("Tab");
check(await isFocused(".skip"), "the first stop is the way to the content");
await key("Enter");
await tabTo("#filter input[name=q]", 2);

// Filter, jump, clear.
await tabTo("select[name=kind]");
await page.keyboard.type("im");
await follow("#filter button");
check(page.url().includes("kind=image"), `a filter is set: ${page.url()}`);
await follow("#filter a.button");
check(!page.url().includes("kind="), "a filter is cleared");
await tabTo("input[name=day]");
await page.keyboard.type("01012030");
await follow(".jump button");
check(page.url().includes("cursor="), `a day is jumped to: ${page.url()}`);

// Select some and ask for their archive; Escape means no and gives the focus back.
await go("/media");
await use(".pick", "Space");
await use(".pick", "Space");
check((await text("#picked")).includes("2"), "two are selected");
await go("/media");
await use("#dossier");
await say("#dialog-no");
await key("Escape");
await until("Escape closes the dialog", () => !document.querySelector("dialog[open]"));
check(await isFocused("#dossier"), "the focus is back at the button");

// Failures: count first, then no.
await go("/media");
await use("#actions [data-bulk=retry]");
check((await say("#dialog-no")).includes("Filter:"), "a bulk action asks");
await key("Enter");

// One media: play, speed, position, link, revoke.
await go(`/media/${voice.id}`);
await use("audio", "Space");
await until("the voice note plays", () => document.querySelector("audio").currentTime > 0 || document.querySelector("audio").ended);
await use("[data-speed='2']");
check((await page.$eval("audio", (audio) => audio.playbackRate)) === 2, "the speed is 2");
await go(`/media/${voice.id}`);
await use("[data-copy=url]");
await until("the link is listed", () => document.querySelector("#links tbody tr") || document.querySelector("dialog[open]"));
if (await page.$("dialog[open]")) {
  await say("#dialog-yes");
  await key("Enter");
}
await go(`/media/${voice.id}`);
await use("#links button");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);
check((await text("#links tbody")).includes("revoked"), "the link is revoked");
await key("ArrowRight");

// A delivery is read again.
await go("/deliveries");
await follow("#deliveries a");
await use("[data-url$=replay]");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);

// An instance: ask the gateway, and ask before anything is set.
await go(`/instances/${instance.instance}`);
await use("a[data-into]");
await until("the gateway is asked", () => document.querySelector("#asked .rows"));
for (const [button, part] of [["[data-url$=webhooks]", "Every webhook slot"], ["[data-url$=rotate-hook]", "refused from then on"]]) {
  await go(`/instances/${instance.instance}`);
  await use(button);
  check((await say("#dialog-no")).includes(part), `${button} says what it does`);
  await key("Enter");
}

// An endpoint: added, tested, looked at, disabled, removed.
await go("/endpoints");
await use("details summary");
await fill("input[name=url]", "https://hooks.example.com/keys");
await use("details form > button");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);
await follow("#endpoints a");
await follow("[data-url$='/test']");
await follow("#notifications a");
await use("[data-url$=resend]");
check((await say("#dialog-no")).includes("same id"), "sending again asks");
await key("Enter");
await follow(".crumbs a:last-child");
await use("[data-bulk=recover]");
await toast("nothing to send");
await follow("[data-method=PATCH]");
await use("[data-method=DELETE]");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);
check(page.url().endsWith("/endpoints"), "the endpoint is removed");

// A hold: added and released.
await go("/holds");
await use("details summary");
await fill("input[name=reason]", "processo 9");
await follow("details form > button");
await use("[data-unless]");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);

// A user: added, changed, removed. A key: added, revoked.
await go("/access");
await use("#users > details > summary");
await fill("#users > details input[name=name]", "caio@example.com");
await use("#users > details form > button");
check((await say("#dialog-yes")).includes("Keep this"), "the link is shown once");
await Promise.all([page.waitForNavigation(), key("Enter")]);
await use("summary[aria-label='Change caio@example.com']");
await tabTo("#users td select[name=role]");
await page.keyboard.type("ope");
await follow("#users td form > button");
await use("summary[aria-label='Change caio@example.com']");
await use("[aria-label='Remove caio@example.com']");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);
check(!(await text("#users tbody")).includes("caio"), "the user is removed");
await use("#keys > details > summary");
await fill("#keys > details input[name=name]", "by keyboard");
await use("#keys > details form > button");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);
await use("[aria-label='Revoke by keyboard']");
await say("#dialog-yes");
await Promise.all([page.waitForNavigation(), key("Enter")]);

// The audit log is filtered; the health is read; language and theme are changed and back.
await go("/audit");
await tabTo("select[name=action]");
await page.keyboard.type("user rem");
await follow(".filter button");
check(page.url().includes("action=user_removed"), `the audit log is filtered: ${page.url()}`);
await go("/health");
await tabTo("a[href='/health?online=true']");
await go("/");
await follow("[name=lang]");
check((await page.$eval("html", (root) => root.lang)) === "pt-BR", "the language is changed");
await follow("[name=lang]");
await follow("[name=theme]");
check((await page.$eval("html", (root) => root.dataset.theme)) === "dark", "the theme is changed");

// The password: a wrong one is said; then out.
await go("/account");
spot.isSignedOut = true;
await fill("input[name=current]", "not the password");
await fill("input[name=password]", "cinco gatos verdes");
spot.isRefused = true;
await use("form.stack button");
await until("a wrong password is said", () => document.querySelector("#toast").textContent);
await follow(".who button");
check(page.url() === `${ORIGIN}/sign-in`, "signed out");
await end("Every task with the keyboard");
