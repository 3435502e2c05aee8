// Text from programs, made safe to look at: colours and weights are shown, and every other control
// is turned into text that can be seen, so that no line can hide or reorder anything.

// Controls but tab; C1; soft hyphen; zero-width and bidirectional ones; tags of plane 14.
const ODD = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/;
const ODD_ALL = new RegExp(ODD.source, 'g');
const SGR = /\x1b\[([0-9;:]*)m/g;

function shown(char) {
  const code = char.codePointAt(0);
  if (code === 0x0d) return '\\r';
  if (code === 0x0a) return '\\n';
  if (code < 0xa0) return `\\x${code.toString(16).padStart(2, '0')}`;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** A text with each control as something that can be seen. Line ends stay where `lines` is set. */
export function visible(text, lines = false) {
  const whole = String(text);
  if (!ODD.test(whole)) return whole;
  return whole.replace(ODD_ALL, (char) => (lines && char === '\n' ? char : shown(char)));
}

const plain = () => ({ fg: null, bg: null, bold: false, faint: false, italic: false, underline: false, reverse: false, strike: false, hidden: false });

/**
 * Splits a line into pieces of one style: `{ text, style, odd }`. `style` is null for plain text,
 * and `odd` marks a control that stands there as text.
 */
export function pieces(line) {
  if (!ODD.test(line)) return [{ text: line, style: null, odd: false }];
  const out = [];
  let style = null;
  let at = 0;
  SGR.lastIndex = 0;
  for (let found = SGR.exec(line); found; found = SGR.exec(line)) {
    if (found.index > at) cut(line.slice(at, found.index), style, out);
    style = sgr(style, found[1]);
    at = SGR.lastIndex;
  }
  if (at < line.length) cut(line.slice(at), style, out);
  return out;
}

function cut(text, style, out) {
  let at = 0;
  ODD_ALL.lastIndex = 0;
  for (let found = ODD_ALL.exec(text); found; found = ODD_ALL.exec(text)) {
    if (found.index > at) out.push({ text: text.slice(at, found.index), style, odd: false });
    const before = out[out.length - 1];
    // Runs of controls are one piece: a line of binary data must not become thousands of elements.
    if (before?.odd && found.index === at && before.style === style) before.text += shown(found[0]);
    else out.push({ text: shown(found[0]), style, odd: true });
    at = ODD_ALL.lastIndex;
  }
  if (at < text.length) out.push({ text: text.slice(at), style, odd: false });
}

function sgr(before, parameters) {
  const next = before ? { ...before } : plain();
  const list = parameters === '' ? [[0]] : parameters.split(';').map((part) => part.split(':').map((n) => (n === '' ? 0 : Number(n))));
  for (let i = 0; i < list.length; i += 1) {
    const [code, ...sub] = list[i];
    if (code === 0) Object.assign(next, plain());
    else if (code === 1) next.bold = true;
    else if (code === 2) next.faint = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = sub.length === 0 || sub[0] !== 0;
    else if (code === 7) next.reverse = true;
    else if (code === 9) next.strike = true;
    else if (code === 21) next.underline = true;
    else if (code === 22) next.bold = next.faint = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 27) next.reverse = false;
    else if (code === 29) next.strike = false;
    else if (code >= 30 && code <= 37) next.fg = code - 30;
    else if (code >= 90 && code <= 97) next.fg = code - 82;
    else if (code === 39) next.fg = null;
    else if (code >= 40 && code <= 47) next.bg = code - 40;
    else if (code >= 100 && code <= 107) next.bg = code - 92;
    else if (code === 49) next.bg = null;
    else if (code === 38 || code === 48) {
      let rest = sub;
      if (rest.length === 0) {
        // The form with semicolons: the numbers that follow belong to this one.
        const mode = list[i + 1]?.[0];
        const size = mode === 5 ? 2 : mode === 2 ? 4 : 1;
        rest = list.slice(i + 1, i + 1 + size).map((part) => part[0]);
        i += size;
      } else if (rest[0] === 2 && rest.length > 4) {
        rest = [2, ...rest.slice(2)];
      }
      const colour = colourOf(rest);
      if (colour !== undefined) next[code === 38 ? 'fg' : 'bg'] = colour;
    }
  }
  const same = plain();
  return Object.keys(same).every((key) => next[key] === same[key]) ? null : next;
}

function colourOf([mode, a, b, c]) {
  const byte = (n) => Math.min(255, Math.max(0, n | 0));
  if (mode === 2) return [byte(a), byte(b), byte(c)];
  if (mode !== 5) return undefined;
  const n = byte(a);
  if (n < 16) return n;
  if (n >= 232) return Array(3).fill(8 + (n - 232) * 10);
  const level = (step) => (step === 0 ? 0 : 55 + step * 40);
  const cube = n - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}

const css = (colour) => (typeof colour === 'number' ? '' : `rgb(${colour})`);

function luminance(colour) {
  const [r, g, b] = colour.map((n) => (n <= 10 ? n / 3294.6 : ((n / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const known = new Map();

/** A colour of a program, as near to it as can be read on the light and on the dark ground. */
function readable(colour) {
  const key = String(colour);
  let pair = known.get(key);
  if (!pair) {
    if (known.size > 2000) known.clear();
    const towards = (end, good) => {
      for (let part = 0; part < 1; part += 0.05) {
        const mixed = colour.map((n) => Math.round(n + (end - n) * part));
        if (good(luminance(mixed))) return css(mixed);
      }
      return css([end, end, end]);
    };
    pair = [towards(0, (l) => l < 0.165), towards(255, (l) => l > 0.26)];
    known.set(key, pair);
  }
  return pair;
}

/** An element of a piece. The sixteen named colours are classes, as they depend on the theme. */
function element(text, { style, odd }, mark) {
  const el = document.createElement(mark ? 'mark' : 'span');
  el.textContent = text;
  if (odd) el.classList.add('ctl');
  if (!style) return el;
  for (const key of ['bold', 'faint', 'italic', 'underline', 'strike']) if (style[key]) el.classList.add(key);
  let { fg, bg } = style;
  if (style.reverse) {
    if (fg === null && bg === null) el.classList.add('reverse');
    [fg, bg] = [bg, fg];
    if (fg === null && bg !== null) el.classList.add('on');
  }
  if (typeof fg === 'number') el.classList.add(`f${fg}`);
  else if (fg !== null && bg !== null) el.style.color = css(fg);
  else if (fg !== null) {
    const [light, dark] = readable(fg);
    el.classList.add('fx');
    el.style.setProperty('--fl', light);
    el.style.setProperty('--fd', dark);
  }
  if (typeof bg === 'number') el.classList.add(`b${bg}`);
  else if (bg !== null) {
    el.style.backgroundColor = css(bg);
    // The colour of the theme may not be seen on it.
    if (fg === null) el.style.color = luminance(bg) > 0.18 ? '#000' : '#fff';
  }
  return el;
}

/**
 * Writes a line into `into`, with what `find` matches marked. A line has at most `most` pieces of
 * their own style; what is left over is plain.
 */
export function write(into, line, find, most = 300) {
  const list = pieces(line);
  if (list.length > most) {
    const rest = list.splice(most).map((piece) => piece.text).join('');
    list.push({ text: rest, style: null, odd: false });
  }
  const nodes = [];
  const marks = find ? matches(list.map((piece) => piece.text).join(''), find) : [];
  let start = 0;
  let m = 0;
  for (const piece of list) {
    const end = start + piece.text.length;
    let at = start;
    while (at < end) {
      while (m < marks.length && marks[m][1] <= at) m += 1;
      const inside = m < marks.length && marks[m][0] <= at;
      const to = m >= marks.length ? end : Math.min(end, inside ? marks[m][1] : marks[m][0]);
      const text = piece.text.slice(at - start, to - start);
      nodes.push(!inside && !piece.style && !piece.odd ? text : element(text, piece, inside));
      at = to;
    }
    start = end;
  }
  into.replaceChildren(...nodes);
}

function matches(text, { text: wanted, exact }) {
  const found = [];
  if (!wanted) return found;
  const within = exact ? text : text.toLowerCase();
  const what = exact ? wanted : wanted.toLowerCase();
  // Lower case can be longer than the text; then places do not fit, and nothing is marked.
  if (within.length !== text.length) return found;
  for (let at = within.indexOf(what); at >= 0 && found.length < 200; at = within.indexOf(what, at + what.length)) {
    found.push([at, at + what.length]);
  }
  return found;
}
