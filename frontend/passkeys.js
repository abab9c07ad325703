// Forms that need the browser's authenticator: <form data-passkey="get|create" data-ask="…" hidden>.
// The form asks our server what is to be signed, the authenticator signs, and the form is sent with
// that as its field `answer`. Without scripts the form stays hidden; the password works without.
// What went wrong is said beneath the button: data-known where the device has a passkey of this account,
// what our server says where it says it, else data-failed.
import {
  browserSupportsWebAuthn,
  startAuthentication,
  startRegistration,
} from "@simplewebauthn/browser";

const forms = document.querySelectorAll("form[data-passkey]");

class Refused extends Error {}

async function ask(form) {
  const answer = await fetch(form.dataset.ask, {
    method: "POST",
    headers: { "X-CSRF-Token": form.elements.csrf_token?.value ?? "", "HX-Request": "true" },
  });
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) {
    location.assign(elsewhere);
    return null;
  }
  if (!answer.ok) throw new Refused((await answer.json().catch(() => ({}))).message ?? "");
  return answer.json();
}

async function sign(form) {
  const optionsJSON = await ask(form);
  if (optionsJSON === null) return;
  const start = form.dataset.passkey === "create" ? startRegistration : startAuthentication;
  form.elements.answer.value = JSON.stringify(await start({ optionsJSON }));
  form.submit();
}

function why(form, error) {
  if (error instanceof Refused && error.message) return error.message;
  const { failed, known } = form.dataset;
  return error.name === "InvalidStateError" ? known || failed : failed;
}

for (const form of forms) {
  const said = form.querySelector("[role=alert]");
  const tell = (text) => {
    said.textContent = text;
    said.hidden = !text;
  };
  form.hidden = false;
  if (!browserSupportsWebAuthn()) {
    form.querySelector("button").disabled = true;
    if (form.dataset.passkey === "create") tell(form.dataset.unknown);
    else form.hidden = true;
    continue;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell("");
    sign(form).catch((error) => tell(why(form, error)));
  });
}
