// Times and durations. "Now" is the service's clock, because all times that are shown come from it.

import { pref } from './prefs.js';

let offset = 0;

/** Takes the service's time, which was true somewhere between `sent` and `received`. */
export function setServerTime(text, sent, received) {
  const time = Date.parse(text);
  if (Number.isFinite(time)) offset = time - (sent + received) / 2;
}

/** How far the service's clock is ahead of the browser's, in milliseconds. */
export const clockOffset = () => offset;

export const now = () => Date.now() + offset;

const two = (n) => String(n).padStart(2, '0');

function parts(time) {
  const d = new Date(time);
  if (pref('zone') === 'utc') {
    return [d.getUTCFullYear(), d.getUTCMonth() + 1, d.getUTCDate(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds(), d.getUTCMilliseconds()];
  }
  return [d.getFullYear(), d.getMonth() + 1, d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds()];
}

/** `UTC`, or the offset that holds in the reader's zone at that time. */
export function zoneName(time = Date.now()) {
  if (pref('zone') === 'utc') return 'UTC';
  const minutes = -new Date(time).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** The whole date with its zone. */
export function fullTime(text) {
  const time = typeof text === 'number' ? text : Date.parse(text);
  if (!Number.isFinite(time)) return text ?? '';
  const [y, mo, d, hh, mi, s, ms] = parts(time);
  return `${y}-${two(mo)}-${two(d)} ${two(hh)}:${two(mi)}:${two(s)}.${String(ms).padStart(3, '0')} ${zoneName(time)}`;
}

/** Date and time to the second. */
export function shortTime(text) {
  const time = typeof text === 'number' ? text : Date.parse(text);
  if (!Number.isFinite(time)) return text ?? '';
  const [y, mo, d, hh, mi, s] = parts(time);
  return `${y}-${two(mo)}-${two(d)} ${two(hh)}:${two(mi)}:${two(s)}`;
}

/** The time of the day, for logs and axes. */
export function dayTime(text, millis = false) {
  const time = typeof text === 'number' ? text : Date.parse(text);
  if (!Number.isFinite(time)) return '';
  const [, , , hh, mi, s, ms] = parts(time);
  const base = `${two(hh)}:${two(mi)}:${two(s)}`;
  return millis ? `${base}.${String(ms).padStart(3, '0')}` : base;
}

export function duration(ms) {
  if (!Number.isFinite(ms)) return '';
  if (ms < 0) ms = 0;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** The same for what still grows, so that it does not flicker with tenths. */
export const wholeDuration = (ms) => (ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(ms));

/** How long ago something was, coarse enough not to change with each look. */
export function ago(text) {
  const ms = now() - Date.parse(text);
  if (!Number.isFinite(ms)) return '';
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

const grouped = new Intl.NumberFormat('en-US');
export const count = (n) => grouped.format(n);

export function bytes(n) {
  if (!Number.isFinite(n)) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (n >= 1024 && at < units.length - 1) {
    n /= 1024;
    at += 1;
  }
  return `${at === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[at]}`;
}
