/* Keeps the list of mails true, and shows the mail in the colours that were chosen. */
(() => {
  'use strict';
  const { every, element, ago } = window.demo;
  const rows = document.querySelector('[data-rows]');
  const paper = document.querySelector('.paper');
  const open = Number(rows.dataset.open);
  let newest = rows.children.length ? Infinity : 0;
  let shown = '';
  const choice = document.querySelector('[data-to]');

  function row(mail) {
    const time = element('time', { datetime: mail.at }, ago(mail.ago));
    return element('li', { class: [mail.read ? '' : 'unread', mail.number > newest ? 'fresh' : ''].join(' ').trim() },
      element('a', { href: `/inbox/${mail.number}${choice.value && `?to=${encodeURIComponent(choice.value)}`}`, 'aria-current': mail.number === open && 'true' },
        element('span', { class: 'from' }, mail.from), time,
        element('span', { class: 'subject' }, mail.subject),
        element('span', { class: 'to' }, `to ${mail.to}`)));
  }

  /** Who got mail can be chosen; the choice is kept while the list grows. */
  function offer(whose) {
    const known = new Set([...choice.options].map((option) => option.value));
    for (const one of whose) {
      if (!known.has(one)) choice.append(element('option', { value: one }, one === 'real' ? 'no made-up people' : one));
    }
    document.querySelector('[data-filter]').hidden = whose.length < 2;
  }

  function show({ count, mails, whose }) {
    offer(whose);
    const now = mails.map((mail) => `${mail.number}${mail.read}`).join();
    if (now !== shown) {
      const focused = rows.contains(document.activeElement) && document.activeElement.getAttribute('href');
      rows.replaceChildren(...mails.map(row));
      if (focused) rows.querySelector(`a[href="${focused}"]`)?.focus();
      shown = now;
      newest = count;
    } else {
      [...rows.querySelectorAll('time')].forEach((time, i) => { time.textContent = ago(mails[i].ago); });
    }
    document.querySelector('[data-empty]').hidden = count > 0;
  }

  for (const time of rows.querySelectorAll('time')) time.textContent = ago(Number(time.dataset.ago));
  const list = () => `/inbox.json?to=${encodeURIComponent(choice.value)}`;
  every(1, list, show);
  choice.addEventListener('change', async () => show(await (await fetch(list())).json()));

  if (paper) {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const wear = (scheme) => {
      const url = `${paper.dataset.body}?scheme=${scheme}`;
      if (!paper.src.endsWith(url)) paper.src = url;
      paper.classList.toggle('dark', scheme === 'dark');
      for (const link of document.querySelectorAll('[data-scheme]')) {
        if (link.dataset.scheme === scheme) link.setAttribute('aria-current', 'true');
        else link.removeAttribute('aria-current');
      }
    };
    wear(paper.dataset.chosen || (dark.matches ? 'dark' : 'light'));
    for (const link of document.querySelectorAll('[data-scheme]')) {
      link.addEventListener('click', (event) => {
        event.preventDefault();
        wear(link.dataset.scheme);
      });
    }
  }
})();
