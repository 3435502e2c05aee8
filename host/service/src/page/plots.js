// A small plot over time: lines, values under the pointer or the arrow keys, and a sentence that
// says the same.

import { h, setAttr, setText, svg } from './dom.js';
import { dayTime } from './clock.js';

const WIDTH = 480;
const HEIGHT = 140;
const LEFT = 44;
const BOTTOM = 18;
const TOP = 8;

export const number = (n) => {
  if (n === undefined || Number.isNaN(n)) return '–';
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} M`;
  if (n >= 10_000) return `${(n / 1e3).toFixed(0)} k`;
  if (n >= 1000) return `${(n / 1e3).toFixed(1)} k`;
  return n >= 10 || Number.isInteger(n) ? String(Math.round(n)) : n.toFixed(1);
};

/** The next number that is good to read on an axis. */
function round(n) {
  if (n <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((each) => each >= n);
}

/** `series` is a list of `{ key, label, value(sample) }`. */
export class Plot {
  constructor({ title, unit, series, span, gap }) {
    Object.assign(this, { title, unit, series, span, gap, samples: [], at: null, keys: false });
    this.grid = svg('g', { class: 'grid' });
    this.lines = svg('g', {});
    this.cross = svg('line', { class: 'cross', y1: TOP, y2: HEIGHT - BOTTOM, visibility: 'hidden' });
    this.drawing = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.grid, this.lines, this.cross);
    this.axisTop = h('span', { class: 'ytop', 'aria-hidden': 'true' });
    this.oldest = h('span', { class: 'xleft', 'aria-hidden': 'true' });
    this.legend = h('ul', { class: 'legend' });
    this.when = h('span', { class: 'when' });
    this.words = h('p', { class: 'offscreen' });
    this.spoken = h('p', { class: 'offscreen', 'aria-live': 'polite' });
    this.surface = h('div', {
      class: 'surface', tabindex: '0', role: 'group', 'aria-roledescription': 'plot',
      onpointermove: (event) => this.#pick(event), onpointerleave: () => this.#choose(null),
      onblur: () => this.#choose(null), onkeydown: (event) => this.#key(event),
    }, this.drawing, this.axisTop, h('span', { class: 'ybottom', 'aria-hidden': 'true' }, '0'),
    this.oldest, h('span', { class: 'xright', 'aria-hidden': 'true' }, 'now'));
    this.entries = series.map((each, i) => {
      const value = h('strong', {});
      this.legend.append(h('li', {}, h('span', { class: `key s-${each.key} d${i}`, 'aria-hidden': 'true' }), `${each.label} `, value));
      return value;
    });
    this.el = h('figure', { class: 'plot' }, h('figcaption', {}, h('h2', {}, title), this.when), this.surface, this.legend, this.words, this.spoken);
  }

  draw(samples) {
    this.samples = samples;
    const end = samples.length ? samples[samples.length - 1].at : 0;
    const most = Math.max(0, ...samples.flatMap((sample) => this.series.map((each) => each.value(sample) ?? 0)));
    // A page just opened would show its minute as a sliver.
    const age = samples.length ? end - samples[0].at : 0;
    const span = Math.min(this.span, Math.max(120_000, Math.ceil(age / 60_000) * 60_000));
    setText(this.oldest, `${Math.round(span / 60_000)} min ago`);
    const top = round(most);
    const x = (at) => LEFT + (1 - (end - at) / span) * (WIDTH - LEFT - 6);
    const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
    this.x = x;
    this.grid.replaceChildren(...[0, 0.5, 1].map((part) => svg('line', { x1: LEFT, x2: WIDTH - 6, y1: y(top * part), y2: y(top * part) })));
    setText(this.axisTop, number(top));
    this.lines.replaceChildren(...this.series.map((each, i) => {
      let d = '';
      let last = null;
      for (const sample of samples) {
        const value = each.value(sample);
        if (value === undefined) {
          last = null;
          continue;
        }
        const joined = last !== null && sample.at - last < this.gap;
        d += `${joined ? 'L' : 'M'}${x(sample.at).toFixed(1)} ${y(value).toFixed(1)}`;
        if (!joined) d += 'h0.1';
        last = sample.at;
      }
      return svg('path', { class: `line s-${each.key} d${i}`, d: d || 'M0 0' });
    }));
    this.#values();
    this.#say();
  }

  #say() {
    const parts = this.series.map((each) => {
      const values = this.samples.map(each.value).filter((value) => value !== undefined);
      if (values.length === 0) return `${each.label}: nothing yet`;
      return `${each.label}: now ${number(values[values.length - 1])}, at most ${number(Math.max(...values))}`;
    });
    setText(this.words, `${this.title}, ${this.unit}, in the last 10 minutes. ${parts.join('; ')}.`);
    setAttr(this.surface, 'aria-label', `${this.title}. Left and right go through the values.`);
  }

  #values() {
    const last = this.samples.length - 1;
    const at = this.at === null ? last : Math.min(this.at, last);
    const sample = this.samples[at];
    this.series.forEach((each, i) => setText(this.entries[i], sample ? number(each.value(sample)) : '–'));
    setText(this.when, this.at === null || !sample ? this.unit : `${this.unit} at ${dayTime(sample.time)}`);
    setAttr(this.cross, 'visibility', this.at === null ? 'hidden' : 'visible');
    if (sample && this.x) {
      setAttr(this.cross, 'x1', this.x(sample.at));
      setAttr(this.cross, 'x2', this.x(sample.at));
    }
    if (this.keys && sample) setText(this.spoken, `${dayTime(sample.time)}: ${this.series.map((each) => `${each.label} ${number(each.value(sample))}`).join(', ')}`);
  }

  #choose(at) {
    this.at = at;
    if (at === null) this.keys = false;
    this.#values();
  }

  #pick(event) {
    if (this.samples.length === 0) return;
    const box = this.drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    let best = this.samples.length - 1;
    this.samples.forEach((sample, i) => {
      // The first sample has no rates yet, and there is nothing to show at it.
      if (this.series.every((each) => each.value(sample) === undefined)) return;
      if (Math.abs(this.x(sample.at) - x) < Math.abs(this.x(this.samples[best].at) - x)) best = i;
    });
    this.#choose(best);
  }

  #key(event) {
    const last = this.samples.length - 1;
    const at = this.at ?? last;
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, PageUp: at - 15, PageDown: at + 15 }[event.key];
    if (event.key === 'Escape') return this.#choose(null);
    if (next === undefined || last < 0) return;
    event.preventDefault();
    this.keys = true;
    this.#choose(Math.max(0, Math.min(last, next)));
  }
}
