// Making a task: a form and its JSON, which are the same document.

import { get, post, taskPath } from './api.js';
import { h, setAttr, setText } from './dom.js';
import { patiently } from './poll.js';
import { note, taskLink } from './route.js';
import { action, describe, name as shown, problem, toast } from './ui.js';
import { blank, control, resolve } from './form.js';
import { visible } from './ansi.js';

/** The spec of a task as it would be sent again: the service keeps it in another form, with a workload. */
function asSent(task) {
  const { workload, name, ...doc } = structuredClone(task.spec ?? {});
  if (workload && !doc.kind && workload.kind?.toLowerCase() === task.kind.toLowerCase()) doc.kind = { [task.kind]: workload.spec };
  else if (workload) doc.workload = workload;
  if (task.labels && !doc.labels) doc.labels = task.labels;
  if (task.onInterrupt && !doc.onInterrupt) doc.onInterrupt = task.onInterrupt;
  return doc;
}

/** The fields that a spec of each kind has. */
const COMMON = {
  type: 'object',
  required: ['slot', 'timeout'],
  properties: {
    name: { type: 'string', title: 'Name', description: 'One is made up where it is left empty.' },
    slot: { type: 'string', title: 'Slot', description: 'A slot runs one task at a time.' },
    timeout: { type: 'integer', title: 'Timeout in milliseconds', minimum: 1, description: 'The longest that one attempt may take.' },
    admission: { enum: ['dropIfRunning', 'queue', 'replace'], title: 'If the slot is busy', default: 'dropIfRunning' },
    restart: {
      title: 'Restart', description: 'Whether another attempt follows.',
      oneOf: [
        { title: 'Never', type: 'object', required: ['type'], properties: { type: { const: 'never' } }, additionalProperties: false },
        { title: 'After a failure', type: 'object', required: ['type'], properties: { type: { const: 'onFailure' } }, additionalProperties: false },
        { title: 'Always', type: 'object', required: ['type'], properties: { type: { const: 'always' }, intervalMs: { type: 'integer', minimum: 0, title: 'Milliseconds between two' } }, additionalProperties: false },
      ],
    },
    onInterrupt: { enum: ['rerun', 'fail'], title: 'If the service ends meanwhile' },
    labels: { type: 'object', title: 'Labels', additionalProperties: { type: 'string' } },
  },
};

export function view(main, query) {
  let doc = { slot: 'default', timeout: 60_000, kind: {} };
  let kinds = [];
  let form = null;
  let raw = false;
  let broken = null;
  // A timeout in words, such as "5s", is no number for the form; then it is text there, too.
  const common = () => ({ ...COMMON, properties: { ...COMMON.properties, ...(typeof doc.timeout === 'string' ? { timeout: { type: 'string', title: 'Timeout' } } : {}) } });

  const trouble = h('div', { id: 'submiterror' });
  const pane = h('div', { id: 'pane', role: 'tabpanel', 'aria-labelledby': 'tab-form' });
  const tab = (id, text, isRaw) => h('button', { type: 'button', role: 'tab', id, 'aria-controls': 'pane', onclick: () => switchTo(isRaw), onkeydown: (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    switchTo(!isRaw);
    (isRaw ? tabs[0] : tabs[1]).focus();
  } }, text);
  const tabs = [tab('tab-form', 'Form', false), tab('tab-json', 'JSON', true)];
  const send = action({ label: 'Submit', busy: 'Submitting…', role: 'submit', kind: 'primary', run: submit });
  const done = h('div', { role: 'status' });
  const controls = h('form', { class: 'submit', onsubmit: (event) => {
    event.preventDefault();
    send.el.click();
  } }, h('div', { role: 'tablist', 'aria-label': 'How to write it', class: 'tabs' }, tabs), pane,
  h('div', { class: 'buttons' }, send.el), done);
  main.append(h('div', { class: 'headline' }, h('h1', { tabindex: '-1' }, 'Submit a task')), trouble, controls);
  controls.hidden = true;
  const loading = h('p', { class: 'empty' }, 'Asking which kinds are in service…');
  main.append(loading);

  const kindOf = () => Object.keys(doc.kind ?? {})[0] ?? '';

  function choose(kind) {
    const found = kinds.find((each) => each.kind === kind);
    const keep = Object.fromEntries(Object.entries(doc).filter(([key]) => key !== 'kind'));
    const example = found?.example ? structuredClone(found.example) : null;
    const value = example?.kind?.[kind] ?? (found?.schema ? blank(found.schema, found.schema) : {});
    doc = { ...(example ?? {}), ...keep, kind: { [kind]: value } };
    note(['submit'], { kind });
  }

  function switchTo(next) {
    if (raw && !next && broken) return void toast('The JSON has an error. Correct it first.', 'bad');
    raw = next;
    draw();
  }

  function draw() {
    setAttr(tabs[0], 'aria-selected', String(!raw));
    setAttr(tabs[1], 'aria-selected', String(raw));
    tabs[0].tabIndex = raw ? -1 : 0;
    tabs[1].tabIndex = raw ? 0 : -1;
    setAttr(pane, 'aria-labelledby', raw ? 'tab-json' : 'tab-form');
    form = null;
    pane.classList.toggle('two', !raw);
    pane.replaceChildren(...(raw ? [editor(doc, (next) => { doc = next; })] : asForm()));
  }

  function editor(value, set) {
    const error = h('p', { class: 'fielderror', id: 'jsonerror', hidden: true });
    const area = h('textarea', {
      id: 'json', class: 'mono', rows: 22, spellcheck: 'false', autocomplete: 'off', 'aria-describedby': 'jsonerror', value: JSON.stringify(value, null, 2),
      oninput: () => {
        try {
          const next = JSON.parse(area.value);
          if (next === null || typeof next !== 'object' || Array.isArray(next)) throw new Error('An object is needed.');
          broken = null;
          set(next);
        } catch (problem) {
          broken = problem.message;
        }
        error.hidden = broken === null;
        setText(error, broken ?? '');
        setAttr(area, 'aria-invalid', broken ? 'true' : null);
      },
    });
    return h('div', { class: 'field' }, h('label', { for: 'json' }, 'The spec'), area, error);
  }

  function asForm() {
    const kind = kindOf();
    const found = kinds.find((each) => each.kind === kind);
    const select = h('select', { id: 'kind', onchange: () => {
      choose(select.value);
      draw();
    } }, kinds.map((each) => h('option', { value: each.kind }, visible(`${each.kind}${each.plugins?.length ? ` (${each.plugins.join(', ')})` : ''}`))),
    !found && kind && h('option', { value: kind }, visible(`${kind} (not in service)`)));
    select.value = kind;
    form = { root: COMMON, changed: () => {}, fields: new Map() };
    const left = [h('div', { class: 'field' }, h('label', { for: 'kind' }, 'Kind'), select)];
    const right = control(form, common(), [], 'Task', doc, (next) => { doc = next; }, false);
    if (found?.schema) {
      form.root = found.schema;
      const title = resolve(found.schema, found.schema).title ?? kind;
      left.push(control(form, found.schema, ['kind', kind], title, doc.kind[kind], (next) => { doc.kind[kind] = next; }, false));
    } else if (doc.kind) {
      left.push(h('p', { class: 'hint' }, 'This kind says nothing about its fields, so they are written as JSON.'), editor(doc.kind[kind], (next) => { doc.kind[kind] = next; }));
    }
    return [h('div', { class: 'column' }, left), right];
  }

  async function submit() {
    trouble.replaceChildren();
    done.replaceChildren();
    if (broken) {
      document.getElementById('json')?.focus();
      throw new Error('the JSON has an error');
    }
    // Fields that were left empty are not sent.
    const body = Object.fromEntries(Object.entries(doc).filter(([, value]) => value !== undefined && value !== ''));
    for (const field of form?.fields.values() ?? []) field.show('');
    try {
      const task = await post('/v1/tasks', body);
      done.replaceChildren(h('p', { class: 'report' }, 'Accepted as ', h('a', { href: taskLink(task.name) }, shown(task.name)), '.'));
      done.querySelector('a').focus();
    } catch (error) {
      if (!error.status || error.status === 401) throw error;
      show(error);
    }
  }

  function show(error) {
    // The message may begin with the field itself, which the place of it says already.
    const said = describe(error);
    const plain = error.field && said.startsWith(`${error.field}: `) ? said.slice(error.field.length + 2) : said;
    trouble.replaceChildren(problem({ message: `Not accepted: ${error.field ? `${error.field}: ` : ''}${plain}` }));
    if (!form || !error.field) return void trouble.scrollIntoView({ block: 'nearest' });
    // The control of the field, or of what it is a part of.
    const keys = error.field.replace(/\[(\d+)\]/g, '.$1').replace(/^spec\./, '').split('.');
    for (let size = keys.length; size > 0; size -= 1) {
      const found = form.fields.get(keys.slice(0, size).join('.'));
      if (!found) continue;
      found.show(visible(plain[0].toUpperCase() + plain.slice(1)));
      found.focus();
      return;
    }
  }

  patiently(() => Promise.all([get('/v1/kinds'), query.from ? get(taskPath(query.from)) : null])).then(([said, from]) => {
    kinds = said.kinds;
    if (from) {
      doc = asSent(from);
    } else if (kinds.length > 0) choose(kinds.some((each) => each.kind === query.kind) ? query.kind : kinds[0].kind);
    // A spec of another form, as older clients send it, has no single kind to make a form for.
    raw = kinds.length === 0 || kindOf() === '';
    loading.remove();
    controls.hidden = false;
    if (kinds.length === 0) trouble.replaceChildren(problem({ message: 'No kind is in service: there is no plugin that takes tasks.' }));
    draw();
  }, (error) => {
    loading.replaceWith(problem(error));
  });

  return {
    title: 'Submit a task',
    route: (path, next) => path.length === 1 && (next.from ?? '') === (query.from ?? '') && (!next.kind || next.kind === kindOf()),
    who: () => send.update(),
    close: () => {},
  };
}
