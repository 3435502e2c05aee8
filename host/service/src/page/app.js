// The frame of the page: which view is shown, the banner, and the tools at the top.

import { logOut, on, state, whoami } from './api.js';
import { h, setAttr, setText } from './dom.js';
import { clockOffset, wholeDuration, zoneName } from './clock.js';
import { applyTheme, onPref, pref, setPref } from './prefs.js';
import { parse } from './route.js';
import { patiently } from './poll.js';
import { help, watchKeys } from './keys.js';
import { watchSession } from './session.js';
import { problem } from './ui.js';
import { start } from './metrics.js';
import { visible } from './ansi.js';
import * as tasks from './tasks.js';
import * as task from './task.js';
import * as plugins from './plugins.js';
import * as submit from './submit.js';
import * as overview from './overview.js';
import * as queue from './queue.js';

const main = document.getElementById('main');
let shown = null;

function make(path, query) {
  const [view = 'tasks', name] = path;
  if (view === 'tasks') return name === undefined ? tasks.view(main, query) : task.view(main, name, query);
  if (view === 'plugins') return name === undefined ? plugins.list(main) : plugins.one(main, name);
  if (view === 'submit') return submit.view(main, query);
  if (view === 'overview') return overview.view(main);
  if (view === 'queue') return queue.view(main);
  main.append(h('h1', { tabindex: '-1' }, 'Not found'), h('p', { class: 'empty' }, 'There is no such view. ', h('a', { href: '#/tasks' }, 'To the tasks')));
  return { title: 'Not found', route: () => false, close: () => {} };
}

function go(first = false) {
  const { path, query } = parse(location.hash);
  const key = path[0] ?? 'tasks';
  for (const link of document.querySelectorAll('#nav a')) setAttr(link, 'aria-current', link.dataset.view === key ? 'page' : null);
  if (shown && shown.key === key && shown.view.route(path, query)) return;
  shown?.view.close();
  main.replaceChildren();
  let view;
  try {
    view = make(path, query);
  } catch (error) {
    console.error(error);
    main.append(problem(error));
    view = { title: 'Error', route: () => false, close: () => {} };
  }
  shown = { key, view };
  document.title = `${visible(view.title)} · solti-host`;
  if (first) return;
  scrollTo(0, 0);
  main.querySelector('h1')?.focus({ preventScroll: true });
}

function tools() {
  const note = h('span', { class: 'note', hidden: true });
  const who = h('span', { class: 'who' });
  const out = h('button', { type: 'button', hidden: true, onclick: logOut }, 'Log out');
  const zone = h('button', { type: 'button', title: 'Which zone times are shown in', onclick: () => setPref('zone', pref('zone') === 'utc' ? 'local' : 'utc') });
  const theme = h('button', { type: 'button', onclick: () => setPref('theme', { auto: 'dark', dark: 'light', light: 'auto' }[pref('theme')] ?? 'auto') });
  const keys = h('button', { type: 'button', class: 'square', 'aria-label': 'Keys', title: 'Keys (?)', onclick: help }, '?');
  document.getElementById('tools').append(note, who, zone, theme, keys, out);
  const draw = () => {
    const off = clockOffset();
    note.hidden = Math.abs(off) <= 5000;
    setText(note, `Clock ${wholeDuration(Math.abs(off))} ${off > 0 ? 'behind' : 'ahead'}`);
    note.title = 'The clock of this computer is not that of the service. “Ago” and durations are computed with the clock of the service.';
    setText(who, state.role ? state.role : '');
    setAttr(who, 'title', state.role ? `Your role is ${state.role}` : null);
    out.hidden = !state.hasToken;
    document.getElementById('queue').hidden = !state.service?.queue;
    setText(zone, zoneName());
    setAttr(zone, 'aria-label', `Time zone: ${zoneName()}. Switch to ${pref('zone') === 'utc' ? 'local time' : 'UTC'}`);
    const now = pref('theme');
    setText(theme, { auto: '◐', dark: '☾', light: '☀' }[now] ?? '◐');
    setAttr(theme, 'aria-label', `Theme: ${{ auto: 'as the system', dark: 'dark', light: 'light' }[now]}. Change it`);
    setAttr(theme, 'title', `Theme: ${{ auto: 'as the system', dark: 'dark', light: 'light' }[now]}`);
    theme.className = 'square';
  };
  on('who', () => {
    draw();
    shown?.view.who?.();
  });
  onPref((what, value) => {
    if (what === 'theme') applyTheme(value);
    draw();
  });
  draw();
}

function banner() {
  const el = document.getElementById('banner');
  const since = h('span', { 'aria-hidden': 'true' });
  let timer;
  const tick = () => setText(since, ` No answer for ${wholeDuration(Date.now() - state.downSince)}.`);
  on('down', () => {
    el.replaceChildren('The service does not answer. Trying again…', since);
    el.hidden = false;
    clearInterval(timer);
    timer = setInterval(tick, 1000);
  });
  on('up', () => {
    clearInterval(timer);
    el.hidden = true;
    el.replaceChildren();
  });
}

applyTheme(pref('theme'));
tools();
banner();
watchSession();
watchKeys();
document.getElementById('skip').addEventListener('click', (event) => {
  // The part behind the `#` is the view, so the link must not change it.
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', () => go());
await patiently(whoami).catch((error) => console.error(error));
go(true);
start();
// The clocks may drift, and a role may change with a new token.
setInterval(() => {
  if (!document.hidden && state.downSince === null && !state.locked) whoami().catch(() => {});
}, 60_000);
