// The log of a task: what is seen of it, where the reader is, and what is new.

import { poll } from './poll.js';
import { h, setText, isTyping } from './dom.js';
import { count } from './clock.js';
import { pref, onPref } from './prefs.js';
import { taskLink } from './route.js';
import { fill, waiting } from './row.js';
import { Lines } from './lines.js';
import { Scroller } from './scroller.js';
import { Selection } from './selection.js';
import { findAround } from './search.js';
import { toolbar } from './logbar.js';
import { copy, describe, toast } from './ui.js';

let lineId = 0;

export class Log {
  /** `query` is that of the address, and `noted(query)` writes it there. */
  constructor(name, query, noted) {
    this.name = name;
    this.query = query;
    this.noted = noted;
    this.version = 0;
    this.attempts = 1;
    this.current = null;
    this.seen = true;
    this.widest = 0;
    this.search = { text: query.q ?? '', exact: false };
    this.wish = Number(query.line) > 0 ? Number(query.line) - 1 : null;
    this.follow = this.wish === null;
    this.scroller = new Scroller({
      label: 'Log of the task',
      stamp: (n) => this.#stamp(n),
      fill: (n, el) => this.#fill(n, el),
      moved: (way) => this.#moved(way),
    });
    this.bar = toolbar(this);
    this.notice = h('p', { class: 'lognotice', hidden: true });
    this.empty = h('p', { class: 'empty over', hidden: true });
    this.status = h('p', { class: 'logstatus' });
    this.speak = h('p', { class: 'offscreen', 'aria-live': 'polite' });
    this.newer = h('button', { type: 'button', class: 'newer', hidden: true, onclick: () => this.setFollow(true) }, '↓ Newer lines');
    this.el = h('section', { class: 'log', 'aria-labelledby': 'loghead' },
      this.bar.el, this.notice,
      h('div', { class: 'logbox' }, this.scroller.el, this.empty, this.newer),
      this.status, this.speak);
    this.scroller.el.addEventListener('keydown', (event) => this.#key(event));
    this.scroller.el.addEventListener('click', (event) => this.#click(event));
    this.noPref = onPref((what) => {
      this.#prefs();
      if (what === 'zone') this.redraw();
    });
    this.watch = new IntersectionObserver(([entry]) => { this.seen = entry.isIntersecting; });
    this.watch.observe(this.el);
    this.#prefs();
    this.start();
  }

  close() {
    this.loop?.stop();
    this.hunt?.abort();
    this.lines?.close();
    this.selection?.close();
    this.scroller.close();
    this.watch.disconnect();
    this.noPref();
  }

  /** Begins with the lines that the filter leaves. */
  start() {
    this.loop?.stop();
    this.lines?.close();
    this.selection?.close();
    const filter = { attempt: this.query.attempt, stream: this.query.stream };
    this.lines = new Lines(this.name, filter, () => {
      this.scroller.later();
      this.#tell();
    });
    this.selection = new Selection(this.scroller, this.lines, () => {
      // Lines that move away under a selection cannot be copied.
      if (this.selection.active && this.follow && !this.lines.complete) {
        this.setFollow(false);
        this.say('Following has stopped while text is selected.');
      }
    });
    this.scroller.rows.forEach((row) => { row.stamp = undefined; });
    this.shown = false;
    this.loop = poll(200, () => this.#look(), (error) => {
      this.#notice(describe(error));
      if (error.status === 404) return false;
    });
  }

  async #look() {
    const { lines, scroller } = this;
    const before = lines.total;
    const ended = lines.complete;
    const pressed = scroller.pressed;
    const said = await lines.look(this.follow && !pressed ? Math.min(400, scroller.fits + 30) : 0);
    if (lines !== this.lines) return false;
    const first = !this.shown;
    const rushing = !first && this.follow && lines.total - before > scroller.fits;
    if (rushing !== this.rushing) {
      this.rushing = rushing;
      if (!rushing) this.version += 1;
    }
    this.shown = true;
    if (!scroller.pressed) {
      this.selection.look();
      const stick = this.follow && !this.selection.active && this.wish === null;
      scroller.setRange(lines.first, lines.total, stick);
      if (first && this.wish !== null) {
        this.el.scrollIntoView({ block: 'start' });
        this.#arrive();
      }
    }
    this.#bring();
    this.#tell();
    this.#notice(lines.first > 0
      ? `The first ${count(lines.first)} lines are not kept any more. The oldest that is left is line ${count(lines.first + 1)}.` : null);
    if (first && this.query.q && this.wish === null) this.seek(false);
    if (said.complete) {
      if (!first && !ended) this.say(`The task has ended. Its log has ${count(lines.total)} lines.`);
      scroller.later();
      this.bar.update();
      // A reader may come back to a task that is run again, so it is looked at now and then.
      return 10_000;
    }
    if (!this.seen) return 1000;
    return this.follow ? 150 : 500;
  }

  #arrive() {
    const n = this.wish;
    this.wish = null;
    const { first, total } = this.lines;
    if (n < first) toast(`Line ${count(n + 1)} is not kept any more. The oldest is line ${count(first + 1)}.`, 'bad');
    else if (n >= total) toast(`There is no line ${count(n + 1)} yet; the log has ${count(total)}.`, 'bad');
    else this.current = n;
    this.scroller.goTo(n);
    this.bar.update();
  }

  /** The address names another line of the same log, as after going back. */
  show(query) {
    const filtered = (query.attempt ?? '') !== (this.query.attempt ?? '') || (query.stream ?? '') !== (this.query.stream ?? '');
    this.query = query;
    if ((query.q ?? '') !== this.search.text) this.search = { ...this.search, text: query.q ?? '' };
    const n = Number(query.line) > 0 ? Number(query.line) - 1 : null;
    if (filtered) {
      this.wish = n;
      this.current = null;
      this.follow = n === null;
      this.start();
    } else if (n !== null && n !== this.current) {
      this.follow = false;
      this.wish = n;
      this.#arrive();
      this.#bring();
    }
    this.bar.update();
    this.redraw();
  }

  setFilter(change) {
    this.query = { ...this.query, ...change, line: undefined };
    this.current = null;
    this.wish = null;
    this.follow = true;
    this.noted(this.query);
    this.start();
    this.bar.update();
  }

  setFollow(follow) {
    this.follow = follow;
    if (follow) {
      this.scroller.toEnd();
      this.#bring();
      this.loop.now();
    }
    this.#tell();
    this.bar.update();
  }

  /** Goes to a line and marks it. */
  jump(n) {
    if (this.follow) this.follow = false;
    this.mark(n);
    this.scroller.goTo(n);
    this.#bring();
    this.#tell();
    this.bar.update();
  }

  mark(n) {
    this.current = n;
    this.query = { ...this.query, line: n === null ? undefined : n + 1 };
    this.noted(this.query);
    this.redraw();
    this.bar.update();
  }

  redraw() {
    this.version += 1;
    this.scroller.later();
  }

  copyLink(n) {
    copy(new URL(taskLink(this.name, { ...this.query, line: n + 1 }), location.href).href, `a link to line ${count(n + 1)}`);
  }

  setSearch(text, exact) {
    this.search = { text, exact };
    this.query = { ...this.query, q: text };
    this.noted(this.query);
    this.redraw();
  }

  /** Goes to the next line that has the text, or to the one before. */
  async seek(backwards) {
    this.hunt?.abort();
    if (!this.search.text) return;
    const hunt = (this.hunt = new AbortController());
    const { lines } = this;
    const [top] = this.scroller.onScreen();
    const start = this.current ?? (backwards ? lines.total : top - 1);
    this.bar.found('Searching…');
    try {
      const found = await findAround(lines, this.search, start, backwards, hunt.signal,
        (n) => this.bar.found(`Searching… at line ${count(n + 1)}`, true));
      if (hunt.signal.aborted || lines !== this.lines) return;
      if (found === null) return this.bar.found('Not found');
      this.jump(found.n);
      this.bar.found(`Line ${count(found.n + 1)}${found.around ? (backwards ? ', from the end' : ', from the start') : ''}`);
    } catch (error) {
      if (!hunt.signal.aborted) this.bar.found(describe(error));
    }
  }

  cancelSeek() {
    this.hunt?.abort();
    this.bar.found('');
  }

  setTask(task) {
    if (this.attempts !== task.attempts) {
      this.attempts = task.attempts;
      this.scroller.el.classList.toggle('many', task.attempts > 1);
    }
    this.ended = Boolean(task.ended);
    // The task has just ended: what it wrote last is fetched at once.
    if (this.ended && !this.lines.complete) this.loop.now();
  }

  #prefs() {
    this.scroller.el.classList.toggle('stamps', pref('stamps') === 'on');
    if (this.scroller.wrap !== (pref('wrap') === 'on')) this.scroller.setWrap(pref('wrap') === 'on');
    this.bar.update();
  }

  #bring() {
    const [from, to] = this.scroller.window;
    this.lines.want(from, to);
    this.scroller.later();
  }

  #moved(way) {
    if (way < 0 && this.follow) {
      this.follow = false;
      this.rushing = false;
      this.version += 1;
      this.bar.update();
    } else if (way > 0 && !this.follow && this.scroller.atEnd && !this.lines.complete && !this.selection.active) {
      this.follow = true;
      this.bar.update();
    }
    this.#bring();
    this.#tell();
  }

  #tell() {
    const { lines } = this;
    if (!lines.known) return setText(this.status, 'Fetching the log…');
    const kept = lines.total - lines.first;
    this.empty.hidden = kept > 0;
    setText(this.empty, lines.complete ? 'There is no output.' : 'No output yet. It appears here as it comes.');
    const [from, to] = this.scroller.onScreen();
    const what = kept > 0 ? `Lines ${count(from + 1)} to ${count(Math.max(from + 1, to))} of ${count(lines.total)}` : '0 lines';
    setText(this.status, `${what} · ${lines.complete ? 'complete' : this.follow ? 'live, following' : 'live, not following'}`);
    this.newer.hidden = this.follow || lines.complete || this.scroller.atEnd;
  }

  #notice(text) {
    this.notice.hidden = text === null;
    setText(this.notice, text ?? '');
  }

  say(text) {
    setText(this.speak, text);
  }

  #stamp(n) {
    const line = this.lines.at(n);
    if (!line) return `no ${n}`;
    line.id ??= lineId += 1;
    return `${line.id} ${this.version} ${n === this.current} ${this.#isFresh(n, line)}`;
  }

  /** Whether it begins an attempt, as far as is known: the line before may still be on its way. */
  #isFresh(n, line) {
    const before = this.lines.at(n - 1);
    return before ? before.attempt !== line.attempt : n === this.lines.first;
  }

  #fill(n, el) {
    const line = this.lines.at(n);
    const href = taskLink(this.name, { ...this.query, line: n + 1 });
    if (!line) return waiting(el, n, href);
    fill(el, line, {
      href,
      current: n === this.current,
      fresh: this.#isFresh(n, line),
      open: line.partial && !this.lines.complete,
      find: this.search.text ? this.search : null,
      // While lines rush by, nobody sees the colours at the end of a long one.
      most: this.rushing ? 40 : 300,
    });
    if (line.text.length > this.widest) {
      this.widest = line.text.length;
      this.scroller.layer.style.setProperty('--widest', `calc(${this.widest}ch + 20rem)`);
    }
  }

  #click(event) {
    const number = event.target.closest('a.no');
    if (!number || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const n = Number(number.parentElement.dataset.n);
    if (this.follow) this.setFollow(false);
    this.mark(n === this.current ? null : n);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const { scroller } = this;
    const page = Math.max(scroller.rowHeight, scroller.height - 2 * scroller.rowHeight);
    const up = { ArrowUp: -scroller.rowHeight, k: -scroller.rowHeight, PageUp: -page }[event.key];
    const down = { ArrowDown: scroller.rowHeight, j: scroller.rowHeight, PageDown: page }[event.key];
    if (event.key === ' ') scroller.by(event.shiftKey ? -page : page);
    else if (up) scroller.by(up);
    else if (down) scroller.by(down);
    else if (event.key === 'Home' || event.key === 'g') scroller.toStart();
    else if (event.key === 'End' || event.key === 'G') scroller.toEnd();
    else if (event.key === 'n') return void this.seek(false);
    else if (event.key === 'N') return void this.seek(true);
    else return;
    event.preventDefault();
    const back = up || event.key === 'Home' || event.key === 'g' || (event.key === ' ' && event.shiftKey);
    this.#moved(back ? -1 : 1);
  }
}
