/* Turns the dial without leaving the page, and keeps what it shows true. */
(() => {
  'use strict';
  const { every, element, ago } = window.demo;
  const words = { in_stock: 'in stock', out_of_stock: 'sold out', backorder: 'backorder', preorder: 'pre-order', discontinued: 'discontinued', unknown: 'unknown' };
  const story = document.querySelector('[data-story]');
  const only = document.querySelector('[data-only]');
  const error = document.querySelector('[data-error]');
  let known = null;

  const say = (one) => words[one.availability] + (one.quantity != null && one.availability === 'in_stock' ? ` · ${one.quantity}` : '');

  function chip(node, one) {
    const text = say(one);
    if (node.textContent !== text) node.textContent = text;
    node.className = `chip ${one.availability}`;
  }

  function showRow(row, one) {
    chip(row.querySelector('[data-has]'), one);
    const thinks = one.believed || { availability: 'unknown', age: 'not seen yet', eta: '', waiting: 0, unconfirmed: 0 };
    chip(row.querySelector('[data-thinks]'), thinks);
    row.querySelector('[data-eta]').textContent = one.eta;
    row.querySelector('[data-when]').textContent = thinks.eta;
    row.querySelector('[data-age]').textContent = thinks.age + (thinks.cooling ? ', cooling down' : '');
    row.classList.toggle('differs', thinks.availability !== one.availability || thinks.quantity !== one.quantity || thinks.eta !== one.eta);
    const waits = row.querySelector('.waits');
    waits.querySelector('[data-waits]').textContent = thinks.waiting;
    waits.classList.toggle('none', !thinks.waiting);
    waits.title = thinks.unconfirmed ? `${thinks.unconfirmed} more not confirmed yet` : '';
    const points = one.curve.flatMap(([x, y], i, all) => (i ? [[x, all[i - 1][1]], [x, y]] : [[x, y]]));
    row.querySelector('[data-curve]').setAttribute('points',
      points.map(([x, y]) => `${(x * 100).toFixed(1)},${(26 - y * 24).toFixed(1)}`).join(' '));
  }

  function beat(one) {
    const fresh = known && !known.has(one.at + one.text);
    return element('li', { class: `${one.step}${fresh ? ' fresh' : ''}` },
      element('span', { class: 'step' }, one.step),
      element('p', {}, one.text, ' ',
        element('small', {}, [one.about, ago(one.ago)].filter(Boolean).join(', '))));
  }

  function showSource(node, { source, pushes }) {
    node.classList.toggle('trouble', Boolean(source.failures));
    if (source.failures) {
      node.textContent = `${source.failures} looks in a row could not be believed: ${source.trouble}`;
    } else {
      node.textContent = source.age == null ? 'Not looked at yet.' :
        `Looked at the feed ${ago(source.age)}${pushes ? '; it stands still while changes are pushed' : ''}.`;
    }
  }

  function show(state) {
    for (const row of document.querySelectorAll('.variant')) showRow(row, state.variants[row.dataset.key]);
    for (const [name, value] of [['way', state.pushes ? 'push' : 'poll'], ['strategy', state.strategy], ['mischief', state.mischief]]) {
      for (const button of document.querySelectorAll(`button[name=${name}]`)) {
        button.setAttribute('aria-pressed', button.value === value);
      }
    }
    showSource(document.querySelector('[data-source]'), state);
    story.replaceChildren(...state.story.map(beat));
    known = new Set(state.story.map((one) => one.at + one.text));
    document.querySelector('[data-still]').hidden = state.story.length > 0;
  }

  const here = () => `?variant=${encodeURIComponent(only.value)}`;

  for (const form of document.querySelectorAll('[data-turn]')) {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const { submitter } = event;
      const body = new URLSearchParams(new FormData(form));
      body.set(submitter.name, submitter.value);
      if (submitter.value !== 'preorder' && submitter.value !== 'backorder') body.delete('eta');
      submitter.closest('details')?.removeAttribute('open');
      try {
        const answer = await fetch(form.getAttribute('action') + here(), {
          method: 'POST', body, headers: { Accept: 'application/json' } });
        const said = await answer.json();
        error.hidden = answer.ok;
        error.textContent = answer.ok ? '' : said.error;
        if (answer.ok) show(said);
      } catch {
        error.hidden = false;
        error.textContent = 'The demo does not answer. Was it stopped?';
      }
    });
  }

  document.addEventListener('click', (event) => {
    for (const open of document.querySelectorAll('.more[open]')) {
      if (!open.contains(event.target)) open.removeAttribute('open');
    }
  });
  document.addEventListener('keydown', (event) => {
    const open = event.key === 'Escape' && document.querySelector('.more[open]');
    if (!open) return;
    open.removeAttribute('open');
    open.querySelector('summary').focus();
  });
  only.addEventListener('change', async () => {
    known = null;
    show(await (await fetch(`/dial.json${here()}`)).json());
  });

  show(JSON.parse(document.getElementById('state').textContent));
  every(1, () => `/dial.json${here()}`, show);
})();
