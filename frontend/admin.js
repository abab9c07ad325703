// What every page of the admin does beyond plain HTML: shortcuts, menus that close, questions before
// what cannot be undone, and pieces of pages that renew themselves (htmx). All works without it too.
import "htmx.org";

const PAUSE = 1200; // milliseconds between `g` and the letter
let waitingForLetter = 0;

const isTyping = (target) =>
  target.closest("input, textarea, select, [contenteditable], .cm-editor, dialog[open]");

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.removeAttribute("open");
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details.menu[open]");
    if (open) {
      open.removeAttribute("open");
      open.querySelector("summary").focus();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (Date.now() - waitingForLetter < PAUSE) {
    waitingForLetter = 0;
    const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (event.key === "g") {
    waitingForLetter = Date.now();
  } else if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  } else if (event.key === "?") {
    document.getElementById("shortcuts")?.showModal();
  }
});

// A button with data-confirm asks first, in the page's own dialog.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-confirm]");
  const dialog = document.getElementById("question");
  if (!button || !dialog || button.dataset.asked) return;
  event.preventDefault();
  event.stopPropagation();
  dialog.querySelector("p").textContent = button.dataset.confirm;
  const yes = dialog.querySelector("[value=yes]");
  yes.textContent = button.dataset.yes || button.textContent.trim();
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue !== "yes") return;
      button.dataset.asked = "1";
      button.click();
      delete button.dataset.asked;
    },
    { once: true },
  );
  dialog.showModal();
}, true);

// A select or tick with data-submit sends its form at once.
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-submit]")) event.target.form?.requestSubmit();
});

// A form with data-at-once fills its frame as soon as the page is there.
for (const form of document.querySelectorAll("form[data-at-once]")) form.requestSubmit();

// [data-copy] puts its value on the clipboard and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const was = button.textContent;
  button.textContent = button.dataset.copied || was;
  setTimeout(() => { button.textContent = was; }, 1500);
});

// A piece that renews itself rests while nobody looks. (A condition in hx-trigger would be evaluated
// as code, which the pages' policy forbids.)
document.addEventListener("htmx:before:request", (event) => {
  const renewsItself = event.target.getAttribute?.("hx-trigger")?.startsWith("every ");
  if (renewsItself && document.visibilityState !== "visible") event.preventDefault();
});
