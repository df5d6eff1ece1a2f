// The page of `colorize-page`: photographs, one of which is shown, and their hints. All that a
// photograph is colored with is kept here, and sent with each request.

import { nameOf } from "./names.js";
import { ask, forget, image, model, queryOf, send, setting } from "./server.js";

const element = (id) => document.getElementById(id);
const stage = element("stage");
const palette = element("palette");

const MARGIN = 24; // px between a place and the palette
const IN_COLOR = "This photograph is in color already; the page shows predicted colors instead.";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const photographs = [];
let current = null; // the photograph that is shown
let cursor = null; // the keyboard's place in it, {x, y} in px
let edited = null; // what the palette is open for, {x, y, color, index}; no index: no hint yet

// Photographs.

let queue = Promise.resolve();

function add(files) {
  report();
  const dropped = { opened: false, failures: [] };
  for (const file of files) {
    const photograph = { file, setting: model[setting], hints: [], past: [], images: {} };
    photographs.push(photograph);
    queue = queue.then(() => load(photograph, dropped));
  }
  showList();
}

async function load(photograph, dropped) {
  const { name } = photograph.file;
  if (!photographs.includes(photograph)) return; // removed while it waited
  announce(`Colorizing ${name} …`);
  try {
    await send(photograph);
    photograph.images.gray = await image(photograph, "gray");
    await colorize(photograph);
  } catch (problem) {
    if (!photographs.includes(photograph)) return; // removed while it was sent
    remove(photograph);
    announce("");
    dropped.failures.push(`${name}: ${problem.message}`);
    report(...dropped.failures);
    return;
  }
  if (!photographs.includes(photograph)) return forget(photograph);
  announce(`${name} is colorized.`);
  if (!dropped.opened) show(photograph); // the first one
  dropped.opened = true;
  showList();
}

// Asks for the colors that are set. While an answer is awaited, only the latest request is kept.
function colorize(photograph) {
  photograph.coloring ??= recolor(photograph).finally(() => (photograph.coloring = null));
  return photograph.coloring;
}

async function recolor(photograph) {
  for (let query; (query = queryOf(photograph)) !== photograph.colored; ) {
    const { hints } = photograph;
    const color = await image(photograph, "colorized", query);
    URL.revokeObjectURL(photograph.images.color);
    photograph.images.color = color;
    Object.assign(photograph, { colored: query, accepted: hints });
    if (photograph === current) showImages();
  }
}

async function update(text) {
  const photograph = current;
  report();
  stage.ariaBusy = true;
  try {
    await colorize(photograph);
    announce(text);
  } catch (problem) {
    report(problem.message);
    refuse(photograph);
  }
  stage.ariaBusy = false;
}

// Takes back hints that failed, such as one on a scan's border.
function refuse(photograph) {
  photograph.hints = photograph.accepted;
  while (photograph.past.includes(photograph.accepted)) photograph.past.pop();
  if (photograph !== current) return;
  closePalette();
  showHints();
}

function remove(photograph) {
  const index = photographs.indexOf(photograph);
  photographs.splice(index, 1);
  forget(photograph);
  Object.values(photograph.images).forEach(URL.revokeObjectURL);
  const colorized = photographs.filter((other) => other.images.color);
  if (photograph === current) show(colorized[Math.min(index, colorized.length - 1)] ?? null);
  showList();
}

// What is shown.

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Replaces what is in a list; the button that has the focus is the same one in the new list.
function fill(list, made) {
  const index = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.replaceChildren(...made);
  if (index >= 0) [...list.querySelectorAll("button")].slice(0, index + 1).at(-1)?.focus();
}

function announce(text) {
  element("status").textContent = text;
}

function report(...problems) {
  element("problem").replaceChildren(...problems.map((text) => make("p", {}, text)));
}

function show(photograph) {
  closePalette();
  current = photograph;
  element("work").hidden = !photograph;
  if (!photograph) return;
  cursor = { x: Math.floor(photograph.width / 2), y: Math.floor(photograph.height / 2) };
  element("title").textContent = photograph.file.name;
  const warnings = photograph.in_color ? [IN_COLOR, ...photograph.warnings] : photograph.warnings;
  element("warnings").replaceChildren(...warnings.map((text) => make("p", {}, text)));
  element("setting").value = photograph.setting;
  showImages();
  showHints();
  showList();
}

function showImages() {
  stage.style.setProperty("--ratio", current.width / current.height);
  stage.style.setProperty("--width", current.width);
  element("gray").src = current.images.gray;
  element("color").src = current.images.color;
  const link = element("download");
  link.href = `photographs/${current.name}/full?${current.colored}`;
  link.download = current.file.name.replace(/\.[^.]*$/, "") + ".png";
}

function showList() {
  fill(element("photographs"), photographs.map(entry));
}

function entry(photograph) {
  const name = photograph.file.name;
  const picture = make("img", { src: photograph.images.color ?? "", alt: "" });
  const open = make("button", { className: "open", title: name }, picture, make("span", {}, name));
  open.disabled = !photograph.images.color;
  open.ariaCurrent = photograph === current;
  open.addEventListener("click", () => show(photograph));
  const close = make("button", { className: "close", ariaLabel: `Remove ${name}` }, "×");
  close.addEventListener("click", () => remove(photograph));
  return make("li", {}, open, close);
}

function showHints() {
  if (!model.takes_hints) return;
  fill(element("markers"), current.hints.map(marker));
  fill(element("hint-list"), current.hints.map(line));
  element("undo").disabled = !current.past.length;
}

function placeAt(part, { x, y }) {
  part.style.left = `${((x + 0.5) / current.width) * 100}%`;
  part.style.top = `${((y + 0.5) / current.height) * 100}%`;
}

function marker(hint, index) {
  const made = make("button", {
    className: "marker",
    ariaLabel: `Hint ${index + 1}, ${nameOf(hint.color)}: change it, or move it by the arrow keys`,
  });
  made.style.setProperty("--color", hint.color);
  placeAt(made, hint);
  made.addEventListener("pointerdown", (event) => drag(made, index, event));
  made.addEventListener("click", () => openPalette({ ...current.hints[index], index }));
  made.addEventListener("keydown", (event) => {
    const to = step(event, current.hints[index]);
    if (to) change(`Hint ${index + 1} at ${to.x}, ${to.y}.`, replaced(index, to));
    else if (event.key === "Delete" || event.key === "Backspace") removeHint(index);
  });
  return made;
}

function line(hint, index) {
  const open = make(
    "button",
    { className: "open", ariaLabel: `Change hint ${index + 1}, ${nameOf(hint.color)}` },
    make("span", { className: "dot" }),
    `${hint.color} at ${hint.x}, ${hint.y}`,
  );
  open.style.setProperty("--color", hint.color);
  open.addEventListener("click", () => openPalette({ ...hint, index }));
  const close = make("button", { className: "close", ariaLabel: `Remove hint ${index + 1}` }, "×");
  close.addEventListener("click", () => removeHint(index));
  return make("li", {}, open, close);
}

// Hints.

function change(text, hints, { remembered = true } = {}) {
  if (remembered) current.past.push(current.hints);
  current.hints = hints;
  showHints();
  return update(text);
}

function replaced(index, changes) {
  return current.hints.map((hint, other) => (other === index ? { ...hint, ...changes } : hint));
}

function removeHint(index) {
  closePalette();
  change(`Hint ${index + 1} removed.`, current.hints.filter((_, other) => other !== index));
  keepFocus();
}

function undo() {
  if (!current?.past.length) return;
  closePalette();
  change("Undone.", current.past.pop(), { remembered: false });
}

function drag(made, index, { pointerId, clientX, clientY }) {
  let to = null;
  made.setPointerCapture(pointerId);
  made.onpointermove = (event) => {
    if (!to && Math.hypot(event.clientX - clientX, event.clientY - clientY) < 5) return; // a click
    to = placeOf(event);
    placeAt(made, to);
  };
  made.onpointerup = made.onpointercancel = () => {
    made.onpointermove = made.onpointerup = made.onpointercancel = null;
    if (!to) return;
    const ignore = (event) => event.stopImmediatePropagation();
    made.addEventListener("click", ignore, { capture: true, once: true });
    change(`Hint ${index + 1} moved.`, replaced(index, to));
  };
}

function inside({ x, y }) {
  const within = (value, length) => Math.max(0, Math.min(length - 1, Math.floor(value)));
  return { x: within(x, current.width), y: within(y, current.height) };
}

function placeOf({ clientX, clientY }) {
  const { left, top, width, height } = element("gray").getBoundingClientRect();
  return inside({
    x: ((clientX - left) / width) * current.width,
    y: ((clientY - top) / height) * current.height,
  });
}

// Where an arrow key leads: a step of 2% of the longer side, a tenth of that with Shift.
function step(event, { x, y }) {
  if (!(event.key in ARROWS)) return null;
  event.preventDefault(); // scrolls
  const [across, down] = ARROWS[event.key];
  const length = Math.max(current.width, current.height) / (event.shiftKey ? 500 : 50);
  const px = Math.max(1, Math.round(length));
  return inside({ x: x + across * px, y: y + down * px });
}

// The palette.

async function openPalette(place) {
  closePalette();
  const opened = (edited = { ...place });
  const photograph = current;
  showCrosshair(place.index === undefined ? place : null);
  element("remove").hidden = place.index === undefined;
  element("likely").replaceChildren();
  palette.show();
  putPalette(place);
  element("done").focus();
  const others = photograph.hints.filter((_, index) => index !== place.index);
  const query = `${queryOf(photograph, others)}&x=${place.x}&y=${place.y}`;
  try {
    const colors = await (await ask(photograph, "likely", query)).json();
    if (edited !== opened) return; // closed, or open elsewhere
    element("likely").replaceChildren(...colors.map(swatch));
    if (edited.color) showChosen();
    else element("any").value = colors[0];
    putPalette(place);
    if (document.activeElement === element("done")) element("likely").firstElementChild.focus();
  } catch (problem) {
    if (edited === opened) closePalette();
    report(problem.message);
  }
}

function swatch(color, index) {
  const title = nameOf(color);
  const ariaLabel = `Likely color ${index + 1}, ${title}`; // two may have one name
  const made = make("button", { className: "swatch", value: color, title, ariaLabel });
  made.style.setProperty("--color", color);
  made.addEventListener("click", () => choose(color));
  return made;
}

// Next to its place, within the window. On a narrow screen, the style sheet puts it at the bottom.
function putPalette(place) {
  const frame = element("frame").getBoundingClientRect();
  const x = ((place.x + 0.5) / current.width) * stage.offsetWidth + stage.offsetLeft;
  const y = ((place.y + 0.5) / current.height) * stage.offsetHeight + stage.offsetTop;
  const { offsetWidth: width, offsetHeight: height } = palette;
  if (getComputedStyle(palette).position === "fixed") {
    scrollBy(0, Math.max(0, frame.top + y + MARGIN - (innerHeight - height)));
    return;
  }
  const beside = frame.left + x + MARGIN + width < innerWidth ? x + MARGIN : x - MARGIN - width;
  const lowest = innerHeight - 8 - height - frame.top;
  palette.style.left = `${Math.max(8 - frame.left, beside)}px`;
  palette.style.top = `${Math.min(y - MARGIN, lowest)}px`;
}

function closePalette() {
  edited = null;
  showCrosshair(null);
  const focused = palette.contains(document.activeElement);
  palette.close(); // and what had the focus before has it again, if it is still there
  if (focused) keepFocus();
}

function keepFocus() {
  if (document.activeElement === document.body) stage.focus({ preventScroll: true });
}

function choose(color, remembered = true) {
  if (!edited) return; // the browser's own dialog outlived the palette
  const { x, y, index } = edited;
  edited.color = color;
  showChosen();
  if (index !== undefined) {
    change(`Hint ${index + 1} is ${nameOf(color)}.`, replaced(index, { color }), { remembered });
    return;
  }
  edited.index = current.hints.length;
  element("remove").hidden = false;
  showCrosshair(null);
  change(`Hint ${edited.index + 1} is ${nameOf(color)}.`, [...current.hints, { x, y, color }]);
}

function showChosen() {
  element("any").value = edited.color;
  for (const made of element("likely").children) made.ariaPressed = made.value === edited.color;
}

function showCrosshair(place) {
  const crosshair = element("crosshair");
  crosshair.hidden = !place;
  if (place) placeAt(crosshair, place);
}

// Events.

for (const kind of ["dragover", "drop"])
  addEventListener(kind, (event) => {
    event.preventDefault();
    if (kind === "drop" && event.dataTransfer.files.length) add(event.dataTransfer.files);
  });
element("files").addEventListener("change", ({ target }) => {
  add(target.files);
  target.value = ""; // so that the same file can be chosen again
});
element("split").addEventListener("input", ({ target }) => {
  stage.style.setProperty("--split", `${target.value}%`);
  target.ariaValueText = `${target.value}% in color`;
});
element("setting").addEventListener("input", ({ target }) => {
  current.setting = target.value;
  update("");
});
element("download").addEventListener("click", () =>
  announce("The photograph is written in full size; the download begins in a few seconds."),
);
addEventListener("pagehide", ({ persisted }) => {
  if (!persisted) photographs.forEach(forget);
});

element("files").accept = model.extensions.join();
element("files").disabled = false;
element("setting").max = model.vividness === null ? model.most_saturation : 1;
element("setting-name").textContent = model.vividness === null ? "Saturation" : "Vividness";
element("setting-help").textContent =
  model.vividness === null ? "" : "0: the mean of the likely colors; 1: as colorful as photographs";

if (model.takes_hints) {
  element("hints").hidden = false;
  Object.assign(stage, { tabIndex: 0, role: "application", ariaLabel: "Places of the photograph" });
  stage.setAttribute("aria-describedby", "hints-help");
  stage.addEventListener("click", (event) => {
    if (!event.target.closest(".marker")) openPalette(placeOf(event));
  });
  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage) return;
    const to = step(event, cursor);
    if (to) {
      cursor = to;
      announce(`${to.x}, ${to.y}`);
      showCrosshair(cursor);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault(); // scrolls
      openPalette(cursor);
    }
  });
  stage.addEventListener("focus", () => {
    if (stage.matches(":focus-visible")) showCrosshair(cursor);
  });
  stage.addEventListener("blur", () => edited || showCrosshair(null));
  element("done").addEventListener("click", closePalette);
  element("remove").addEventListener("click", () => removeHint(edited.index));
  element("undo").addEventListener("click", undo);
  let dragging = false; // in the browser's own dialog for colors
  element("any").addEventListener("input", ({ target }) => {
    choose(target.value, !dragging);
    dragging = true;
  });
  element("any").addEventListener("change", () => (dragging = false));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && palette.open) closePalette();
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
  });
}
