/* Keeps the texts on the phone true while the page is open. */
(() => {
  'use strict';
  const { every, element, linked } = window.demo;
  const list = document.querySelector('[data-bubbles]');
  const numbers = document.querySelector('[data-numbers]');
  const form = document.querySelector('[data-answer]');
  let number = new URLSearchParams(location.search).get('number') || '';
  let shown = '';

  function bubble({ side, text, status }) {
    return element('li', { class: side }, element('p', {}, linked(text)),
      status && element('small', {}, status));
  }

  function show(state) {
    const now = JSON.stringify([state.bubbles, state.threads.map((one) => one.number)]);
    if (now === shown) return;
    shown = now;
    list.replaceChildren(...state.bubbles.map(bubble));
    list.scrollTop = list.scrollHeight;
    numbers.replaceChildren(...state.threads.map((one) => element('a', {
      href: `/phone?number=${encodeURIComponent(one.number)}`,
      'aria-current': one.number === state.number && 'true',
    }, one.number)));
    document.querySelector('[data-empty]').hidden = state.bubbles.length > 0;
    document.querySelector('[data-number]').textContent = state.number || 'no phone yet';
    form.hidden = !state.number;
    form.elements.number.value = state.number;
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const said = new FormData(form, event.submitter?.name ? event.submitter : undefined);
    const text = event.submitter?.value || said.getAll('text').find(Boolean) || '';
    form.querySelector('input[name=text]').value = '';
    number = said.get('number');
    await fetch('/phone', { method: 'POST', body: new URLSearchParams({ number, text }) });
  });

  list.scrollTop = list.scrollHeight;
  every(1, () => `/phone.json?number=${encodeURIComponent(number)}`, show);
})();
