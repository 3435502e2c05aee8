// A form from a JSON Schema: as much of it as specs use. The document is the truth; each control
// reads its part of it when it is made, and writes it when it is changed.

import { h, newId, setAttr } from './dom.js';

/** What a schema says, with references into it and single-member `allOf` looked through. */
export function resolve(schema, root) {
  let at = schema ?? {};
  for (let depth = 0; depth < 20; depth += 1) {
    if (typeof at.$ref === 'string' && at.$ref.startsWith('#')) {
      const found = at.$ref.slice(1).split('/').filter(Boolean)
        .reduce((value, key) => value?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
      const { $ref, ...beside } = at;
      at = { ...(found ?? {}), ...beside };
    } else if (at.allOf?.length === 1) {
      const { allOf, ...beside } = at;
      at = { ...allOf[0], ...beside };
    } else break;
  }
  return at;
}

const choices = (schema) => schema.oneOf ?? schema.anyOf;

function typeOf(schema) {
  if (choices(schema)) return 'choice';
  if (schema.const !== undefined) return 'const';
  if (schema.enum) return 'enum';
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== 'null') : schema.type;
  if (type === 'array') return 'array';
  if (type === 'object' || schema.properties || schema.additionalProperties) return schema.properties ? 'object' : 'map';
  return type ?? 'json';
}

/** The least value that has the shape: what is required, and nothing else. */
export function blank(schema, root) {
  const s = resolve(schema, root);
  if (s.default !== undefined) return structuredClone(s.default);
  switch (typeOf(s)) {
    case 'choice': return blank(choices(s)[0], root);
    case 'const': return s.const;
    case 'enum': return s.enum[0];
    case 'array': return [];
    case 'map': return {};
    case 'object': return Object.fromEntries((s.required ?? []).filter((key) => s.properties[key]).map((key) => [key, blank(s.properties[key], root)]));
    case 'boolean': return false;
    case 'integer': case 'number': return s.minimum ?? 0;
    default: return '';
  }
}

/** Whether a value has the shape of one choice of several, well enough to tell them apart. */
function fits(value, schema, root) {
  const s = resolve(schema, root);
  switch (typeOf(s)) {
    case 'const': return value === s.const;
    case 'enum': return s.enum.includes(value);
    case 'choice': return choices(s).some((each) => fits(value, each, root));
    case 'array': return Array.isArray(value);
    case 'map': return value !== null && typeof value === 'object' && !Array.isArray(value);
    case 'object': return value !== null && typeof value === 'object' && !Array.isArray(value)
      && (s.required ?? []).every((key) => key in value && (!s.properties[key] || fits(value[key], s.properties[key], root)))
      && Object.keys(value).every((key) => key in s.properties || s.additionalProperties !== false);
    case 'integer': case 'number': return typeof value === 'number';
    case 'boolean': return typeof value === 'boolean';
    case 'string': return typeof value === 'string';
    default: return true;
  }
}

const words = (key) => {
  const text = String(key).replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[_-]+/g, ' ').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const encode = (text) => btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));

/** The text, or null where it is none. */
function decode(text) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return null;
  }
}

/**
 * A control for the value at `path`. `form` has `root`, `changed()`, and `fields`, in which each
 * control is found by its path, for errors to be shown there.
 */
export function control(form, schema, path, label, value, set, optional = false, bare = false) {
  const s = resolve(schema, form.root);
  const type = typeOf(s);
  const id = newId('s');
  const title = label ?? s.title ?? words(path[path.length - 1]);
  const hint = s.description ? h('p', { class: 'hint', id: `${id}h` }, s.description) : null;
  const error = h('p', { class: 'fielderror', id: `${id}e`, hidden: true });
  const put = (next) => {
    set(next);
    setError('');
    form.changed();
  };
  let focus = null;
  const setError = (text) => {
    error.textContent = text;
    error.hidden = text === '';
    const on = focus ?? wrap;
    setAttr(on, 'aria-invalid', text ? 'true' : null);
    setAttr(on, 'aria-describedby', [hint && hint.id, text && error.id].filter(Boolean).join(' ') || null);
  };
  const names = h('label', { for: id }, title, optional ? '' : h('span', { class: 'must', title: 'Required' }, ' *'));
  let wrap;
  const simple = (input) => {
    focus = input;
    wrap = h('div', { class: 'field' }, names, hint, input, error);
  };

  if (type === 'boolean') {
    const input = h('input', { type: 'checkbox', id, onchange: () => put(input.checked) });
    input.checked = value ?? s.default ?? false;
    focus = input;
    wrap = h('div', { class: 'field check' }, input, names, hint, error);
  } else if (type === 'enum') {
    const input = h('select', { id, onchange: () => put(input.value === '' ? undefined : s.enum[Number(input.value)]) },
      optional && h('option', { value: '' }, s.default === undefined ? 'Default' : `Default (${s.default})`),
      s.enum.map((each, i) => h('option', { value: i }, String(each))));
    input.value = s.enum.includes(value) ? String(s.enum.indexOf(value)) : '';
    simple(input);
  } else if (type === 'integer' || type === 'number') {
    const input = h('input', {
      type: 'number', id, step: type === 'integer' ? 1 : 'any', min: s.minimum, max: s.maximum, value: value ?? '',
      placeholder: s.default, oninput: () => put(input.value === '' ? undefined : Number(input.value)),
    });
    simple(input);
  } else if (type === 'string') {
    // Text that a spec has to carry in base64 is written as what it is.
    const base64 = s.contentEncoding === 'base64' && decode(value ?? '') !== null;
    const long = s.format === 'textarea' || s.contentEncoding || (typeof value === 'string' && value.includes('\n'));
    const input = h(long ? 'textarea' : 'input', {
      id, type: long ? undefined : 'text', rows: long ? 6 : undefined, class: long ? 'mono' : undefined,
      value: base64 ? decode(value ?? '') : value ?? '', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', placeholder: s.default,
      oninput: () => put(input.value === '' && optional ? undefined : base64 ? encode(input.value) : input.value),
    });
    simple(input);
  } else if (type === 'const') {
    wrap = h('input', { type: 'hidden', value: String(s.const) });
    if (value !== s.const) set(s.const);
  } else if (type === 'choice') {
    const all = choices(s).filter((each) => resolve(each, form.root).type !== 'null');
    let which = all.findIndex((each) => fits(value, each, form.root));
    // What may be left out and is left out stays so until a choice is made.
    const none = optional && value === undefined;
    if (none) which = -1;
    else if (which < 0) which = 0;
    const inner = h('div', {});
    const draw = (current) => {
      if (which < 0) return void inner.replaceChildren();
      const each = resolve(all[which], form.root);
      if (typeOf(each) === 'const') return void inner.replaceChildren();
      inner.replaceChildren(control(form, each, path, each.title ?? title, current, set, optional, true));
    };
    if (all.length > 1 || optional) {
      const input = h('select', { id, onchange: () => {
        which = input.value === '' ? -1 : Number(input.value);
        const next = which < 0 ? undefined : blank(all[which], form.root);
        put(next);
        draw(next);
      } }, optional && h('option', { value: '' }, 'Default'), all.map((each, i) => h('option', { value: i }, resolve(each, form.root).title ?? `Choice ${i + 1}`)));
      input.value = which < 0 ? '' : String(which);
      focus = input;
      wrap = h('div', { class: 'choice' }, h('div', { class: 'field' }, names, hint, input, error), inner);
    } else wrap = h('div', {}, inner, error);
    draw(value);
  } else if (type === 'object') {
    const object = value !== null && typeof value === 'object' ? value : {};
    const must = new Set(s.required ?? []);
    // What is required comes first; schemas are often in the order of the alphabet.
    const keys = Object.keys(s.properties).sort((a, b) => must.has(b) - must.has(a));
    const single = bare && keys.length === 1;
    const parts = keys.map((key) => control(form, s.properties[key], [...path, key], undefined, object[key], (next) => {
      if (next === undefined) delete object[key];
      else object[key] = next;
      set(object);
    }, !must.has(key), single));
    // An object that only stands around another, or is one choice of several, needs no frame.
    wrap = bare ? h('div', { class: 'column' }, hint, parts, error) : h('fieldset', {}, h('legend', {}, title), hint, parts, error);
  } else if (type === 'array') {
    wrap = items(form, s, path, title, Array.isArray(value) ? value : [], put, set, optional, hint, error);
  } else if (type === 'map') {
    wrap = map(form, path, title, value ?? {}, put, optional, hint, error);
  } else {
    const input = h('textarea', { id, rows: 4, class: 'mono', spellcheck: 'false', value: value === undefined ? '' : JSON.stringify(value, null, 2), oninput: () => {
      try {
        put(input.value.trim() === '' ? undefined : JSON.parse(input.value));
      } catch (problem) {
        setError(`No JSON: ${problem.message}`);
      }
    } });
    simple(input);
  }
  if (hint && focus) setAttr(focus, 'aria-describedby', hint.id);
  form.fields.set(path.join('.'), { show: setError, focus: () => (focus ?? wrap.querySelector?.('input, select, textarea, button'))?.focus() });
  return wrap;
}

function items(form, s, path, title, list, put, set, optional, hint, error) {
  const rows = h('div', { class: 'rowlist' });
  const part = s.items ?? { type: 'string' };
  const draw = (focusAt) => {
    rows.replaceChildren(...list.map((value, i) => h('div', { class: 'item' },
      control(form, part, [...path, String(i)], `${title} ${i + 1}`, value, (next) => {
        list[i] = next ?? '';
        set(list);
      }, true),
      h('button', { type: 'button', 'aria-label': `Remove ${title} ${i + 1}`, onclick: () => {
        list.splice(i, 1);
        put(list.length === 0 && optional ? undefined : list);
        draw(Math.min(i, list.length - 1));
      } }, '×'))));
    if (focusAt >= 0) rows.children[focusAt]?.querySelector('input, select, textarea')?.focus();
  };
  draw(-1);
  return h('fieldset', { class: 'many' }, h('legend', {}, title, optional ? '' : h('span', { class: 'must' }, ' *')), hint, rows,
    h('button', { type: 'button', onclick: () => {
      list.push(blank(part, form.root));
      put(list);
      draw(list.length - 1);
    } }, `Add to ${title.toLowerCase()}`), error);
}

function map(form, path, title, value, put, optional, hint, error) {
  const pairs = Object.entries(value);
  const rows = h('div', { class: 'rowlist' });
  const store = () => {
    const next = Object.fromEntries(pairs.filter(([key]) => key !== ''));
    put(pairs.length === 0 && optional ? undefined : next);
  };
  const draw = (focusAt) => {
    rows.replaceChildren(...pairs.map((pair, i) => h('div', { class: 'pair' },
      h('input', { type: 'text', 'aria-label': `${title}: key ${i + 1}`, placeholder: 'key', value: pair[0], spellcheck: 'false', autocomplete: 'off', oninput: (event) => {
        pair[0] = event.target.value;
        store();
      } }),
      h('span', { 'aria-hidden': 'true' }, '='),
      h('input', { type: 'text', 'aria-label': `${title}: value ${i + 1}`, placeholder: 'value', value: typeof pair[1] === 'string' ? pair[1] : JSON.stringify(pair[1]), spellcheck: 'false', autocomplete: 'off', oninput: (event) => {
        pair[1] = event.target.value;
        store();
      } }),
      h('button', { type: 'button', 'aria-label': `Remove ${title} ${i + 1}`, onclick: () => {
        pairs.splice(i, 1);
        store();
        draw(Math.min(i, pairs.length - 1));
      } }, '×'))));
    if (focusAt >= 0) rows.children[focusAt]?.querySelector('input')?.focus();
  };
  draw(-1);
  return h('fieldset', { class: 'many' }, h('legend', {}, title), hint, rows, h('button', { type: 'button', onclick: () => {
    pairs.push(['', '']);
    draw(pairs.length - 1);
  } }, `Add to ${title.toLowerCase()}`), error);
}
