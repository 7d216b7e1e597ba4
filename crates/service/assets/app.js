// What the pages do beyond links and forms. Every action is a request to the API; what it changed is read back from the server.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const words = $("#words").dataset;
const language = document.documentElement.lang;
/// The labels of codes, by code or by topic and code.
const labels = JSON.parse(words.labels);
const CODED = ["result", "state", "reason", "kind", "status"];
function labelOf(topic, field, value) {
  if (typeof value === "boolean") return labels[value];
  if (!CODED.includes(field)) return value;
  return labels[`${field}.${value}`] ?? labels[`${topic}.${value}`] ?? labels[value] ?? value;
}

// On a narrow screen the navigation scrolls sideways: the part that is open comes into view.
const navigation = $(".frame > nav");
const here = navigation && $("[aria-current]", navigation);
if (here) navigation.scrollLeft = here.offsetLeft - (navigation.clientWidth - here.offsetWidth) / 2;

function toast(text, action) {
  const output = $("#toast");
  output.textContent = text;
  if (action) {
    const button = paragraph(words.show, "button");
    button.className = "plain";
    button.addEventListener("click", action);
    output.append(button);
  }
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (output.textContent = ""), 10000);
}

/// Asks, or shows a result; true for yes. One after the other: an answer must not reach another question.
function dialog(title, lines, { only = false, yes = words.yes } = {}) {
  const open = () => {
    const box = $("#dialog");
    $("#dialog-title").textContent = title;
    $("#dialog-title").hidden = !title;
    $("#dialog-text").replaceChildren(...lines);
    $("#dialog-no").hidden = only;
    $("#dialog-yes").textContent = yes;
    box.returnValue = "no";
    box.showModal();
    return new Promise((done) => box.addEventListener("close", () => done(box.returnValue === "yes"), { once: true }));
  };
  dialog.last = (dialog.last ?? Promise.resolve()).then(open);
  return dialog.last;
}

function paragraph(text, tag = "p") {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/// A document as a table, for people.
function table(value, topic, field) {
  if (value === null || typeof value !== "object") return document.createTextNode(value === null ? "–" : String(labelOf(topic, field, value)));
  const rows = Object.entries(value).map(([name, inner]) => {
    const row = document.createElement("tr");
    const head = paragraph(Array.isArray(value) ? String(Number(name) + 1) : labels[name] ?? name.replaceAll("_", " "), "th");
    const cell = document.createElement("td");
    head.scope = "row";
    cell.append(table(inner, topic, name));
    row.append(head, cell);
    return row;
  });
  const body = document.createElement("tbody");
  body.append(...rows);
  const whole = document.createElement("table");
  whole.append(body);
  return whole;
}

/// A text to copy from, with its name for those who do not see the title.
function shownText(text, name) {
  const field = document.createElement("input");
  Object.assign(field, { value: text, readOnly: true, ariaLabel: name });
  return field;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(words.copied);
  } catch {
    await dialog(words.copy, [shownText(text, words.copy)], { only: true, yes: words.close });
  }
}

async function api(method, url, body) {
  const headers = { "Accept-Language": language, "X-Midiateca-Page": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error(words.failed);
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch { /* not JSON */ }
  if (answer.ok) return value;
  const error = value?.error;
  const thrown = new Error(error ? [error.message, error.hint].filter(Boolean).join(" → ") : words.failed);
  thrown.code = error?.code;
  if (thrown.code === "missing_key" && $("#again")) {
    // What was typed is in the page: the same request is sent again after signing in.
    if (await signInAgain()) return api(method, url, body);
    thrown.message = words.signedOut;
    thrown.isSignedOut = true;
  }
  throw thrown;
}

/// Asks for the password in the page, so that nothing that was typed is lost; true when there is a session again.
function signInAgain() {
  const box = $("#again");
  const form = $("form", box);
  const problem = $("[role=alert]", box);
  signInAgain.open ??= new Promise((done) => {
    problem.hidden = true;
    $("a", box).href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}${location.hash}`;
    form.onsubmit = async (event) => {
      event.preventDefault();
      const { name, password } = form.elements;
      try {
        await api("POST", "/api/v1/session", { name: name.value, password: password.value });
        box.close("yes");
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
        password.select();
      }
    };
    box.returnValue = "";
    box.showModal();
    form.elements.password.focus();
    box.addEventListener("close", () => {
      form.reset();
      signInAgain.open = null;
      if (box.returnValue === "yes") later();
      done(box.returnValue === "yes");
    }, { once: true });
  });
  return signInAgain.open;
}
$("#again-no")?.addEventListener("click", () => $("#again").close());
// The number of a run is in the address, and survives signing in.
const signIn = $("form[action='/sign-in']");
if (signIn) signIn.action += location.hash;

/// What an action answers: shown once, copied, or read back from the server.
async function finish(element, value) {
  const { show, copy: field, note, topic } = element.dataset;
  const place = element.dataset.goto?.replace("{instance}", encodeURIComponent(value?.instance));
  if (field) {
    await copy(new URL(value[field], location.origin).href);
    return refresh();
  }
  if (show && value) {
    let secret = show === "result" ? undefined : value[show];
    if (secret?.startsWith("/")) secret = new URL(secret, location.origin).href;
    if (secret) {
      const input = shownText(secret, note ?? words.keep);
      const button = paragraph(words.copy, "button");
      button.className = "plain";
      button.type = "button";
      button.addEventListener("click", () => copy(secret));
      await dialog(note ?? words.keep, [...slots(value, topic), input, button], { only: true, yes: words.close });
    } else if (value.slots) {
      await dialog(words.slots, slots(value, topic), { only: true, yes: words.close });
    } else if (show === "result") {
      await dialog("", [table(value, element.dataset.topic)], { only: true, yes: words.close });
    }
  }
  leave(labels[`${element.dataset.topic}.${value?.result}`] ?? words.saved, place);
}

function list(lines) {
  const whole = document.createElement("ul");
  whole.append(...lines.map((line) => paragraph(line, "li")));
  return whole;
}

/// What became of each webhook slot.
function slots(value, topic) {
  return value.slots ? [list(value.slots.map(({ slot, result }) => `${slot}: ${labelOf(topic, "result", result)}`))] : [];
}

/// Shows the page again as the server has it, or another one, with a notice.
function leave(notice, place) {
  sessionStorage.setItem("notice", notice);
  if (place) location.assign(place);
  else location.reload();
}
const notice = sessionStorage.getItem("notice");
sessionStorage.removeItem("notice");

/// Errors that say that the page shows what is no longer so; others, such as a missing setting, are shown as they are.
const STALE = ["already", "client_has_media", "endpoint_disabled", "not_stored"];
function isStale({ code }) {
  return STALE.includes(code) || (code?.endsWith("_not_found") && code !== "page_not_found");
}

async function act(element, work) {
  element.disabled = true;
  try {
    await work();
  } catch (error) {
    // What was typed stays.
    const isTyped = element.form?.dataset.api?.startsWith("POST");
    if (!isStale(error) || isTyped) return toast(error.message);
    await dialog(words.stale, [paragraph(error.message)], { only: true, yes: words.close });
    location.reload();
  } finally {
    element.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, a[data-bulk]");
  if (!button) return;
  const { method, url, body, confirm, unless, bulk, copyText } = button.dataset;
  if (bulk) event.preventDefault();
  if (copyText) copy(copyText);
  else if (bulk) act(button, () => runBulk(button, bulk));
  else if (method) act(button, async () => {
    if (unless && (await api("GET", url))[unless]) throw Object.assign(new Error(words.already), { code: "already" });
    const lines = [button.dataset.about, confirm].filter(Boolean).map((text) => paragraph(text));
    if (confirm && !(await dialog(button.textContent, lines))) return;
    const value = await api(method, url, body === undefined ? undefined : JSON.parse(body));
    await finish(button, value);
  });
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  const [method, url] = form.dataset.api.split(" ");
  const body = bodyOf(form, method === "PATCH");
  if (method === "PATCH" && !Object.keys(body).length) return toast(words.unchanged);
  act(form.querySelector("button:not([type=button])"), async () => finish(form, await api(method, url, body)));
});

/// What a form says. Of a change only what differs from what the server wrote: the rest may have been changed by others since.
function bodyOf(form, isChange) {
  const body = {};
  const changed = new Set();
  for (const field of form.elements) {
    const { name, dataset } = field;
    if (!name) continue;
    if (field.type === "checkbox") {
      if (field.checked !== field.defaultChecked) changed.add(name);
      if ("list" in dataset) body[name] ??= [];
      if (field.checked && "list" in dataset) body[name].push(field.value);
      else if (field.checked) body[name] = true;
      continue;
    }
    const before = field.options ? [...field.options].find((option) => option.defaultSelected)?.value : field.defaultValue;
    if (field.value !== before) changed.add(name);
    if (field.value) body[name] = "number" in dataset ? Number(field.value) : field.value;
    else if (isChange && dataset.all && changed.has(name)) changed.add(dataset.all), (body[dataset.all] = true);
    else if (isChange && dataset.empty) body[name] = dataset.empty;
  }
  if (!isChange) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => changed.has(name)));
}

// Acts on exactly what a list showed, or what was picked of it: counted first, with progress, and stopped on request. Downloads are asked for in the same way.
const MOST_PICKED = 200;
async function runBulk(button, action) {
  const { url = "/api/v1/bulk", about, count, none, what, undo } = button.dataset;
  const source = button.closest("[data-before]").dataset;
  const since = $("[data-since]", button.closest("[data-before]"));
  const ids = button.closest("#actions") ? $$(".pick:checked").map((box) => box.value) : [];
  if (ids.length > MOST_PICKED) return toast(words.many);
  const request = since ? { since: since.value } : { action, filter: JSON.parse(source.filter) };
  request.before = source.before;
  if (ids.length) request.ids = ids;
  const { total, result } = await api("POST", url, { ...request, dry_run: true });
  if (!total) return toast(none ?? words.none);
  const filter = since ? `${button.dataset.words} · ${since.selectedOptions[0].textContent}` : ids.length ? `${words.picked} (${number(ids.length)})` : source.words;
  const lines = [about, `${count ?? words.count} ${number(total)}`, `${words.filter} ${filter}`, `${words.clients} ${clientNames(result.clients)}`, what, source.bound, undo];
  const title = button.textContent;
  if (!(await dialog(title, lines.filter(Boolean).map((text) => paragraph(text)), { yes: title }))) return;
  if (result.archive) await download(action === "dossier" ? `${result.archive}&lang=${language}` : result.archive);
  else await followRun(title, (await api("POST", url, request)).id, action);
}

const number = (count) => count.toLocaleString(language);
const MOST_NAMED = 8;
/// The clients that something concerns, with how much of it is of each.
function clientNames(clients) {
  const nameOf = ({ name, client }) => name ?? (client === null ? words.noClient : `cliente_${client}`);
  const named = clients.slice(0, MOST_NAMED).map((one) => `${nameOf(one)} (${number(one.count)})`).join(", ");
  const others = clients.length - MOST_NAMED;
  return named + (others > 0 ? ` ${words.more} ${number(others)}` : "");
}

/// How many media had each result: a line for each.
function tally(results, topic) {
  const lines = Object.entries(results ?? {}).map(([code, count]) => `${number(count)}: ${labels[`${topic}.${code}`] ?? code}`);
  return lines.length ? [list(lines)] : [];
}

/// Shows how far some work is, with a button that stops it; `step` does a part and says how far it is, or that it has ended.
async function followWork(title, stopping, step) {
  const box = document.createElement("div");
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", title);
  const count = paragraph("");
  const stop = paragraph(words.stop, "button");
  stop.className = "plain";
  stop.addEventListener("click", stopping);
  box.append(paragraph(title), bar, count, stop);
  $("#runs").append(box);
  followWork.running = (followWork.running ?? 0) + 1;
  let lines = [];
  try {
    for (;;) {
      const { done, total, ended, outcome } = await step();
      bar.max = Math.max(total, 1);
      bar.value = done;
      count.textContent = `${number(done)} / ${number(total)}`;
      if (!ended) continue;
      lines = outcome ?? [];
      if (done < total) lines.push(paragraph(`${number(total - done)}: ${words.not}`));
      break;
    }
  } catch (error) {
    // What was done until then is done.
    if (error.isSignedOut) sessionStorage.setItem("notice", `${title}: ${count.textContent}`);
    throw error;
  } finally {
    followWork.running -= 1;
    box.remove();
  }
  await dialog(words.done, [paragraph(title), count, ...lines], { only: true, yes: words.close });
  location.reload();
}

/// A run goes on without its page. The address has its id, so that it is followed again after signing in.
function followRun(title, id, topic) {
  history.replaceState(null, "", `#run=${id}`);
  const stop = () => api("DELETE", `/api/v1/bulk/${id}`).catch((error) => toast(error.message));
  return followWork(title, stop, async () => {
    await new Promise((done) => setTimeout(done, 500));
    const seen = await api("GET", `/api/v1/bulk/${id}`);
    const ended = seen.state !== "running";
    if (ended) history.replaceState(null, "", location.pathname + location.search);
    const isFailed = seen.state === "failed";
    const outcome = isFailed ? [paragraph(words.broken)] : tally(seen.result?.results, topic ?? seen.action);
    return { done: seen.done, total: isFailed ? seen.done : seen.total, ended, outcome };
  });
}
const run = location.hash.match(/^#run=([\w-]+)$/)?.[1];

// Selection: shift for a range, Ctrl+A for all, Escape for none.
let last = null;
function showPicked() {
  const boxes = $$(".pick");
  const count = boxes.filter((box) => box.checked).length;
  const output = $("#picked");
  if (output) output.textContent = count ? `${words.selected} ${count}` : "";
  $("#actions")?.classList.toggle("held", count > 0);
  for (const button of $$("#actions [data-picked]")) {
    button.dataset.whole ??= button.textContent;
    button.textContent = count ? button.dataset.picked : button.dataset.whole;
  }
}
// An error is shown here, and not as a failed download.
async function download(address) {
  let answer = await fetch(address, { method: "HEAD" });
  if (answer.status === 401) {
    await api("GET", "/api/v1/session");
    answer = await fetch(address, { method: "HEAD" });
  }
  if (answer.ok) location.assign(address);
  else await api("GET", address);
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[download]:not([data-bulk])");
  if (!link) return;
  event.preventDefault();
  act(link, () => download(link.href));
});
document.addEventListener("click", (event) => {
  if (!event.target.classList?.contains("pick")) return;
  const boxes = $$(".pick");
  const at = boxes.indexOf(event.target);
  if (event.shiftKey && last !== null) {
    const [from, to] = [Math.min(last, at), Math.max(last, at)];
    for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
  }
  last = at;
  showPicked();
});
document.addEventListener("keydown", (event) => {
  const isField = event.target.matches("input:not(.pick), select, textarea, audio, video, .wave, pre, summary, .scroll, .scroll *");
  if (isField || event.altKey || event.shiftKey || document.querySelector("dialog[open]")) return;
  const isPlain = !event.ctrlKey && !event.metaKey;
  const boxes = $$(".pick");
  if ((event.ctrlKey || event.metaKey) && event.key === "a" && boxes.length) {
    event.preventDefault();
    boxes.forEach((box) => (box.checked = true));
    showPicked();
  } else if (event.key === "Escape" && boxes.length) {
    boxes.forEach((box) => (box.checked = false));
    showPicked();
  } else if (event.key === "ArrowLeft" && isPlain) $("#newer")?.click();
  else if (event.key === "ArrowRight" && isPlain) $("#older")?.click();
  else if (event.key === "/" && isPlain) {
    event.preventDefault();
    $("#find")?.focus();
  }
});

// A picture that cannot be shown leaves the sign of its kind. A file that has vanished since the list was made is said so.
document.addEventListener("error", (event) => {
  const { target } = event;
  if (target.tagName === "IMG") target.classList.add("missing");
  const isLast = target.tagName !== "SOURCE" || target === target.parentNode.lastElementChild;
  if (isLast && target.closest?.(".stage") && !target.matches(".sheet")) $("#unshown")?.removeAttribute("hidden");
}, true);

// The next page of a gallery is appended when its end comes near. The link stays for those without scripts.
async function append(link) {
  const answer = await fetch(link.href);
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const problem = $("#unlisted", page);
  // The end is not reached: the link stays, for another try.
  if (problem) return toast([...problem.childNodes].slice(0, -1).map((part) => part.textContent).join(" "));
  const known = new Set($$(".tile").map((tile) => tile.dataset.id));
  $("#tiles").append(...$$("#tiles > .tile", page).filter((tile) => !known.has(tile.dataset.id)));
  const next = $("#more", page);
  if (next) {
    // The address leads back to the page that is shown last.
    history.replaceState(null, "", link.href);
    link.href = next.href;
    watchEnd(link);
  } else link.closest("p").remove();
}
function watchEnd(link) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    append(link).catch(() => {});
  }, { rootMargin: "600px" }).observe(link);
}
if ($("#more")) watchEnd($("#more"));

// The player: speed is remembered in this browser; the waveform shows and sets the position.
for (const player of $$("[data-player]")) {
  const audio = $("audio", player);
  const wave = $(".wave", player);
  const setSpeed = (speed) => {
    audio.playbackRate = speed;
    $$("[data-speed]", player).forEach((button) => button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === speed)));
  };
  const saved = Number(localStorage.getItem("speed")) || 1;
  audio.addEventListener("loadedmetadata", () => setSpeed(Number(localStorage.getItem("speed")) || 1));
  setSpeed(saved);
  $$("[data-speed]", player).forEach((button) => button.addEventListener("click", () => {
    localStorage.setItem("speed", button.dataset.speed);
    setSpeed(Number(button.dataset.speed));
  }));
  let samples = [];
  const bars = (from, to) => samples.slice(from, to).map((sample, n) => {
    const height = 3 + (sample / 100) * 58;
    return `M${((from + n) * 640) / samples.length + 4} ${32 - height / 2}v${height}`;
  }).join("");
  const draw = () => {
    const part = audio.duration ? audio.currentTime / audio.duration : 0;
    const at = Math.round(part * samples.length);
    $(".played", wave).setAttribute("d", bars(0, at) || "M0 0");
    $(".rest", wave).setAttribute("d", bars(at, samples.length) || "M0 0");
    wave.setAttribute("aria-valuenow", Math.round(audio.currentTime));
  };
  fetch(`/api/v1/media/${player.dataset.id}/waveform`).then(async (answer) => {
    if (!answer.ok) return;
    samples = (await answer.json()).samples;
    wave.removeAttribute("hidden");
    draw();
  }).catch(() => {});
  audio.addEventListener("timeupdate", draw);
  wave.addEventListener("click", (event) => {
    const box = wave.getBoundingClientRect();
    if (audio.duration) audio.currentTime = ((event.clientX - box.left) / box.width) * audio.duration;
    draw();
  });
  wave.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
    if (step) audio.currentTime = Math.max(0, audio.currentTime + step);
  });
}

/// On a narrow screen a row is a card in which each cell has the name of its column. The roles say what the style takes away.
function dress(root) {
  for (const table of $$("table", root)) {
    const heads = $$("thead th", table).map((head) => ($(".unseen", head) ? "" : head.textContent));
    table.setAttribute("role", "table");
    for (const group of $$("thead, tbody", table)) group.setAttribute("role", "rowgroup");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell, n) => {
        const head = cell.closest("thead") ? "columnheader" : "rowheader";
        cell.setAttribute("role", cell.tagName === "TH" ? head : "cell");
        if (heads[n] && head === "rowheader") cell.dataset.label = heads[n][0].toUpperCase() + heads[n].slice(1);
      });
    }
  }
}

// What another page says is shown in this one.
async function show(link) {
  const { into } = link.dataset;
  const box = document.getElementById(into);
  box.replaceChildren(paragraph(words.asking));
  let answer = await fetch(link.href).catch(() => null);
  if (answer?.redirected) {
    await api("GET", "/api/v1/session");
    answer = await fetch(link.href).catch(() => null);
  }
  const page = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html");
  const found = page.getElementById(into) ?? $("main section", page);
  box.replaceChildren(...(found ? found.childNodes : [paragraph(words.failed)]));
  dress(box);
  // What was asked is recorded: the rest of the page may say so.
  if (parts.length) refresh();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-into]");
  if (!link) return;
  event.preventDefault();
  act(link, () => show(link));
});

// Live: parts of the page are read again when something happened. One stream per visible page; a hidden page has none,
// because a browser opens few connections to one server.
const parts = $$("[data-live]");
/// As the server wrote them: what the page's own script changed is no news.
const written = new Map(parts.map((part) => [part.id, part.innerHTML]));
const CALM_MS = 5000;
let source = null;
let due = null;
let wasOpen = false;
async function refresh() {
  due = null;
  const isBusy = $("dialog[open]") || $$(".pick:checked").length || followWork.running || $$("audio, video").some((player) => !player.paused);
  if (isBusy) return later();
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const selection = getSelection();
  for (const part of $$("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.innerHTML === written.get(part.id) || part.querySelector("audio, video")) continue;
    if (part.contains(document.activeElement) || (!selection.isCollapsed && part.contains(selection.anchorNode))) {
      later();
      continue;
    }
    written.set(part.id, fresh.innerHTML);
    part.replaceChildren(...fresh.childNodes);
    dress(part);
  }
}
function later() {
  due ??= setTimeout(refresh, CALM_MS);
}
function follow() {
  if (document.hidden || source || !$("#live")) return;
  source = new EventSource("/api/v1/events");
  source.onopen = () => {
    $("#live").hidden = false;
    // What happened while there was no stream.
    if (wasOpen && parts.length) later();
    wasOpen = true;
  };
  source.onerror = () => {
    $("#live").hidden = true;
    if (source?.readyState !== EventSource.CLOSED) return;
    rest();
    setTimeout(follow, CALM_MS);
  };
  const onEvent = () => {
    if (parts.length) later();
    else if ($("#tiles")) toast(words.new, () => location.assign(location.pathname + location.search.replace(/([?&])cursor=[^&]*/, "$1")));
  };
  for (const type of [...words.events.split(" "), "reset"]) source.addEventListener(type, onEvent);
}
function rest() {
  source?.close();
  source = null;
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) rest();
  else {
    follow();
    if (parts.length) later();
  }
});
addEventListener("pagehide", rest);
addEventListener("pageshow", follow);
follow();
dress(document);
if (notice) toast(notice);
// A page that follows a change shows what the gateway says about it.
if (location.search === "?ask" && $("a[data-into]")) {
  history.replaceState(null, "", location.pathname);
  $("a[data-into]").click();
}
// A run that is not known any more has ended.
if (run && $("#live")) followRun(words.running, run).catch(() => history.replaceState(null, "", location.pathname + location.search));
