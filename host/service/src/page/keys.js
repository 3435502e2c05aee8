// What keys do anywhere on the page, and the list of them.

import { h, isTyping } from './dom.js';

const HELP = [
  ['/', 'to the search of the view'],
  ['?', 'this list'],
  ['j  k  ↓  ↑', 'next and previous in a list; lines in the log'],
  ['Enter', 'opens what is chosen; next match in the search'],
  ['g  G  Home  End', 'first and last line of the log'],
  ['n  N', 'next and previous match in the log'],
  ['f', 'follow the log, or stop'],
  ['l', 'to a line by its number'],
  ['1  2  3  4', 'overview, tasks, plugins, submit'],
  ['Esc', 'closes, or leaves a field'],
];

export function watchKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]')) return;
    if (isTyping(event.target)) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const main = document.getElementById('main');
    const focus = (what) => {
      const el = main.querySelector(`[data-focus="${what}"]`);
      if (!el) return false;
      el.focus();
      el.select?.();
      return true;
    };
    const views = { 1: 'overview', 2: 'tasks', 3: 'plugins', 4: 'submit' };
    if (event.key === '/') {
      if (!focus('search')) return;
    } else if (event.key === 'l') {
      if (!focus('line')) return;
    } else if (event.key === '?') help();
    else if (event.key === 'f') main.querySelector('[data-follow]')?.click();
    else if (views[event.key]) location.hash = `#/${views[event.key]}`;
    else if (['j', 'k', 'ArrowDown', 'ArrowUp'].includes(event.key)) {
      if (!step(main, event)) return;
    } else if (['g', 'G', 'n', 'N'].includes(event.key)) {
      const log = main.querySelector('.scroll');
      if (!log) return;
      log.dispatchEvent(new KeyboardEvent('keydown', { key: event.key, cancelable: true }));
    } else return;
    event.preventDefault();
  });
}

/** Goes from one main link of the view to the next. Arrows do so only from one of them. */
function step(main, event) {
  const links = [...main.querySelectorAll('a.main')];
  if (links.length === 0) return false;
  const at = links.indexOf(document.activeElement);
  if (at < 0 && event.key.startsWith('Arrow')) return false;
  const down = event.key === 'j' || event.key === 'ArrowDown';
  const next = at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + (down ? 1 : -1)));
  links[next].focus();
  return true;
}

export function help() {
  const box = h('dialog', { 'aria-labelledby': 'keystitle' },
    h('h2', { id: 'keystitle' }, 'Keys'),
    h('dl', { class: 'keys' }, HELP.map(([keys, text]) => h('div', {}, h('dt', {}, keys.split('  ').map((key) => h('kbd', {}, key))), h('dd', {}, text)))),
    h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: () => box.close() }, 'Close')));
  box.addEventListener('close', () => box.remove());
  document.body.append(box);
  box.showModal();
}
