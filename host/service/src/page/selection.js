// Copying from a log of which only a part is in the document: what is selected is known by the
// numbers of its first and last line, and lines that have left the screen come from the store.

import { pieces } from './ansi.js';
import { count } from './clock.js';
import { copy, toast } from './ui.js';

/** More than this is a download. */
const MOST = 50_000;

export class Selection {
  constructor(scroller, lines, changed) {
    this.scroller = scroller;
    this.lines = lines;
    this.changed = changed;
    this.ends = null;
    this.stop = new AbortController();
    const { signal } = this.stop;
    document.addEventListener('selectionchange', () => this.look(), { signal });
    scroller.el.addEventListener('copy', (event) => this.#copy(event), { signal });
  }

  close() { this.stop.abort(); }

  get active() { return this.ends !== null; }

  /** Looks at what is selected now: the event that tells of it comes a moment later. */
  look() {
    const selection = getSelection();
    let ends = null;
    if (selection.rangeCount > 0 && !selection.isCollapsed) {
      const range = selection.getRangeAt(0);
      const start = this.#place(range.startContainer, range.startOffset, false);
      const end = this.#place(range.endContainer, range.endOffset, true);
      if (start && end && (start.n < end.n || (start.n === end.n && start.at < end.at))) ends = { start, end };
    }
    const was = this.active;
    this.ends = ends;
    this.scroller.pin(ends ? [ends.start.n, ends.end.n] : []);
    if (was !== this.active) this.changed();
  }

  /** Which line a place of the document is in, and after how many characters of its text. */
  #place(node, offset, end) {
    const inside = node === this.scroller.el || this.scroller.el.contains(node);
    if (!inside) return null;
    let row = (node.nodeType === 1 ? node : node.parentElement).closest('.row');
    if (!row) {
      // Between two rows: the one that follows for a start, the one before for an end.
      const child = node.childNodes[end ? offset - 1 : offset];
      row = child?.nodeType === 1 ? child.closest('.row') : null;
      if (!row) return null;
      return { n: Number(row.dataset.n), at: end ? Infinity : 0 };
    }
    const text = row.querySelector('.tx');
    const n = Number(row.dataset.n);
    if (!text) return { n, at: 0 };
    const range = document.createRange();
    range.selectNodeContents(text);
    const side = range.comparePoint(node, offset);
    if (side < 0) return { n, at: 0 };
    if (side > 0) return { n, at: Infinity };
    range.setEnd(node, offset);
    return { n, at: range.toString().length };
  }

  #copy(event) {
    if (!this.ends) return;
    event.preventDefault();
    const { start, end } = this.ends;
    const size = end.n - start.n + 1;
    if (size > MOST) {
      toast(`${count(size)} lines are too many to copy. Download the log instead.`, 'bad');
      return;
    }
    const here = [];
    for (let n = start.n; n <= end.n; n += 1) {
      const line = this.lines.at(n);
      if (!line) break;
      here.push(line);
    }
    if (here.length === size) {
      event.clipboardData.setData('text/plain', plain(here, start, end));
      return;
    }
    this.lines.all(start.n, end.n + 1).then(
      (all) => copy(plain(all, start, end), `${count(all.length)} lines`),
      (error) => toast(`Could not copy: ${error.message}`, 'bad'),
    );
  }
}

/** A line as it is shown, without colours. */
const shownText = (line) => pieces(line.text).map((piece) => piece.text).join('');

function plain(lines, start, end) {
  return lines.map((line) => {
    const text = shownText(line);
    return text.slice(line.number === start.n ? start.at : 0, line.number === end.n ? end.at : undefined);
  }).join('\n');
}
