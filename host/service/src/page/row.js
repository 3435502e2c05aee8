// One line of a log as a row of the document. What is no text of the line cannot be selected.

import { write } from './ansi.js';
import { bytes, dayTime, fullTime } from './clock.js';
import { h } from './dom.js';

const number = (n, href) => h('a', { class: 'no', tabindex: '-1', href }, String(n + 1));

/** A line that has not come yet. */
export function waiting(el, n, href) {
  el.className = 'row none';
  el.replaceChildren(number(n, href), h('span', { class: 'tx' }, '…'));
}

/**
 * A line. `fresh` is the first of its attempt, `open` one that can still grow; `find` is marked in
 * it, and `most` bounds the pieces of colour.
 */
export function fill(el, line, { href, current, fresh, open, find, most }) {
  const err = line.stream === 'stderr';
  const text = h('span', { class: 'tx' });
  write(text, line.text, find, most);
  if (line.bytes) text.append(h('span', { class: 'cut' }, `… cut here; the line has ${bytes(line.bytes)}`));
  if (open) text.append(h('span', { class: 'cut' }, '…'));
  el.className = `row${err ? ' err' : ''}${current ? ' current' : ''}${fresh ? ' fresh' : ''}`;
  el.replaceChildren(
    number(line.number, href),
    h('span', { class: 'att', title: `Attempt ${line.attempt}` }, `#${line.attempt}`),
    h('span', { class: 'at', title: fullTime(line.time) }, dayTime(line.time, true)),
    h('span', { class: 'st', title: line.stream }, err ? 'err' : ''),
    text);
}
