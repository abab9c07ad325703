/* <notify-me>: lets a shopper ask "write to me when this is back". Docs: docs/widget.md.
 *
 * One file, served as it stands. Under the shop's CSP it needs script-src and connect-src of this
 * host: no eval, no style attribute, no innerHTML; no cookies, no storage. What a server says is
 * written as text. WORDS are for when no server answers; all others come in the page's language.
 */
(() => {
  'use strict';
  if (!globalThis.customElements || customElements.get('notify-me')) return;

  const SCRIPT = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  const ORIGIN = SCRIPT ? new URL(SCRIPT.src, location.href).origin : '';
  const PICKERS = '[name=id],[name=variant],[name=variant_id],[name=variation_id]';
  const STALE_MS = 240_000; // a challenge lives up to ten minutes
  const PATIENCE_MS = 15_000;
  const BACKOFF_S = [2, 6, 20, 60];

  const WORDS = {
    en: {
      unreachable: 'Stock alerts cannot be reached right now.',
      retry: 'Try again',
      error_network: 'No answer from the server. Your entry is kept.',
    },
    de: {
      unreachable: 'Benachrichtigungen sind gerade nicht erreichbar.',
      retry: 'Erneut versuchen',
      error_network: 'Der Server antwortet nicht. Die Eingabe bleibt stehen.',
    },
    es: {
      unreachable: 'Los avisos no están disponibles ahora.',
      retry: 'Reintentar',
      error_network: 'El servidor no responde. Guardamos lo escrito.',
    },
  };

  const ICONS = { // 24 × 24, drawn with a line
    bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4',
    mail: 'M3 6h18v13H3zl9 8 9-8',
    check: 'M5 12l5 5 9-10',
    close: 'M6 6l12 12M18 6L6 18',
    alert: 'M12 4l9 16H3zM12 10v4M12 17v.1',
  };

  // light-dark() follows the page's color-scheme. --_: names no page has.
  const CSS = `
:host{display:block;min-height:var(--notify-me-reserve,6.25em);
  font-family:var(--notify-me-font,inherit);font-size:var(--notify-me-size,inherit);line-height:1.4;
  --_accent:var(--notify-me-accent,light-dark(#16181d,#f3f4f6));
  --_on-accent:var(--notify-me-on-accent,light-dark(#fff,#16181d));
  --_surface:var(--notify-me-surface,light-dark(#fff,#1c1f25));
  --_ink:var(--notify-me-ink,light-dark(#16181d,#f3f4f6));
  --_muted:var(--notify-me-muted,light-dark(#565d6b,#aab0bd));
  --_line:var(--notify-me-line,light-dark(#dcdfe5,#363b45));
  --_edge:light-dark(#858c9a,#79808f);--_bad:light-dark(#b3261e,#ff9a90);
  --_good:light-dark(#0b7043,#5fd79e);--_tint:light-dark(#e7f6ee,#173528);
  --_radius:var(--notify-me-radius,12px)}
:host([hidden]){display:none}
:host([collapsed]){min-height:0}
*{box-sizing:border-box}
p{margin:0;overflow-wrap:anywhere}
svg{width:1.25em;height:1.25em;flex:none;fill:none;stroke:currentColor;stroke-width:1.8;
  stroke-linecap:round;stroke-linejoin:round}
button,input{font:inherit}
button{display:flex;align-items:center;justify-content:center;gap:.6em;cursor:pointer;
  min-height:48px;padding:.25em 1.25em;border:1px solid;border-radius:var(--_radius);
  background:none;color:inherit;font-weight:600;line-height:1.25}
.main{width:100%;background:var(--_accent);color:var(--_on-accent);border-color:var(--_accent)}
.main:active{opacity:.85}
:focus-visible{outline:2px solid;outline-offset:2px}
.title:focus{outline:0}
.main:focus-visible{outline-color:var(--_accent)}
a{color:inherit}
[inert]{opacity:.6}
.meta{margin-top:.5em;font-size:.875em;display:flex;flex-wrap:wrap;overflow:hidden}
.meta>*{position:relative;inset-inline-start:-1em;padding-inline-start:1em}
.meta>*+*::before{content:"·";position:absolute;inset-inline-start:.4em}
.meta span{opacity:.78}
.card{background:var(--_surface);color:var(--_ink);border:1px solid var(--_line);
  border-radius:min(var(--_radius),20px);padding:1.125em}
.card,form{display:grid;gap:.75em}
.head{display:flex;gap:.75em;align-items:start}
.head>div{flex:1;min-width:0}
.close{border:0;min-height:44px;width:44px;padding:0;margin:-.6em -.6em -.6em 0;color:var(--_muted)}
.title{font-weight:600;font-size:1.0625em;line-height:1.3}
.small,.card .meta{font-size:.8125em;line-height:1.5;color:var(--_muted);margin:.2em 0 0}
.card .meta span{opacity:1}
b{font-weight:600}.card .meta b{color:var(--_ink)}
fieldset{border:0;margin:0;padding:0}
fieldset,.line{display:flex;flex-wrap:wrap;gap:0 1.25em;align-items:center}
.tick,.count{display:flex;gap:.6em;align-items:center;min-height:44px}
.tick input{width:1.25em;height:1.25em;margin:0;flex:none;accent-color:var(--_accent)}
.label{display:block;font-size:.875em;font-weight:600;margin-bottom:.3em}
.text{width:100%;min-height:48px;padding:.4em .8em;font-size:max(16px,1em);
  border:1px solid var(--_edge);border-radius:calc(var(--_radius)*.75);
  background:var(--_surface);color:var(--_ink)}
[aria-invalid=true]{border-color:var(--_bad);box-shadow:inset 0 0 0 1px var(--_bad)}
.count .text{width:6em}
.hint{display:flex;gap:.5em;min-height:3em;margin-top:-.35em;font-size:.875em;color:var(--_muted)}
.bad{color:var(--_bad)}
.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.note{place-content:center;justify-items:center;text-align:center;gap:.35em}
.note svg{width:3em;height:3em;padding:.65em;margin-bottom:.35em;border-radius:50%;
  background:var(--_tint);color:var(--_good)}
.note button{margin-top:.6em}
.chips{display:flex;gap:.5em;overflow-x:auto;scrollbar-width:none;margin-top:.25em;padding:2px}
.chips a{flex:none;line-height:42px;padding:0 1em;border:1px solid var(--_edge);
  border-radius:var(--_radius);text-decoration:none}
.spin{width:1em;height:1em;border:2px solid;border-inline-start-color:#0000;border-radius:50%}
@media (prefers-reduced-motion:no-preference){
  .card{animation:come .16s}.spin{animation:turn .8s linear infinite}
  @keyframes come{from{opacity:0;transform:translateY(-4px)}}
  @keyframes turn{to{transform:rotate(1turn)}}}`;

  // ---- small pieces

  /** A new element. `on…` and `value` become properties, the rest attributes; text is text. */
  function h(tag, traits, ...children) {
    const node = document.createElement(tag);
    for (const name in traits) {
      if (/^(on|value$)/.test(name)) node[name] = traits[name];
      else node.setAttribute(name, traits[name]);
    }
    node.append(...children.filter(Boolean));
    return node;
  }

  function icon(name) {
    const [svg, path] = ['svg', 'path'].map((tag) =>
      document.createElementNS('http://www.w3.org/2000/svg', tag));
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', true);
    path.setAttribute('d', ICONS[name]);
    svg.append(path);
    return svg;
  }

  /** A link to a web page; null for anything else, such as `javascript:`. */
  function link(url, text, traits) {
    const node = url && text && h('a', { href: url, ...traits }, text);
    return node && /^https?:$/.test(node.protocol) ? node : null;
  }

  /** One request: {status, body, wait}; status 0 when nothing answered. `wait`: seconds or NaN. */
  async function ask(url, options) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(url, { credentials: 'omit', signal: stop.signal, ...options });
      const body = (await answer.json().catch(() => null)) || {};
      const wait = parseFloat(answer.headers.get('Retry-After'));
      return { status: answer.status, body, wait };
    } catch {
      return { status: 0, body: {} };
    } finally {
      clearTimeout(timer);
    }
  }

  // ---- proof of work (ALTCHA v1)

  /** Finds n with hash(salt + n) = challenge: the payload to post in base64, or null.
   *  On plain http there is no crypto.subtle; the server then points to the plain form. */
  async function solve(pow) {
    if (!pow || !globalThis.crypto?.subtle) return null;
    const { algorithm, challenge, salt, signature, maxnumber } = pow;
    const goal = challenge.match(/../g).map((hex) => parseInt(hex, 16));
    const fits = async (number) => {
      const text = new TextEncoder().encode(salt + number);
      const sum = new Uint8Array(await crypto.subtle.digest(algorithm, text));
      return goal.every((byte, i) => byte === sum[i]);
    };
    for (let from = 0; from <= maxnumber; from += 500) {
      await new Promise((go) => setTimeout(go)); // digests alone do not let the page breathe
      const tries = Array.from({ length: 500 }, (_, i) => fits(from + i));
      const at = (await Promise.all(tries)).indexOf(true);
      if (at >= 0) {
        return btoa(JSON.stringify({ algorithm, challenge, number: from + at, salt, signature }));
      }
    }
    return null;
  }

  // ---- the page's own variant selector

  const widgets = new Set();
  let watched;

  /** The nearest fields (same form, then further out) that say which variant is chosen. */
  function pickersNear(widget) {
    const selector = widget.getAttribute('selector') || PICKERS;
    for (let node = widget.parentNode; node; node = node.parentNode || node.host) {
      const found = node.querySelectorAll ? [...node.querySelectorAll(selector)] : [];
      if (found.length) return found;
    }
    return [];
  }

  const chosen = (fields) => fields.find((field) => field.type !== 'radio' || field.checked)?.value;

  const offers = (fields, variant) => fields.some((field) =>
    (field.options ? [...field.options] : [field]).some((option) => option.value === variant));

  let looking;
  function lookAgain() {
    if (looking) return;
    looking = true;
    setTimeout(() => {
      looking = false;
      widgets.forEach((widget) => widget.follow());
    }, 30);
  }

  function watchPage() {
    for (const kind of ['change', 'click', 'pageshow']) {
      window.addEventListener(kind, lookAgain, true);
    }
    window.addEventListener('online', () => widgets.forEach((widget) => widget.resume()));
    window.addEventListener('notify-me:variant', (event) => {
      const variant = event.detail?.variant ?? event.detail;
      widgets.forEach((widget) => {
        if (event.target.contains?.(widget) ?? true) widget.variant = variant ?? '';
      });
    }, true);
    // Themes write a hidden field or redraw the form without any event of their own.
    new MutationObserver(lookAgain).observe(document, {
      subtree: true, childList: true, attributes: true, attributeFilter: ['value'],
    });
  }

  let sheet;
  function dress(root) {
    try {
      sheet ||= new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
    } catch { // before 2023; a strict CSP leaves the widget plain, not broken
      root.append(h('style', {}, CSS));
    }
  }

  // ---- the element

  class NotifyMe extends HTMLElement {
    static observedAttributes = ['key', 'variant', 'product', 'lang', 'endpoint', 'channels',
      'selector', 'any-variant', 'quantity', 'physical-only'];

    #view = h('div');
    #live = h('p', { class: 'away', role: 'status' });
    #state = 'loading';
    #data; // the last answer about availability
    #draft = {}; // as long as the page lives, nowhere else
    #form; // the parts of the form on show
    #proof; // a promise of the solved challenge; each serves once
    #askedAt;
    #turn = 0; // answers to an older question are not listened to
    #timer;
    #misses = 0;
    #waiting; // to send again
    #seen;
    #trusts;

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      dress(root);
      root.append(this.#view, this.#live);
    }

    connectedCallback() {
      if (!watched) watchPage();
      watched = true;
      widgets.add(this);
      this.follow();
      this.#ask();
    }

    disconnectedCallback() {
      widgets.delete(this);
      this.#forget();
    }

    attributeChangedCallback(name, before, after) {
      if (before !== after && this.isConnected) this.#ask();
    }

    get variant() { return this.getAttribute('variant') || ''; }
    set variant(value) { this.setAttribute('variant', value); }

    /** Takes over what the page's selector shows, once its values are known to be ours. */
    follow() {
      let fields;
      try {
        fields = pickersNear(this);
      } catch {
        console.warn(`<notify-me>: "${this.getAttribute('selector')}" is not a CSS selector.`);
        return;
      }
      const value = chosen(fields);
      this.#trusts ||= this.hasAttribute('selector') || !this.variant ||
        offers(fields, this.variant);
      if (value === undefined || value === this.#seen) return;
      this.#seen = value;
      if (this.#trusts) this.variant = value === '0' ? '' : value;
    }

    /** The connection is back: sends what was kept, or asks again. */
    resume() {
      if (!navigator.onLine) return;
      if (this.#waiting) this.#send();
      else if (this.#misses) this.#ask();
    }

    // -- asking the server

    get #lang() { return this.closest('[lang]')?.lang || ''; }

    #say(name) {
      const own = WORDS[this.#lang.slice(0, 2).toLowerCase()] || WORDS.en;
      return String(this.#data?.texts?.[name] ?? own[name] ?? '');
    }

    #url(path) { return (this.getAttribute('endpoint') || ORIGIN).replace(/\/+$/, '') + path; }

    /** What this widget is about, as both calls say it. */
    #subject() {
      const what = this.variant ? 'variant' : 'product';
      return { key: this.getAttribute('key') || '', [what]: this.getAttribute(what) || '' };
    }

    #look(options) {
      const query = new URLSearchParams(this.#subject());
      if (this.#lang) query.set('lang', this.#lang);
      return ask(this.#url(`/api/v1/availability?${query}`), options);
    }

    #forget() {
      this.#turn++;
      this.#waiting = false;
      clearTimeout(this.#timer);
    }

    /** Attribute changes of one task make one request. What is on show stays till the answer. */
    #ask() {
      this.#forget();
      const turn = this.#turn;
      this.#view.inert = true;
      queueMicrotask(() => turn === this.#turn && this.#load(turn).catch((fault) => {
        console.warn('<notify-me>:', fault);
        this.#show('hidden');
      }));
    }

    async #load(turn) {
      if (!this.variant && !this.getAttribute('product')) return this.#show('hidden');
      const { status, body, wait } = await this.#look();
      if (turn !== this.#turn) return null;
      if (status === 200) return this.#take(body);
      if (!status || status === 429 || status >= 500) return this.#miss(wait);
      console.warn('<notify-me>:', status, this.#subject(), location.origin);
      return this.#show('hidden');
    }

    #take(data) {
      const before = this.#data;
      const state = this.#state;
      const same = before?.variant === data.variant && before.product === data.product;
      this.#data = data;
      this.#form = null;
      this.#misses = 0;
      this.#renew(data.pow);
      if (!data.can_subscribe) {
        if (data.availability !== 'in_stock') return this.#show('closed');
        return this.#show(same && state !== 'hidden' ? 'available' : 'hidden');
      }
      if (state === 'done' && same) return this.#show('done');
      return this.#show(/open|sending|failed/.test(state) ? 'open' : 'idle');
    }

    #miss(wait) {
      this.#data = null;
      this.#timer = setTimeout(() => this.#ask(), (wait || BACKOFF_S[this.#misses]) * 1000);
      if (this.#misses) this.#show('unreachable');
      if (this.#misses < 3) this.#misses++;
    }

    #renew(pow) {
      this.#data.pow = pow;
      this.#askedAt = performance.now();
      this.#proof = null;
    }

    #prove() {
      this.#proof ||= solve(this.#data.pow).catch(() => null);
      return this.#proof;
    }

    // -- sending

    #send() {
      if (this.#state === 'sending') return;
      const { input } = this.#form;
      const sms = input.type === 'tel';
      const { length } = input.value.replace(sms ? /\D/g : /\s/g, '');
      if (length < 4 || input.validity.typeMismatch) {
        const message = this.#say(sms ? 'error_phone' : 'error_email');
        this.#complain(message || input.validationMessage, true);
        return;
      }
      this.#forget();
      const turn = this.#turn;
      const request = this.#request();
      this.#show('sending');
      this.#post(request, turn).then((answer) => turn === this.#turn && this.#settle(answer));
    }

    /** Posts with a fresh proof, and once more when the server does not like the proof. */
    async #post(request, turn, again) {
      const { pow } = this.#data;
      if (pow !== null && (!pow || performance.now() - this.#askedAt > STALE_MS)) {
        const fresh = await this.#look({ cache: 'reload' });
        if (fresh.status !== 200 || turn !== this.#turn) return fresh;
        this.#renew(fresh.body.pow);
      }
      const proof = await this.#prove();
      if (turn === this.#turn) this.#renew(pow === null ? null : undefined);
      const answer = await ask(this.#url('/api/v1/subscriptions'), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...request, ...(proof && { pow: proof }) }),
      });
      const refused = /^pow/.test(answer.body.error?.code) && answer.status < 500;
      return refused && !again && turn === this.#turn ? this.#post(request, turn, true) : answer;
    }

    #request() {
      const { input, node: { elements } } = this.#form;
      const ticked = (name) => Boolean(elements[name]?.checked);
      return {
        ...this.#subject(),
        [input.name]: input.value.trim(),
        quantity: +elements.quantity?.value || 1,
        locale: this.#data.lang || this.#lang,
        any_variant: ticked('any_variant'),
        physical_only: ticked('physical_only'),
        accepts_marketing: ticked('marketing'),
        consent_text_id: this.#data.consent_text_ids?.[this.#draft.channel] ??
          this.#data.consent_text_id,
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        page_url: location.href.split('#')[0],
        website: elements.website.value,
      };
    }

    #settle({ status, body, wait }) {
      const { code, field, message } = body.error || {};
      if (status >= 200 && status < 300) {
        this.#data.message = body.message;
        this.#show('done');
        this.#announce('subscribed');
      } else if (status === 409 && code === 'available') {
        this.#show('available');
      } else {
        const busy = !status || status === 429 || status >= 500;
        const own = field === 'email' || field === 'phone';
        const word = status ? `error_${busy ? 'busy' : 'server'}` :
          navigator.onLine ? 'error_network' : 'error_offline';
        this.#show(own ? 'open' : 'failed');
        this.#complain(message || this.#say(word) || this.#say('error_network'), own,
          /^pow/.test(code) && this.#data.form_url);
        if (busy) this.#plan(wait);
      }
    }

    /** Tries again by itself, a few times; a server that names a long wait is left alone. */
    #plan(wait) {
      const pause = wait || BACKOFF_S[this.#misses];
      this.#waiting = this.#misses++ < BACKOFF_S.length && pause <= 60;
      if (this.#waiting) this.#timer = setTimeout(() => this.resume(), pause * 1000);
    }

    #announce(name) {
      const { variant, product } = this.#data;
      return this.dispatchEvent(new CustomEvent(`notify-me:${name}`, {
        bubbles: true, composed: true, cancelable: true, detail: { variant, product },
      }));
    }

    // -- showing

    #show(state) {
      const sent = this.#state === 'sending' && this.#form && /open|failed/.test(state);
      const focused = this.shadowRoot.activeElement;
      this.#state = state;
      this.#view.inert = false;
      this.setAttribute('state', state);
      if (state === 'sending' || sent) return this.#mark(state);
      const height = this.#view.firstChild?.offsetHeight;
      this.#form = null;
      this.#live.textContent = '';
      this.#view.lang = this.#data?.lang || '';
      this.#view.replaceChildren(...this.#draw(state).filter(Boolean));
      // In stock, below the fold: giving the room back moves nothing in view.
      this.toggleAttribute('collapsed', state === 'hidden' &&
        this.getBoundingClientRect().top >= innerHeight);
      return this.#arrive(height, focused);
    }

    /** After an answer: the card keeps its height, so that the page does not move; and focus. */
    #arrive(height, focused) {
      const card = this.#view.firstChild;
      const title = this.#view.querySelector('.title[tabindex]');
      if (title) {
        card.style.minHeight = `${height}px`;
        this.#live.textContent = title.nextSibling.textContent;
      }
      if (focused) (title || this.#form?.input || this.#view.querySelector('button'))?.focus();
    }

    #draw(state) {
      switch (state) {
        case 'idle': return this.#drawIdle();
        case 'open': return [this.#drawForm()];
        case 'done': return [this.#drawDone()];
        case 'available': return [this.#drawAvailable()];
        case 'closed': return this.#drawClosed();
        case 'unreachable': return [h('p', { class: 'line', part: 'error' },
          this.#say('unreachable'), this.#button('retry', () => this.#ask()))];
        default: return [];
      }
    }

    #button(word, onclick) {
      return this.#say(word) &&
        h('button', { type: 'button', part: `button ${word}`, onclick }, this.#say(word));
    }

    #drawMeta() {
      const { eta, checked } = this.#data;
      return (eta || checked) && h('p', { class: 'meta', part: 'meta' },
        eta && h('b', { part: 'eta' }, eta.text),
        checked && h('span', { part: 'age' }, checked.text));
    }

    #drawIdle() {
      const { button } = this.#data;
      return [
        h('button', { type: 'button', class: 'main', part: 'button trigger',
          'aria-expanded': false, onclick: () => this.#open() },
        icon('bell'), h('span', {}, button || this.#say('submit'))),
        this.#drawMeta(),
      ];
    }

    #open() {
      this.#show('open');
      this.#prove(); // while the shopper types
      this.#form.input.focus();
    }

    #close() {
      this.#forget();
      this.#show('idle');
    }

    #drawForm() {
      const wanted = this.getAttribute('channels')?.split(/[\s,]+/);
      const channels = (this.#data.channels || ['email'])
        .filter((name) => !wanted || wanted.includes(name));
      const draft = this.#draft;
      const node = h('form', { novalidate: '', 'aria-labelledby': 'title', onsubmit: (event) => {
        event.preventDefault();
        this.#misses = 0;
        this.#send();
      } });
      const { box, ...field } = this.#drawField();
      this.#form = { node, ...field };
      if (!channels.includes(draft.channel)) [draft.channel] = channels;
      node.append(...[channels[1] && this.#drawChannels(channels), box, field.hint,
        ...this.#drawOptions(), field.submit, field.consent, this.#drawTrap()].filter(Boolean));
      this.#useChannel(draft.channel);
      return h('div', { class: 'card', part: 'card', onkeydown: (event) => {
        if (event.key === 'Escape') this.#close();
      } }, this.#drawHead(), node);
    }

    #drawHead() {
      const { title, button } = this.#data;
      return h('div', { class: 'head' },
        h('div', {},
          h('p', { class: 'title', id: 'title', part: 'title' }, this.#say('headline') || button),
          title && h('p', { class: 'small', part: 'product' }, title),
          this.#drawMeta()),
        h('button', { type: 'button', class: 'close', part: 'close',
          'aria-label': this.#say('close') || '×', onclick: () => this.#close() }, icon('close')));
    }

    #drawChannels(channels) {
      return h('fieldset', { part: 'channels' },
        h('legend', { class: 'away' }, this.#say('channel_label')),
        ...channels.map((name) => {
          const radio = h('input', { type: 'radio', name: 'channel',
            onchange: () => this.#useChannel(name) });
          radio.checked = name === this.#draft.channel;
          return h('label', { class: 'tick' }, radio, this.#say(`channel_${name}`) || name);
        }));
    }

    #drawField() {
      const label = h('label', { for: 'to', class: 'label', part: 'label' });
      const input = h('input', { id: 'to', class: 'text', part: 'input', required: '',
        'aria-describedby': 'hint consent', enterkeyhint: 'send', oninput: () => {
          this.#draft[input.name] = input.value;
          if (this.#state === 'failed') this.#forget();
          this.#complain('');
        } });
      return {
        label,
        input,
        box: h('div', {}, label, input),
        hint: h('p', { id: 'hint', part: 'hint' }),
        submit: h('button', { class: 'main', part: 'button submit' }, this.#say('submit')),
        consent: h('p', { class: 'small', id: 'consent', part: 'consent' }),
      };
    }

    /** Turns the one field into an e-mail or a phone field; each keeps what was typed. */
    #useChannel(channel) {
      const { input, label, consent } = this.#form;
      const sms = channel === 'sms';
      const kind = sms ? 'tel' : 'email';
      this.#draft.channel = channel;
      for (const name of ['type', 'inputmode', 'autocomplete']) input.setAttribute(name, kind);
      input.name = sms ? 'phone' : 'email';
      input.value = this.#draft[input.name] || '';
      label.textContent = this.#say(`${input.name}_label`);
      consent.replaceChildren((sms && this.#say('consent_sms')) || this.#say('consent'), ' ',
        link(this.#data.privacy_url, this.#say('privacy_label'),
          { target: '_blank', rel: 'noopener', part: 'privacy' }) || '');
      this.#complain('');
    }

    #drawOptions() {
      const tick = (name) => this.#say(`${name}_label`) &&
        h('label', { class: 'tick', part: 'option' },
          h('input', { type: 'checkbox', name }), h('span', {}, this.#say(`${name}_label`)));
      return [
        this.hasAttribute('quantity') && h('div', { class: 'count' },
          h('label', { for: 'quantity', class: 'label' }, this.#say('quantity_label')),
          h('input', { class: 'text', part: 'input', id: 'quantity', name: 'quantity',
            type: 'number', min: 1, max: 99, value: 1 })),
        this.hasAttribute('any-variant') && tick('any_variant'),
        this.hasAttribute('physical-only') && tick('physical_only'),
        tick('marketing'),
      ];
    }

    /** People never see it; what fills it in is not a person. */
    #drawTrap() {
      return h('div', { class: 'away', 'aria-hidden': true },
        h('label', { for: 'website' }, 'Website'),
        h('input', { id: 'website', name: 'website', tabindex: -1, autocomplete: 'off' }));
    }

    /** Makes the form on show look like `state` without redrawing it. */
    #mark(state) {
      const { input, submit } = this.#form;
      const sending = state === 'sending';
      input.readOnly = sending;
      submit.setAttribute('aria-disabled', sending);
      submit.replaceChildren(sending ? h('span', { class: 'spin' }) : '',
        this.#say({ sending: 'sending', failed: 'retry' }[state] || 'submit'));
      this.#complain('');
      if (sending) this.#live.textContent = this.#say('sending');
    }

    /** Says beneath the field what is wrong. `own`: it is the field's fault, so go there. */
    #complain(message, own, formUrl) {
      const { input, hint } = this.#form;
      hint.className = message ? 'hint bad' : 'hint';
      hint.replaceChildren(message ? icon('alert') : '', h('span', {},
        message || this.#say('intro'), ' ', link(formUrl, this.#say('form_link'))));
      input.setAttribute('aria-invalid', !!own);
      this.#live.textContent = own ? '' : message;
      if (own) input.focus();
    }

    #drawNote(sign, name, ...rest) {
      return h('div', { class: 'card note', part: 'card note' }, icon(sign),
        h('p', { class: 'title', part: 'title', tabindex: -1 }, this.#say(`${name}_title`)),
        h('p', { part: 'message' }, this.#data.message || this.#say(`${name}_text`)), ...rest);
    }

    #drawDone() {
      const { channel, email, phone } = this.#draft;
      return this.#drawNote('mail', 'done',
        h('b', { part: 'address' }, channel === 'sms' ? phone : email),
        this.#button('done_again', () => this.#open()));
    }

    #drawAvailable() {
      const left = this.#announce('available'); // a page that does it itself prevents the default
      this.#data.message = '';
      return this.#drawNote('check', 'available',
        left && this.#button('available_action', () => location.reload()));
    }

    #drawClosed() {
      const links = (this.#data.alternatives || []).map(({ url, title }) => link(url, title))
        .filter(Boolean);
      return [
        h('p', { class: 'title', part: 'title' }, this.#say('headline')),
        links[0] ? h('div', { class: 'chips', part: 'alternatives' }, ...links) : this.#drawMeta(),
      ];
    }
  }

  customElements.define('notify-me', NotifyMe);
})();
