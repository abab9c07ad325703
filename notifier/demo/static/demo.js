/* What all pages of the demo share: whether they are framed, and how many mails wait. */
(() => {
  'use strict';
  const framed = window.top !== window;
  document.documentElement.classList.toggle('framed', framed);

  /** Fetches JSON now and then; a page in the background rests. */
  async function every(seconds, url, use) {
    for (;;) {
      if (!document.hidden) {
        try {
          const answer = await fetch(typeof url === 'function' ? url() : url,
            { headers: { Accept: 'application/json' } });
          if (answer.ok) use(await answer.json());
        } catch {
          // The demo was stopped, or is just starting again.
        }
      }
      await new Promise((go) => setTimeout(go, seconds * 1000));
    }
  }

  function element(tag, traits, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(traits || {})) {
      if (value === true) node.setAttribute(name, '');
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child != null && child !== false));
    return node;
  }

  function ago(seconds) {
    if (seconds < 3) return 'now';
    if (seconds < 60) return `${Math.floor(seconds)} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  }

  /** Text with its web addresses as links that open in a tab of their own. */
  function linked(text) {
    const parts = document.createDocumentFragment();
    let end = 0;
    for (const found of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g)) {
      parts.append(text.slice(end, found.index));
      parts.append(element('a', { href: found[0], target: '_blank', rel: 'noopener' }, found[0]));
      end = found.index + found[0].length;
    }
    parts.append(text.slice(end));
    return parts;
  }

  window.demo = { every, element, ago, linked, framed };

  if (!framed) {
    every(2, '/progress.json', (progress) => {
      for (const badge of document.querySelectorAll('[data-unread]')) {
        badge.textContent = progress.unread;
        badge.hidden = !progress.unread;
      }
      document.dispatchEvent(new CustomEvent('demo:progress', { detail: progress }));
    });
  }
})();
