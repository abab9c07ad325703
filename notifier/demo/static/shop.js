/* The shop's own script: shows the chosen variant, and keeps the page true while it is open. */
(() => {
  'use strict';
  const main = document.querySelector('.product');
  const form = main.querySelector('.buy');
  const widget = main.querySelector('notify-me');
  const ordering = form.querySelector('[data-ahead-form]');
  const fields = [...form.querySelectorAll('[name=variant]')]
    .flatMap((field) => (field.options ? [...field.options] : [field]));
  const at = (name) => form.querySelector(`p[data-${name}], button[data-${name}], b[data-${name}]`);

  function chosen() {
    return fields.find((field) => field.value === new FormData(form).get('variant')) || fields[0];
  }

  function show() {
    const field = chosen();
    const { words, tone, ready, ahead, price, label } = field.dataset;
    at('price').textContent = price;
    if (at('stock').textContent !== words) at('stock').textContent = words;
    at('stock').className = `stock ${tone}`;
    at('buy').hidden = !ready;
    ordering.hidden = ahead !== 'accept';
    ordering.disabled = ahead !== 'accept';
    // Enter presses the first button that submits, seen or not
    at('buy').type = ready ? 'submit' : 'button';
    ordering.querySelector('button').type = ahead === 'accept' ? 'submit' : 'button';
    form.querySelector('[data-stopped]').hidden = ahead !== 'stop';
    widget.hidden = Boolean(ready);
    if (at('label')) at('label').textContent = label;
    for (const picture of main.querySelectorAll('[data-for]')) {
      picture.hidden = picture.dataset.for !== field.value;
    }
    // The shop says "sold out" and the notifier has not heard of it yet: let the widget ask again.
    if (!ready && widget.getAttribute('state') === 'hidden') {
      widget.removeAttribute('variant');
      widget.setAttribute('variant', field.value);
    }
  }

  form.addEventListener('change', (event) => {
    if (!event.target.matches('[name=variant]')) return;
    for (const said of form.querySelectorAll('.said')) said.remove();
    const here = new URL(location.href);
    here.searchParams.set('variant', chosen().value);
    here.searchParams.delete('said');
    here.searchParams.delete('ordered');
    history.replaceState(null, '', here);
    show();
  });

  const lang = document.documentElement.lang;
  window.demo.every(2, `/p/${main.dataset.slug}.json?lang=${lang}`, (kinds) => {
    for (const kind of kinds) {
      const field = fields.find((one) => one.value === kind.key);
      if (!field) continue;
      field.dataset.words = kind.words;
      field.dataset.tone = kind.tone;
      field.dataset.ready = kind.can_be_bought ? '1' : '';
      field.dataset.ahead = kind.ahead;
    }
    show();
  });
})();
