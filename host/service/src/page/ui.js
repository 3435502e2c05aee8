// Small things that several views share: messages, questions, buttons with feedback, marks.

import { ApiError, lacks } from './api.js';
import { h, newId, setAttr, setText } from './dom.js';
import { ago, fullTime } from './clock.js';
import { visible } from './ansi.js';

/** Says something at the edge of the page, for a while, and to screen readers. */
export function toast(message, kind = 'info', link) {
  const box = document.getElementById('toasts');
  const close = h('button', { class: 'quiet', 'aria-label': 'Close this message', onclick: () => item.remove() }, '×');
  const item = h('div', { class: `toast ${kind}` }, h('span', {}, visible(message), link && ' ', link), close);
  box.append(item);
  while (box.children.length > 4) box.firstElementChild.remove();
  setTimeout(() => item.remove(), kind === 'bad' ? 15_000 : 6000);
}

export const describe = (error) => (error instanceof ApiError ? error.message : error.message || String(error));

/**
 * A button that does something at the service. It says what it does while it does it, and is off,
 * with the reason, where the role is not enough.
 */
export function action({ label, busy, role, run, kind, hint }) {
  const text = h('span', {}, label);
  const el = h('button', { type: 'button', class: kind, title: hint }, text);
  let off = null;
  let working = false;
  el.addEventListener('click', async () => {
    if (working) return;
    if (off) return void toast(off, 'bad');
    working = true;
    setAttr(el, 'aria-busy', 'true');
    setText(text, busy ?? label);
    try {
      await run();
    } catch (error) {
      toast(`${label}: ${describe(error)}`, 'bad');
    } finally {
      working = false;
      setAttr(el, 'aria-busy', null);
      setText(text, label);
    }
  });
  /** `reason` is why it is off beside the role, or null. */
  const update = (reason = null) => {
    off = (role && lacks(role)) ?? reason;
    setAttr(el, 'aria-disabled', off ? 'true' : null);
    setAttr(el, 'title', off ?? hint);
  };
  update();
  return { el, update };
}

/** Asks before something that cannot be undone. Resolves to whether to go on. */
export function confirm(title, message, yes) {
  return new Promise((resolve) => {
    const id = newId('q');
    const back = document.activeElement;
    const box = h('dialog', { 'aria-labelledby': id },
      h('form', { method: 'dialog', onsubmit: (event) => event.preventDefault() },
        h('h2', { id }, visible(title)),
        h('p', {}, visible(message)),
        h('div', { class: 'buttons' },
          h('button', { type: 'button', onclick: () => box.close('no') }, 'Leave it'),
          h('button', { type: 'button', class: 'danger', onclick: () => box.close('yes') }, yes))));
    box.addEventListener('close', () => {
      box.remove();
      if (back?.isConnected) back.focus();
      resolve(box.returnValue === 'yes');
    });
    document.body.append(box);
    box.showModal();
  });
}

const signs = {
  pending: '○', running: '▶', waiting: '◷', succeeded: '✓', failed: '✕', timeout: '◕', canceled: '⊘', interrupted: '⚡︎',
  active: '●', retired: '◌', draining: '◐', ended: '○',
};

/** A phase or state, told by its word and a sign as well as by its colour. */
export function badge(phase) {
  return h('span', { class: `badge p-${String(phase).replace(/[^a-z]/g, '')}` },
    h('span', { class: 'sign', 'aria-hidden': 'true' }, signs[phase] ?? '•'), visible(String(phase)));
}

export function labels(map) {
  return Object.entries(map ?? {}).map(([key, value]) =>
    h('span', { class: 'label' }, h('bdi', {}, visible(key)), h('span', { class: 'dim' }, '='), h('bdi', {}, visible(value))));
}

/** A name that comes from outside: isolated, so that it cannot turn the text around it. */
export const name = (text) => h('bdi', {}, visible(String(text ?? '')));

export function time(text, { relative = true } = {}) {
  if (!text) return h('span', { class: 'dim' }, '–');
  return h('time', { datetime: text, title: fullTime(text) }, relative ? ago(text) : fullTime(text));
}

/** Copies a text, also where the page is not served over a connection that browsers call secure. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h('textarea', { class: 'offscreen', 'aria-hidden': 'true', value: text });
    const back = document.activeElement;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    back?.focus?.({ preventScroll: true });
    if (!done) return void toast(`Could not copy. Here it is: ${text}`, 'bad');
  }
  toast(`Copied ${what}.`, 'good');
}

/** A list of terms and what they stand for; a value that is not set is left out. */
export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== '')
    .map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

/** A table whose first cell of each row names it; on a narrow screen each row is a card. */
export function table(title, columns, rows) {
  return h('table', { class: 'cards' }, h('caption', { class: 'offscreen' }, title),
    h('thead', {}, h('tr', {}, columns.map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((content, i) => (i === 0
      ? h('th', { scope: 'row' }, content) : h('td', { 'data-label': columns[i] }, content)))))));
}

export function json(value) {
  return h('pre', { class: 'json', tabindex: '0', role: 'region', 'aria-label': 'JSON' }, visible(JSON.stringify(value, null, 2), true));
}

export function problem(error) {
  return h('p', { class: 'problem', role: 'alert' }, visible(describe(error)));
}
