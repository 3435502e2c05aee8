// The lines of a log that were asked for, a bounded number of them, in pieces that are let go in
// the order in which they were last looked at.

import { get, path, ready, taskPath } from './api.js';
import { sleep } from './poll.js';

const PIECE = 128;
/** What may be kept, in characters of text and a guess of what each line costs beside it. */
const MOST = 4_000_000;
const EACH = 150;

export class Lines {
  /** `changed()` is called when lines have come. */
  constructor(name, filter, changed) {
    this.base = taskPath(name, '/lines');
    this.filter = filter;
    this.changed = changed;
    this.pieces = new Map();
    this.size = 0;
    this.first = 0;
    this.total = 0;
    this.complete = false;
    this.known = false;
    this.wanted = [];
    this.underway = new Set();
    this.stop = new AbortController();
  }

  close() {
    this.stop.abort();
    this.pieces.clear();
  }

  at(n) {
    return this.pieces.get(Math.floor(n / PIECE))?.lines[n % PIECE];
  }

  async ask(query, signal = this.stop.signal, latest = false) {
    const said = await get(path(this.base, { ...this.filter, ...query }), { signal });
    if (latest && said.total < this.total) {
      // Fewer lines than before: another task has the name now.
      this.pieces.clear();
      this.size = 0;
      this.first = 0;
      this.total = said.total;
      this.complete = false;
    }
    // A slow answer must not take back what a later one has told.
    this.total = Math.max(this.total, said.total);
    this.first = Math.max(this.first, said.first);
    this.complete = said.complete || this.complete;
    this.known = true;
    return said;
  }

  /** Looks for what is new; with `tail`, brings the last lines with it. */
  async look(tail) {
    const before = this.total;
    const last = this.at(this.total - 1);
    // A line without an end can still grow, so it is asked for again.
    const from = last?.partial ? before - 1 : before;
    const said = await this.ask(tail ? { tail } : { from, count: 1 }, undefined, true);
    this.put(said.lines);
    return said;
  }

  put(lines) {
    for (const line of lines) {
      const key = Math.floor(line.number / PIECE);
      let piece = this.pieces.get(key);
      if (piece) this.pieces.delete(key);
      else piece = { lines: new Array(PIECE), size: 0 };
      this.pieces.set(key, piece);
      const old = piece.lines[line.number % PIECE];
      const cost = line.text.length + EACH - (old ? old.text.length + EACH : 0);
      if (old && old.text === line.text && old.partial === line.partial) continue;
      piece.lines[line.number % PIECE] = line;
      piece.size += cost;
      this.size += cost;
    }
    for (const [key, piece] of this.pieces) {
      if (this.size <= MOST || this.pieces.size <= 4) break;
      this.pieces.delete(key);
      this.size -= piece.size;
    }
  }

  /** Sees to it that these lines come. What an earlier call wanted and this one does not is dropped. */
  want(from, to) {
    from = Math.max(from, this.first);
    to = Math.min(to, this.total);
    this.wanted = [];
    for (let key = Math.floor(from / PIECE); key * PIECE < to; key += 1) {
      const start = Math.max(from, key * PIECE);
      const end = Math.min(to, (key + 1) * PIECE);
      const piece = this.pieces.get(key);
      let missing = !piece;
      for (let n = start; !missing && n < end; n += 1) missing = !piece.lines[n % PIECE];
      if (missing) this.wanted.push(key);
      else {
        this.pieces.delete(key);
        this.pieces.set(key, piece);
      }
    }
    this.#fetch();
  }

  async #fetch() {
    if (this.underway.size >= 2 || this.stop.signal.aborted) return;
    const key = this.wanted.find((each) => !this.underway.has(each));
    if (key === undefined) return;
    this.underway.add(key);
    this.#fetch();
    try {
      await ready();
      // After a wait something else may be on the screen.
      const from = Math.max(this.first, key * PIECE);
      if (this.wanted.includes(key) && from < (key + 1) * PIECE) {
        const said = await this.ask({ from, count: (key + 1) * PIECE - from });
        this.put(said.lines);
        if (said.lines.length === 0) await sleep(500, this.stop.signal);
      }
    } catch (error) {
      if (this.stop.signal.aborted) return;
      await sleep(1000, this.stop.signal);
    } finally {
      this.underway.delete(key);
      this.wanted = this.wanted.filter((each) => each !== key);
    }
    this.changed();
    this.#fetch();
  }

  /** These lines, those that are here at once and the others by asking. */
  async all(from, to) {
    const out = [];
    for (let n = from; n < to;) {
      const line = this.at(n);
      if (line) {
        out.push(line);
        n += 1;
        continue;
      }
      const said = await this.ask({ from: n, count: Math.min(2000, to - n) });
      if (said.lines.length === 0) break;
      for (const each of said.lines) if (each.number >= n && each.number < to) out.push(each);
      n = said.lines[said.lines.length - 1].number + 1;
    }
    return out;
  }
}
