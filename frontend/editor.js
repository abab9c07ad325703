// The template editor: colours, completion, marks from the server's check, a live preview. The page
// works without it, as plain text areas and a button that shows the preview.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { html } from "@codemirror/lang-html";
import { jinja } from "@codemirror/lang-jinja";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const PAUSE = 450; // milliseconds without a key before the server is asked
const form = document.getElementById("writing");
const views = new Map(); // part → EditorView
let dirty = false;
let leaving = false;
let timer = 0;
let asked = 0;

const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket, tags.attributeName], class: "tok-tag" },
  { tag: [tags.variableName, tags.propertyName, tags.special(tags.variableName)], class: "tok-name" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword, tags.bracket, tags.brace, tags.operator], class: "tok-code" },
  { tag: [tags.string, tags.attributeValue, tags.number, tags.bool], class: "tok-text" },
  { tag: [tags.comment, tags.blockComment, tags.lineComment], class: "tok-quiet" },
]);

// --- completion: exactly what this message has ----------------------------------------------

const known = JSON.parse(form?.dataset.completions || '{"variables":[],"pieces":{},"filters":[]}');

function optionsFor(names) {
  const options = known.variables
    .filter(([path]) => !path.includes("[]"))
    .map(([path, type, meaning, sample]) => ({
      label: path,
      type: "variable",
      detail: type,
      info: sample ? `${meaning}\n${sample}` : meaning,
    }));
  for (const [name, list] of Object.entries(names)) {
    for (const [path, type, meaning, sample] of known.variables) {
      if (path.startsWith(`${list}[].`)) {
        options.push({ label: `${name}.${path.slice(list.length + 3)}`, type: "variable", detail: type, info: sample || meaning });
      }
    }
  }
  if (Object.keys(names).length) {
    for (const one of ["first", "last", "index", "length"]) options.push({ label: `loop.${one}`, type: "variable" });
  }
  for (const [name, wanted] of Object.entries(known.pieces)) {
    options.push({ label: name, type: "function", detail: `(${wanted.join(", ")})`, apply: `${name}(`, boost: -1 });
  }
  return options;
}

function complete(context) {
  const before = context.state.sliceDoc(0, context.pos);
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  const shut = Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"));
  if (open < 0 || shut > open) return null;
  const filter = context.matchBefore(/\|\s*\w*/);
  if (filter) {
    const from = filter.from + filter.text.search(/\w*$/);
    return { from, options: known.filters.map((label) => ({ label, type: "method" })), validFor: /^\w*$/ };
  }
  const word = context.matchBefore(/[\w.]*/);
  if (!word || (word.from === word.to && !context.explicit && !/[\s({]$/.test(before))) return null;
  const loops = {};
  for (const [, name, list] of before.matchAll(/{%-?\s*for\s+(\w+)\s+in\s+(\w+)/g)) loops[name] = list;
  return { from: word.from, options: optionsFor(loops), validFor: /^[\w.]*$/ };
}

// --- the text ------------------------------------------------------------------------------

function saveByKey() {
  form.querySelector('button[name="act"][value="save"]')?.click();
  return true;
}

function makeView(area, part) {
  const readOnly = form.hasAttribute("data-read-only");
  const view = new EditorView({
    parent: area.parentElement,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        EditorView.cspNonce.of(form.dataset.nonce || ""),
        lineNumbers(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        drawSelection(),
        history(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ override: [complete] }),
        lintGutter(),
        EditorView.lineWrapping,
        part.endsWith(".html") ? jinja({ base: html({ matchClosingTags: true }) }) : jinja(),
        syntaxHighlighting(colours),
        EditorState.readOnly.of(readOnly),
        EditorView.contentAttributes.of({
          "aria-label": area.closest(".part").dataset.title,
          spellcheck: part.endsWith(".html") ? "false" : "true",
          lang: area.lang,
          tabindex: "0",
        }),
        keymap.of([
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...completionKeymap,
          ...lintKeymap,
          // Esc and then Tab leaves the text (CodeMirror's way out of the trap)
          indentWithTab,
        ]),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = view.state.doc.toString();
          dirty = true;
          askSoon();
        }),
      ],
    }),
  });
  area.hidden = true;
  area.setAttribute("aria-hidden", "true");
  area.tabIndex = -1;
  return view;
}

function markFindings(findings) {
  for (const [part, view] of views) {
    const doc = view.state.doc;
    const marks = findings
      .filter((one) => one.part === part)
      .map((one) => ({ ...rangeOf(doc, one), severity: "error", message: one.message }));
    view.dispatch(setDiagnostics(view.state, marks.sort((a, b) => a.from - b.from)));
  }
  for (const tab of document.querySelectorAll("#tabs [data-tab]")) {
    tab.classList.toggle("wrong", findings.some((one) => one.part === tab.dataset.tab));
  }
}

// The longest name of the message that stands in its line, else the whole line.
function rangeOf(doc, finding) {
  const line = doc.line(Math.min(Math.max(finding.line || 1, 1), doc.lines));
  const words = (finding.message.match(/[\w][\w.]*\w/g) || []).sort((a, b) => b.length - a.length);
  const found = finding.line && words.find((word) => word.length > 2 && line.text.includes(word));
  if (!found) return { from: line.from, to: line.to };
  const from = line.from + line.text.indexOf(found);
  return { from, to: from + found.length };
}

function listFindings(findings, { refused = false } = {}) {
  const box = document.getElementById("trouble");
  const list = document.getElementById("findings");
  if (!box || !list) return;
  list.replaceChildren(
    ...findings.map((one) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#${one.part}`;
      link.dataset.part = one.part;
      link.dataset.line = one.line || "";
      link.textContent = one.line ? `${one.part}, ${form.dataset.line} ${one.line}` : one.part;
      item.append(link, `: ${one.message}`);
      return item;
    }),
  );
  box.hidden = findings.length === 0;
  if (refused) {
    document.getElementById("trouble-title").textContent = form.dataset.refused;
    document.getElementById("trouble-more").textContent = form.dataset.stays;
  }
}

// --- asking the server ------------------------------------------------------------------------

function body(extra = {}) {
  const data = new FormData(form);
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  return data;
}

function askSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => { check(); preview(); }, PAUSE);
}

async function check() {
  if (!form.dataset.check) return;
  const number = ++asked;
  const place = document.getElementById("checked");
  place.textContent = form.dataset.checking;
  let answer;
  try {
    const response = await fetch(form.dataset.check, { method: "POST", body: body(), headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    answer = await response.json();
  } catch {
    place.textContent = "";
    return;
  }
  if (number !== asked) return; // a later answer is on its way
  markFindings(answer.findings);
  listFindings(answer.findings);
  const count = answer.findings.length;
  place.textContent = count ? form.dataset.faults.replace("{count}", count) : form.dataset.fine;
  const subject = document.getElementById("subject");
  subject.hidden = !answer.subject;
  subject.textContent = answer.subject;
  document.getElementById("segments").textContent = answer.segments ? `SMS: ${answer.segments}` : "";
}

// A new frame takes the place of the old one when it is drawn: nothing flickers, and no step is
// added to the browser's history.
let frames = 0;
function preview() {
  const box = document.querySelector(".frame-of-mail");
  if (!box) return;
  box.querySelectorAll("iframe.coming").forEach((one) => one.remove());
  const old = box.querySelector("iframe");
  const next = old.cloneNode(false);
  next.name = `preview-${++frames}`;
  next.className = "coming";
  next.removeAttribute("src");
  box.append(next);
  const sender = document.createElement("form");
  sender.method = "post";
  sender.action = form.dataset.preview;
  sender.target = next.name;
  sender.hidden = true;
  for (const [name, value] of new FormData(form)) {
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    sender.append(field);
  }
  document.body.append(sender);
  let sent = false;
  next.addEventListener("load", () => {
    if (!sent || !next.isConnected) return;
    const top = old.name;
    old.remove();
    next.className = "";
    next.name = top || "preview";
  });
  fit();
  sent = true;
  sender.submit();
  sender.remove();
}

// The mail is as wide as was asked for, and made smaller where the page is narrower.
function fit() {
  const box = document.querySelector(".frame-of-mail");
  const width = Number(document.querySelector("[name=width]:checked")?.value || 600);
  const scale = Math.min(1, box.clientWidth / width);
  for (const frame of box.querySelectorAll("iframe")) {
    frame.style.width = frame.style.maxWidth = `${width}px`;
    frame.style.height = `${Math.round(box.clientHeight / scale)}px`;
    frame.style.transform = scale < 1 ? `scale(${scale})` : "";
  }
}

async function save(button) {
  button.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: body({ act: button.value }),
      headers: { Accept: "application/json" },
    });
    const type = response.headers.get("Content-Type") || "";
    if (!type.includes("json")) return sendWhole(button); // a conflict, or signed out: a page says it
    const answer = await response.json();
    if (answer.go) {
      dirty = false;
      location.assign(answer.go);
      return;
    }
    if (answer.findings?.length) {
      markFindings(answer.findings);
      listFindings(answer.findings, { refused: true });
      const keep = document.getElementById("keep");
      if (keep) keep.hidden = button.value !== "save";
      document.getElementById("trouble").scrollIntoView({ block: "nearest" });
    }
    say(answer.said || answer.problem || "", response.ok);
    if (response.ok && answer.expected !== undefined) {
      dirty = false;
      form.elements.expected.value = answer.expected;
    }
  } catch {
    sendWhole(button);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function sendWhole(button) {
  leaving = true;
  form.requestSubmit(button);
}

function say(text, good) {
  document.getElementById("said")?.remove();
  if (!text) return;
  const note = document.createElement("p");
  note.id = "said";
  note.className = `notice ${good ? "done" : "wrong"}`;
  note.setAttribute("role", good ? "status" : "alert");
  note.textContent = text;
  document.querySelector(".workbench").before(note);
}

// --- tabs ------------------------------------------------------------------------------------

function makeTabs() {
  const bar = document.getElementById("tabs");
  const parts = [...form.querySelectorAll(".part")];
  if (!bar || parts.length < 2) return;
  bar.setAttribute("role", "tablist");
  for (const part of parts) {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.role = "tab";
    tab.id = `tab-${part.dataset.part}`;
    tab.dataset.tab = part.dataset.part;
    tab.textContent = part.dataset.title;
    tab.setAttribute("aria-controls", part.id);
    tab.addEventListener("click", () => pick(part.dataset.part));
    part.setAttribute("role", "tabpanel");
    part.setAttribute("aria-labelledby", tab.id);
    bar.append(tab);
  }
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = parts.findIndex((one) => !one.hidden);
    const next = parts[(at + step + parts.length) % parts.length];
    pick(next.dataset.part);
    document.getElementById(`tab-${next.dataset.part}`).focus();
  });
  bar.hidden = false;
  form.classList.add("with-tabs");
  const wanted = decodeURIComponent(location.hash.slice(1));
  const html = parts.find((one) => one.dataset.part === "email.html");
  choose(parts.some((one) => one.dataset.part === wanted) ? wanted : (html || parts[0]).dataset.part);
}

function pick(name) {
  choose(name);
  window.history.replaceState(null, "", `#${name}`); // a reload stays with this part
}

function choose(name) {
  for (const part of form.querySelectorAll(".part")) part.hidden = part.dataset.part !== name;
  for (const tab of document.querySelectorAll("#tabs [data-tab]")) {
    const on = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
  }
  views.get(name)?.requestMeasure();
}

const shownPart = () => form.querySelector(".part:not([hidden])")?.dataset.part;

function goTo(part, line) {
  if (document.querySelector("#tabs:not([hidden])")) pick(part);
  const view = views.get(part);
  if (!view) return;
  const at = view.state.doc.line(Math.min(Math.max(line || 1, 1), view.state.doc.lines)).from;
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
  view.focus();
}

// --- all together ----------------------------------------------------------------------------

function start() {
  for (const area of form.querySelectorAll(".part textarea")) {
    const part = area.closest(".part").dataset.part;
    views.set(part, makeView(area, part));
  }
  makeTabs();
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#findings [data-part]");
    if (link) {
      event.preventDefault();
      goTo(link.dataset.part, Number(link.dataset.line));
    }
    const insert = event.target.closest("[data-insert]");
    if (insert) insertVariable(insert.dataset.insert, insert.dataset.type);
  });
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.hasAttribute("data-preview")) {
      event.preventDefault();
      check();
      preview();
      return;
    }
    const byScript = form.dataset.check && ["save", "keep", "publish", "test"].includes(button?.value);
    if (byScript && !leaving) {
      event.preventDefault();
      save(button);
      return;
    }
    dirty = false;
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.name === "width") fit();
    if (field.form !== form) return;
    if (field.matches("[data-again]:not(#sample):not(#case)")) dirty = true;
    if (field.matches("[data-again], [name=show], [name=theme]")) askSoon();
  });
  form.addEventListener("input", (event) => {
    if (event.target.matches("input[data-again]")) {
      dirty = true;
      askSoon();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.key === "s") {
      event.preventDefault();
      saveByKey();
    } else if (event.key === "Enter") {
      event.preventDefault();
      check();
      preview();
    }
  }, true);
  window.addEventListener("beforeunload", (event) => {
    if (dirty && !leaving) event.preventDefault();
  });
  new ResizeObserver(fit).observe(document.querySelector(".frame-of-mail"));
  check();
  preview();
}

function insertVariable(path, type) {
  const view = views.get(shownPart());
  if (!view) return;
  const [list, rest] = path.split("[].");
  let text = `{{ ${path} }}`;
  if (type === "list") text = `{% for one in ${path} %}{% endfor %}`;
  else if (rest) text = `{{ ${list}[0].${rest} }}`;
  else if (type === "true or false") text = `{% if ${path} %}{% endif %}`;
  view.dispatch(view.state.replaceSelection(text));
  view.focus();
}

if (form) start();
