// A list of millions of rows of which only those on the screen are in the document.
//
// What is looked at is an anchor: the row at the upper edge, and how many pixels of it are above
// that edge. The browser's own scrolling is kept, for touch, wheels and selections that drag on,
// over a spacer that is never higher than browsers allow. While the reader scrolls, a pixel is a
// pixel; where the scroll bar is dragged, the bar's place is the place in the whole; and when all
// is at rest, the bar is put where the anchor says.

import { h } from './dom.js';
import { scale } from './scale.js';

const TALLEST = 4_000_000;
const REST = 160;

export class Scroller {
  /**
   * `stamp(n)` changes when row `n` has to be filled again, `fill(n, el)` fills it, and `moved(user)`
   * is called after each change of what is seen.
   */
  constructor({ stamp, fill, moved, label }) {
    this.stamp = stamp;
    this.fill = fill;
    this.moved = moved;
    this.first = 0;
    this.total = 0;
    this.anchor = 0;
    this.pixel = 0;
    this.atEnd = false;
    this.wrap = false;
    this.rowHeight = 20;
    this.rows = new Map();
    this.pinned = new Set();
    this.layer = h('div', { class: 'rows' });
    this.spacer = h('div', { class: 'spacer' }, this.layer);
    this.el = h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, this.spacer);
    this.last = 0;
    this.touched = 0;
    this.dragging = false;
    this.pressed = false;
    this.el.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.el.addEventListener('pointerdown', (event) => {
      const box = this.el.getBoundingClientRect();
      this.pressed = true;
      // A press beside the content is one on the bar, of which browsers tell nothing else.
      const bar = Math.max(this.el.offsetWidth - this.el.clientWidth, 12);
      this.dragging = event.pointerType === 'mouse' && event.clientX > box.right - bar;
    });
    const release = (event) => {
      if (event.type === 'pointermove' && event.buttons !== 0) return;
      if (!this.pressed) return;
      this.pressed = this.dragging = false;
      this.#settle();
    };
    this.released = new AbortController();
    for (const type of ['pointerup', 'pointercancel', 'pointermove']) {
      addEventListener(type, release, { signal: this.released.signal, passive: true });
    }
    this.sizes = new ResizeObserver(() => this.#resized());
    this.sizes.observe(this.el);
  }

  close() {
    this.sizes.disconnect();
    this.released.abort();
    clearTimeout(this.rest);
    cancelAnimationFrame(this.frame);
  }

  /** How many rows fit on the screen. */
  get fits() { return Math.max(1, Math.ceil((this.height || 400) / this.rowHeight)); }

  /** The rows that are in the document, also those just outside the screen. */
  get window() {
    const above = this.wrap ? Math.ceil(this.fits / 2) : 12;
    const start = this.atEnd ? this.total - this.fits : this.anchor;
    return [Math.max(this.first, start - above), Math.min(this.total, start + this.fits + 14)];
  }

  /** How many rows there are. With `stick` the end stays the end; without, what is seen stays. */
  setRange(first, total, stick) {
    if (stick) this.atEnd = true;
    else if (total !== this.total) this.atEnd = false;
    if (first === this.first && total === this.total) return stick ? this.place() : undefined;
    this.first = first;
    this.total = total;
    if (this.anchor < first) {
      this.anchor = first;
      this.pixel = 0;
    }
    this.anchor = Math.min(this.anchor, Math.max(first, total - 1));
    this.place();
  }

  setWrap(wrap) {
    this.wrap = wrap;
    this.el.classList.toggle('wrap', wrap);
    this.place();
  }

  /** Shows row `n`, in the middle unless it is on the screen anyway. */
  goTo(n, { calm = false } = {}) {
    n = Math.min(Math.max(n, this.first), Math.max(this.first, this.total - 1));
    const [from, to] = this.onScreen();
    if (calm && n > from && n < to - 1) return;
    this.atEnd = false;
    this.anchor = n;
    this.pixel = 0;
    this.#move(-Math.floor((this.height || 400) / 2.5));
    this.place();
  }

  toStart() {
    this.atEnd = false;
    this.anchor = this.first;
    this.pixel = 0;
    this.place();
  }

  toEnd() {
    this.atEnd = true;
    this.place();
  }

  /** Scrolls by rows, as keys do. */
  by(pixels) {
    if (this.atEnd) {
      if (pixels > 0) return;
      this.atEnd = false;
    }
    this.#move(pixels);
    this.place();
  }

  /** The first row that can be seen, and the one after the last. */
  onScreen() {
    let n = this.anchor;
    let y = -this.pixel;
    while (n < this.total && y < (this.height || 400)) {
      y += this.#heightOf(n);
      n += 1;
    }
    return [this.anchor, n];
  }

  /** Keeps rows in the document although they left the screen: a selection begins or ends there. */
  pin(rows) {
    this.pinned = new Set(rows);
  }

  /** Draws with the next frame, however often it was asked for. */
  later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.place();
    });
  }

  /** How far all rows could be scrolled, were there no limit. */
  #real() {
    return Math.max(0, (this.total - this.first) * this.rowHeight - this.height);
  }

  #heightOf(n) {
    return this.wrap ? (this.rows.get(n)?.height ?? this.rowHeight) : this.rowHeight;
  }

  #move(pixels) {
    let y = this.pixel + pixels;
    if (!this.wrap) {
      const rows = Math.floor(y / this.rowHeight);
      this.anchor += rows;
      this.pixel = y - rows * this.rowHeight;
      if (this.anchor < this.first) {
        this.anchor = this.first;
        this.pixel = 0;
      }
      this.anchor = Math.min(this.anchor, Math.max(this.first, this.total - 1));
      return;
    }
    while (y < 0 && this.anchor > this.first) {
      this.anchor -= 1;
      y += this.#heightOf(this.anchor);
    }
    while (this.anchor < this.total - 1 && y >= this.#heightOf(this.anchor)) {
      y -= this.#heightOf(this.anchor);
      this.anchor += 1;
    }
    this.pixel = Math.max(0, y);
  }

  #scrolled() {
    const at = this.el.scrollTop;
    const by = at - this.last;
    if (Math.abs(by) < 1) return;
    this.last = at;
    this.touched = performance.now();
    const most = this.el.scrollHeight - this.el.clientHeight;
    const was = this.atEnd;
    this.atEnd = false;
    if (this.dragging || Math.abs(by) > 3 * this.height) {
      if (at >= most - 1) this.atEnd = true;
      else {
        const pixels = scale(at, most, this.#real());
        const rows = Math.floor(pixels / this.rowHeight);
        this.anchor = this.first + rows;
        this.pixel = pixels - rows * this.rowHeight;
      }
    } else if (was && by > 0) this.atEnd = true;
    else this.#move(by);
    this.place(true);
    this.moved(by < 0 ? -1 : 1);
    if (!this.dragging && (at <= 0 || at >= most - 1)) this.#align();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.#settle(), REST);
  }

  #settle() {
    if (this.dragging || performance.now() - this.touched < REST - 20) return;
    this.#align();
    this.#paint();
  }

  #resized() {
    const height = this.el.clientHeight;
    const probe = parseFloat(getComputedStyle(this.el).lineHeight);
    if (height === this.height && probe === this.rowHeight && this.el.clientWidth === this.width) return;
    this.height = height;
    this.width = this.el.clientWidth;
    if (probe > 0) this.rowHeight = probe;
    this.place();
  }

  /** Puts rows into the document and everything at its place. */
  place(scrolling = false) {
    if (!this.height) return;
    const rows = this.total - this.first;
    const tall = Math.min(TALLEST, Math.max(this.height, Math.ceil(rows * this.rowHeight)));
    if (tall !== this.tall) {
      this.tall = tall;
      this.spacer.style.height = `${tall}px`;
    }
    if (!this.wrap) {
      const most = Math.max(0, rows * this.rowHeight - this.height);
      const now = (this.anchor - this.first) * this.rowHeight + this.pixel;
      if (this.atEnd || now >= most) {
        this.anchor = this.first + Math.floor(most / this.rowHeight);
        this.pixel = most % this.rowHeight;
        this.atEnd = true;
      }
      this.#sync();
    } else {
      this.#sync();
      this.#measure();
      let below = -this.pixel;
      for (let n = this.anchor; n < this.total && below < this.height; n += 1) below += this.#heightOf(n);
      if (this.atEnd || below < this.height) {
        this.atEnd = true;
        this.#sync();
        this.#measure();
        let n = this.total;
        let sum = 0;
        while (n > this.first && sum < this.height) sum += this.#heightOf(n -= 1);
        this.anchor = n;
        this.pixel = Math.max(0, sum - this.height);
      }
    }
    // While the reader's fingers are on it, the bar is left alone.
    if (!scrolling && performance.now() - this.touched > REST && !this.pressed) this.#align();
    this.#paint();
  }

  #align() {
    const most = this.tall - this.height;
    const pixels = (this.anchor - this.first) * this.rowHeight + this.pixel;
    const at = this.atEnd ? most : Math.max(0, Math.min(most, scale(pixels, this.#real(), most)));
    if (Math.abs(at - this.el.scrollTop) >= 1) this.el.scrollTop = at;
    // The browser rounds; what it made of it is the start of the next move.
    this.last = this.el.scrollTop;
    this.#paint();
  }

  #paint() {
    let y = this.last - this.pixel;
    for (let n = this.anchor - 1; n >= this.from; n -= 1) y -= this.#heightOf(n);
    const move = `translateY(${y}px)`;
    if (this.painted !== move) {
      this.painted = move;
      this.layer.style.transform = move;
    }
  }

  #sync() {
    const [from, to] = this.window;
    this.from = from;
    for (const [n, row] of this.rows) {
      if (n >= from && n < to) continue;
      if (this.pinned.has(n)) row.el.classList.add('away');
      else {
        row.el.remove();
        this.rows.delete(n);
      }
    }
    let at = this.layer.firstElementChild;
    const skipAway = () => {
      while (at && at.classList.contains('away') && Number(at.dataset.n) < from) at = at.nextElementSibling;
    };
    skipAway();
    for (let n = from; n < to; n += 1) {
      let row = this.rows.get(n);
      if (!row) {
        row = { el: h('div', { class: 'row', 'data-n': n }), stamp: undefined, height: undefined };
        this.rows.set(n, row);
      }
      const stamp = this.stamp(n);
      if (row.stamp !== stamp) {
        row.stamp = stamp;
        row.height = undefined;
        this.fill(n, row.el);
      }
      row.el.classList.remove('away');
      if (row.el === at) at = at.nextElementSibling;
      else this.layer.insertBefore(row.el, at);
    }
  }

  #measure() {
    if (this.measured !== this.width) {
      this.measured = this.width;
      for (const row of this.rows.values()) row.height = undefined;
    }
    for (const row of this.rows.values()) {
      if (row.height === undefined && !row.el.classList.contains('away')) row.height = row.el.offsetHeight || this.rowHeight;
    }
  }
}
