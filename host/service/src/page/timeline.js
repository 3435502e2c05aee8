// The attempts of a task on an axis of time, with the waits between them.

import { h } from './dom.js';
import { count, dayTime, duration, now, shortTime } from './clock.js';
import { taskLink } from './route.js';
import { badge } from './ui.js';
import { visible } from './ansi.js';

export function timeline(task) {
  const runs = task.runs ?? [];
  if (runs.length === 0) return null;
  const times = runs.map((run) => [Date.parse(run.started), run.finished ? Date.parse(run.finished) : task.ended ? Date.parse(task.ended) : now()]);
  const start = Math.min(...times.map(([a]) => a));
  const end = Math.max(start + 1, ...times.map(([, b]) => b), task.phase === 'waiting' ? now() : 0);
  const place = (t) => ((t - start) / (end - start)) * 100;
  const bars = [];
  runs.forEach((run, i) => {
    const [a, b] = times[i];
    if (i > 0) bars.push(gap(times[i - 1][1], a));
    const text = `Attempt ${run.attempt}: ${run.phase}, ${duration(b - a)}${run.exitCode === undefined ? '' : `, exit code ${run.exitCode}`}`;
    // A bar can be too small to be hit, so it is an extra; the table has the same as links.
    bars.push(h('span', {
      class: `bar p-${run.phase}`, role: 'img', title: `${text}. Shows its log`, 'aria-label': text,
      onclick: () => { location.hash = taskLink(task.name, { attempt: run.attempt }); },
      style: { left: `${place(a)}%`, width: `${place(b) - place(a)}%` },
    }, (b - a) / (end - start) > 0.035 ? h('span', { 'aria-hidden': 'true' }, `#${run.attempt}`) : ''));
  });
  if (task.phase === 'waiting') bars.push(gap(times[times.length - 1][1], now()));
  function gap(a, b) {
    if (b - a < (end - start) / 200) return null;
    return h('span', {
      class: 'wait', title: `Waited ${duration(b - a)}`,
      style: { left: `${place(a)}%`, width: `${place(b) - place(a)}%` },
    }, (b - a) / (end - start) > 0.09 ? h('span', {}, duration(b - a)) : '');
  }
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => h('span', { style: { left: `${part * 100}%` } }, dayTime(start + part * (end - start), end - start < 5000)));
  const many = task.attempts > runs.length ? `the last ${runs.length} of ${count(task.attempts)}` : count(task.attempts);
  return h('div', { class: 'timeline' },
    h('h2', {}, 'Attempts ', h('span', { class: 'dim' }, many)),
    h('div', { class: 'track' }, bars),
    h('div', { class: 'axis', 'aria-hidden': 'true' }, ticks));
}

/** The same in words. */
export function attempts(task) {
  const rows = [...(task.runs ?? [])].reverse().map((run) => h('tr', {},
    h('th', { scope: 'row' }, h('a', { href: taskLink(task.name, { attempt: run.attempt }) }, `#${run.attempt}`)),
    h('td', { 'data-label': 'Phase' }, badge(run.phase)),
    h('td', { 'data-label': 'Started' }, h('time', { datetime: run.started }, shortTime(run.started))),
    h('td', { 'data-label': 'Took', class: 'num' }, run.finished ? duration(Date.parse(run.finished) - Date.parse(run.started)) : 'still runs'),
    h('td', { 'data-label': 'Exit', class: 'num' }, run.exitCode ?? '–'),
    h('td', { 'data-label': 'Error', class: 'reason' }, run.error ? visible(run.error, true) : '–')));
  return h('table', { class: 'cards' }, h('caption', { class: 'offscreen' }, 'Attempts, the newest first'),
    h('thead', {}, h('tr', {}, ['Attempt', 'Phase', 'Started', 'Took', 'Exit code', 'Error'].map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, rows));
}
