// Building and updating the document. Text only ever becomes text nodes, never markup.

/** Makes an element. `on…` are listeners, `class` and `data-…` and all else are attributes. */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  apply(el, props);
  el.append(...nodes(children));
  return el;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same for a drawing. */
export function svg(tag, props, ...children) {
  const el = document.createElementNS(SVG, tag);
  apply(el, props);
  el.append(...nodes(children));
  return el;
}

function apply(el, props) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) el.addEventListener(key.slice(2), value);
    else if (key === 'style') Object.assign(el.style, value);
    else if (key === 'value') el.value = value;
    else el.setAttribute(key, value === true ? '' : String(value));
  }
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Sets a text, and leaves the node alone where it has it already: a selection in it survives. */
export function setText(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

export function setAttr(el, name, value) {
  if (value === null || value === undefined || value === false) {
    if (el.hasAttribute(name)) el.removeAttribute(name);
  } else {
    const text = value === true ? '' : String(value);
    if (el.getAttribute(name) !== text) el.setAttribute(name, text);
  }
}

/**
 * Makes the children of `parent` those of `items`, in order. An element is kept for as long as its
 * key is there, so that focus and selection stay; it is only filled again where `stamp` changed.
 */
export function reconcile(parent, items, { key, stamp, make, fill }) {
  const kept = (parent.keyed ??= new Map());
  const seen = new Set(items.map(key));
  // First: what stays is not moved then, which would take the focus from it.
  for (const [id, entry] of kept) {
    if (!seen.has(id)) {
      entry.el.remove();
      kept.delete(id);
    }
  }
  let at = parent.firstElementChild;
  for (const item of items) {
    const id = key(item);
    let entry = kept.get(id);
    if (!entry) {
      entry = { el: make(item), stamp: undefined };
      kept.set(id, entry);
    }
    const now = stamp(item);
    if (entry.stamp !== now) {
      entry.stamp = now;
      fill(entry.el, item);
    }
    if (entry.el === at) at = at.nextElementSibling;
    else parent.insertBefore(entry.el, at);
  }
}

let last = 0;
/** A name for an element that another one refers to. */
export const newId = (prefix = 'e') => `${prefix}${++last}`;

/** Calls `run` once, `ms` after the last call. */
export function debounce(run, ms) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), ms);
  };
}

/** Whether keys go into a text just now, so that single letters are no commands. */
export function isTyping(target) {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}
