/* Marks the steps that are done, and opens the four places beside each other where they fit. */
(() => {
  'use strict';
  const stage = document.querySelector('[data-stage]');
  const wide = matchMedia('(min-width: 75rem)');

  function open() {
    if (!wide.matches) return;
    for (const frame of stage.querySelectorAll('iframe:not([src])')) frame.src = frame.dataset.src;
  }

  function show(progress) {
    let next = true;
    for (const step of document.querySelectorAll('[data-step]')) {
      const done = progress[step.dataset.step];
      step.classList.toggle('done', done);
      step.classList.toggle('next', !done && next);
      if (!done) next = false;
    }
    const took = document.querySelector('[data-took]');
    took.hidden = !progress.told || progress.seconds == null;
    took.querySelector('[data-seconds]').textContent = progress.seconds ?? '';
  }

  for (const link of document.querySelectorAll('.go[data-frame]')) {
    link.addEventListener('click', (event) => {
      if (!wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      for (const pane of stage.children) pane.classList.remove('called');
      const pane = stage.querySelector(`[data-window=${link.dataset.frame}]`);
      const frame = pane.querySelector('iframe');
      if (frame.contentWindow.location.pathname !== new URL(link.href).pathname) frame.src = link.href;
      pane.classList.add('called');
      pane.scrollIntoView({ block: 'nearest' });
      frame.focus();
    });
  }

  open();
  wide.addEventListener('change', open);
  document.addEventListener('demo:progress', (event) => show(event.detail));
})();
