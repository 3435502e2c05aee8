// The controls above a log.

import { raw, path, taskPath } from './api.js';
import { h, setAttr, setText } from './dom.js';
import { bytes, count } from './clock.js';
import { pref, setPref } from './prefs.js';
import { action, copy, toast } from './ui.js';

/** More than this would have to be held in memory by the browser. */
const MOST = 64 * 1024 * 1024;

export function toolbar(log) {
  const search = h('input', {
    type: 'search', id: 'logsearch', placeholder: 'Search the log', 'aria-label': 'Search the log', value: log.search.text,
    'data-focus': 'search', maxlength: '200', spellcheck: 'false', autocomplete: 'off',
    onkeydown: (event) => {
      if (event.key === 'Escape') {
        log.cancelSeek();
        log.scroller.el.focus();
        event.stopPropagation();
      } else if (event.key === 'Enter') {
        event.preventDefault();
        apply();
        log.seek(event.shiftKey);
      }
    },
    onchange: () => apply(),
  });
  const exact = toggle('Aa', 'Match upper and lower case', () => {
    log.setSearch(search.value, !log.search.exact);
    update();
  });
  const apply = () => {
    if (search.value !== log.search.text) log.setSearch(search.value, log.search.exact);
  };
  const result = h('output', { class: 'result', for: 'logsearch' });
  const go = (backwards) => {
    apply();
    if (search.value) log.seek(backwards);
    else search.focus();
  };
  const line = h('input', {
    type: 'text', inputmode: 'numeric', class: 'short', placeholder: 'Line', 'aria-label': 'Go to line number', 'data-focus': 'line', autocomplete: 'off',
    onkeydown: (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      const n = Number(line.value.replace(/[^0-9]/g, ''));
      if (n > 0) jump(n - 1);
    },
  });
  const jump = (n) => {
    const { first, total } = log.lines;
    if (n >= total) toast(`The log has ${count(total)} lines so far.`, 'bad');
    else if (n < first) toast(`Line ${count(n + 1)} is not kept any more. The oldest is line ${count(first + 1)}.`, 'bad');
    log.jump(Math.max(first, Math.min(n, total - 1)));
  };
  const attempt = h('input', {
    type: 'text', inputmode: 'numeric', class: 'short', placeholder: 'All', 'aria-label': 'Attempt', autocomplete: 'off', value: log.query.attempt ?? '',
    onchange: () => {
      const n = Number(attempt.value.replace(/[^0-9]/g, ''));
      log.setFilter({ attempt: n > 0 ? String(n) : undefined });
    },
  });
  const stream = h('select', { 'aria-label': 'Stream', onchange: () => log.setFilter({ stream: stream.value || undefined }) },
    h('option', { value: '' }, 'Both streams'), h('option', { value: 'stdout' }, 'stdout'), h('option', { value: 'stderr' }, 'stderr'));
  const follow = toggle('Follow', 'Stay at the newest line', () => {
    if (log.lines.complete) log.scroller.toEnd();
    else log.setFollow(!log.follow);
  });
  follow.dataset.follow = '';
  const wrap = toggle('Wrap', 'Break long lines', () => setPref('wrap', pref('wrap') === 'on' ? 'off' : 'on'));
  const stamps = toggle('Times', 'Show when each line came', () => setPref('stamps', pref('stamps') === 'on' ? 'off' : 'on'));
  const link = h('button', { type: 'button', title: 'Select a line by its number first', onclick: () => (log.current === null
    ? toast('Select a line by its number first.') : log.copyLink(log.current)) }, 'Copy link');
  const save = action({ label: 'Download', busy: 'Fetching…', hint: 'The raw output as a file', run: () => download(log) });

  const update = () => {
    if (document.activeElement !== search && search.value !== log.search.text) search.value = log.search.text;
    setAttr(exact, 'aria-pressed', String(log.search.exact));
    const over = log.lines?.complete ?? false;
    setAttr(follow, 'aria-pressed', String(log.follow && !over));
    setAttr(follow, 'aria-disabled', over ? 'true' : null);
    setAttr(follow, 'title', over ? 'The task has ended, and all it wrote is here' : 'Stay at the newest line');
    setAttr(wrap, 'aria-pressed', String(pref('wrap') === 'on'));
    setAttr(stamps, 'aria-pressed', String(pref('stamps') === 'on'));
    if (document.activeElement !== attempt) attempt.value = log.query.attempt ?? '';
    stream.value = log.query.stream ?? '';
    setAttr(link, 'aria-disabled', log.current === null ? 'true' : null);
    setText(link, log.current === null ? 'Copy link' : `Copy link to ${count(log.current + 1)}`);
  };
  // Progress is not spoken, only what came of it.
  const found = (text, quiet = false) => {
    setAttr(result, 'aria-live', quiet ? 'off' : 'polite');
    setText(result, text);
  };
  const el = h('div', { class: 'logbar', role: 'toolbar', 'aria-label': 'Log' },
    h('h2', { id: 'loghead' }, 'Log'),
    h('div', { class: 'group' }, search, exact,
      h('button', { type: 'button', 'aria-label': 'Previous match', title: 'Previous match (Shift+Enter)', onclick: () => go(true) }, '↑'),
      h('button', { type: 'button', 'aria-label': 'Next match', title: 'Next match (Enter)', onclick: () => go(false) }, '↓')),
    result,
    h('span', { class: 'grow' }),
    h('div', { class: 'group' }, h('span', { class: 'cap', 'aria-hidden': 'true' }, 'Attempt'), attempt, stream),
    h('div', { class: 'group' }, line, link),
    h('div', { class: 'group' }, follow, wrap, stamps),
    save.el);
  return { el, update, found };
}

function toggle(text, title, onclick) {
  return h('button', { type: 'button', class: 'toggle', 'aria-pressed': 'false', title, onclick }, text);
}

async function download(log) {
  const query = { attempt: log.query.attempt, stream: log.query.stream };
  const where = path(taskPath(log.name, '/output'), query);
  const stop = new AbortController();
  const answer = await raw(where, { signal: stop.signal });
  const parts = [];
  let size = Number(answer.headers.get('content-length') ?? 0);
  let over = size > MOST;
  if (!over) {
    size = 0;
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
      over = size > MOST;
      if (over) break;
    }
  }
  if (over) {
    stop.abort();
    return tooLarge(new URL(where, location.href).href, log.name);
  }
  const url = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
  const name = `${log.name.replace(/[^\w.-]+/g, '_')}.log`;
  const a = h('a', { href: url, download: name, hidden: true });
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  toast(`Downloaded ${bytes(size)}.`, 'good');
}

function tooLarge(url, name) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const command = `curl -fsS -H "Authorization: Bearer $TOKEN" -H 'Accept: application/octet-stream' -o ${quote(`${name.replace(/[^\w.-]+/g, '_')}.log`)} ${quote(url)}`;
  const box = h('dialog', { 'aria-labelledby': 'bigtitle' },
    h('h2', { id: 'bigtitle' }, 'A large log'),
    h('p', {}, `It has more than ${bytes(MOST)}, which is too much for a browser to hold. This command fetches it:`),
    h('pre', { class: 'json', tabindex: '0' }, command),
    h('div', { class: 'buttons' },
      h('button', { type: 'button', class: 'primary', onclick: () => copy(command, 'the command') }, 'Copy'),
      h('button', { type: 'button', onclick: () => box.close() }, 'Close')));
  box.addEventListener('close', () => box.remove());
  document.body.append(box);
  box.showModal();
}
