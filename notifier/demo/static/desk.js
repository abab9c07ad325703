/* Keeps the desk true while it is open: the page is asked for again, and what changed is replaced. */
(() => {
  'use strict';
  const about = new URLSearchParams(location.search);
  for (const field of document.querySelectorAll('input[type=hidden][name=order], input[type=hidden][name=line]')) {
    about.set(field.name, field.value);
  }
  about.delete('said');
  const here = `/desk?${about}`;
  const parts = () => document.querySelectorAll('[data-live]');
  let leaving = false;

  /** A document, read without running anything in it. */
  function fetchPage(url) {
    return new Promise((done) => {
      const asked = new XMLHttpRequest();
      asked.open('GET', url);
      asked.responseType = 'document';
      asked.timeout = 10000;
      asked.onload = () => done(asked.status === 200 ? asked.response : null);
      asked.onerror = asked.ontimeout = () => done(null); // stopped, or just starting again
      asked.send();
    });
  }

  const isBusy = (part) => part.contains(document.activeElement)
    && document.activeElement.matches('input, select');

  function replace(part, fresh) {
    const at = part.contains(document.activeElement) && [...part.querySelectorAll('a, button')].indexOf(document.activeElement);
    part.replaceChildren(...document.importNode(fresh, true).childNodes);
    part.className = fresh.className;
    if (at !== false && at >= 0) part.querySelectorAll('a, button')[at]?.focus();
  }

  async function look() {
    const page = await fetchPage(here);
    if (!page || leaving) return;
    for (const part of parts()) {
      const fresh = page.querySelector(`[data-live=${part.dataset.live}]`);
      const isSame = !fresh || (fresh.textContent === part.textContent && fresh.className === part.className
        && fresh.querySelectorAll('*').length === part.querySelectorAll('*').length);
      if (!isSame && !isBusy(part)) replace(part, fresh);
    }
    if (page.querySelector('.begin') && !document.querySelector('.begin')) location.reload();
    if (!page.querySelector('.begin') && document.querySelector('.begin')) location.reload();
  }

  document.addEventListener('submit', (event) => {
    leaving = true;
    const words = event.target.dataset.slow;
    if (!words) return;
    event.target.querySelector('.clock-next').textContent = words;
    event.target.classList.add('slow');
  });
  window.addEventListener('pageshow', () => {
    leaving = false;
    for (const slow of document.querySelectorAll('.slow')) slow.classList.remove('slow');
  });

  (async () => {
    for (;;) {
      await new Promise((go) => setTimeout(go, 1000));
      if (!document.hidden && !leaving) await look();
    }
  })();
})();
