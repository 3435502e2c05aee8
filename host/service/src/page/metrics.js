// What `/metrics` said during the last ten minutes, as rates where it counts.

import { text } from './api.js';
import { poll } from './poll.js';

const EVERY = 2000;
const KEEP = 10 * 60 * 1000;

const samples = [];
const listeners = new Set();
let before = null;
let trouble = null;

/** The values of a text in Prometheus' format: `name` to a list of `[labels, value]`. */
export function parse(body) {
  const found = new Map();
  for (const line of body.split('\n')) {
    if (line === '' || line[0] === '#') continue;
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, key, value] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[key] = value;
    if (!found.has(match[1])) found.set(match[1], []);
    found.get(match[1]).push([labels, Number(match[3])]);
  }
  return found;
}

const sum = (list) => (list ?? []).reduce((total, [, value]) => total + value, 0);
const by = (list, label) => {
  const out = {};
  for (const [labels, value] of list ?? []) out[labels[label] ?? ''] = (out[labels[label] ?? ''] ?? 0) + value;
  return out;
};

function take(found) {
  const at = performance.now();
  const now = {
    at,
    ended: by(found.get('solti_tasks_ended_total'), 'phase'),
    lines: sum(found.get('solti_plugin_output_lines_total')),
    waits: sum(found.get('solti_plugin_output_waits_total')),
    accepted: sum(found.get('solti_tasks_accepted_total')),
  };
  const sample = { at, time: Date.now(), running: sum(found.get('solti_tasks_running')), waiting: sum(found.get('solti_tasks_waiting')) };
  // A counter that went back belongs to another service, and after a long pause a mean says little.
  const past = before;
  before = now;
  if (past && at - past.at < 5 * EVERY && now.accepted >= past.accepted) {
    const seconds = (at - past.at) / 1000;
    const rate = (a, b) => Math.max(0, (b - a) / seconds);
    sample.ended = {};
    for (const [phase, value] of Object.entries(now.ended)) sample.ended[phase] = rate(past.ended[phase] ?? 0, value);
    sample.lines = rate(past.lines, now.lines);
    sample.waits = rate(past.waits, now.waits);
  }
  samples.push(sample);
  while (samples.length > 0 && at - samples[0].at > KEEP) samples.shift();
}

let loop = null;
/** Begins to ask, once for the page: the plots have something to show when they are opened. */
export function start() {
  loop ??= poll(EVERY, async (signal) => {
    take(parse(await text('/metrics', { signal })));
    trouble = null;
    for (const listen of listeners) listen();
  }, (error) => {
    trouble = error;
    for (const listen of listeners) listen();
  });
}

export function onSample(listen) {
  listeners.add(listen);
  return () => listeners.delete(listen);
}

export const history = () => samples;
export const metricsTrouble = () => trouble;
export const span = KEEP;
export const every = EVERY;
