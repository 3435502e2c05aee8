// The list of tasks, the newest first, with what narrows it down in the address.

import { get, path } from './api.js';
import { debounce, h, reconcile, setAttr, setText } from './dom.js';
import { ago, count, duration, fullTime, now, wholeDuration, zoneName } from './clock.js';
import { onPref } from './prefs.js';
import { patiently, poll } from './poll.js';
import { link, note, taskLink } from './route.js';
import { badge, labels, name as shown, problem } from './ui.js';
import { visible } from './ansi.js';

const PHASES = ['pending', 'running', 'waiting', 'succeeded', 'failed', 'timeout', 'canceled', 'interrupted'];
const PAGE = 100;

export function view(main, query) {
  let filter = { ...query };
  let live = true;
  let rows = [];

  const fields = {};
  const field = (key, label, props = {}) => {
    const input = h('input', {
      type: 'search', id: `f-${key}`, value: filter[key] ?? '', autocomplete: 'off', spellcheck: 'false', ...props,
      oninput: debounce(() => change({ [key]: input.value.trim() }), 250),
    });
    fields[key] = input;
    return h('div', { class: 'field' }, h('label', { for: `f-${key}` }, label), input);
  };
  const chips = PHASES.map((phase) => h('button', {
    type: 'button', class: `chip p-${phase}`, 'data-phase': phase, 'aria-pressed': 'false',
    onclick: () => {
      const set = new Set((filter.phase ?? '').split(',').filter(Boolean));
      if (!set.delete(phase)) set.add(phase);
      change({ phase: PHASES.filter((each) => set.has(each)).join(',') });
    },
  }, phase));
  const kinds = h('datalist', { id: 'kindlist' });
  const plugins = h('datalist', { id: 'pluginlist' });
  const clear = h('button', { type: 'button', onclick: () => {
    for (const input of Object.values(fields)) input.value = '';
    filter = {};
    change({});
  } }, 'Clear filters');
  const pause = h('button', { type: 'button', class: 'toggle', 'aria-pressed': 'true', title: 'Update the list as things change', onclick: () => {
    live = !live;
    setAttr(pause, 'aria-pressed', String(live));
    if (live) loop.now();
  } }, 'Live');
  const summary = h('p', { class: 'summary', role: 'status' });
  const trouble = h('div', {});
  const body = h('tbody', {});
  const table = h('table', { class: 'cards list' },
    h('caption', { class: 'offscreen' }, 'Tasks, the newest first'),
    h('thead', {}, h('tr', {}, [['Name'], ['Phase'], ['Slot'], ['Kind'], ['Plugin', 'wide'], ['Labels', 'wide'], ['Created'], ['Took', 'num'], ['Attempts', 'num'], ['Exit', 'num']]
      .map(([text, kind]) => h('th', { scope: 'col', class: kind }, text)))),
    body);
  const empty = h('div', { class: 'empty', hidden: true });
  const older = h('a', { class: 'button', hidden: true }, 'Older →');
  const newest = h('a', { class: 'button', hidden: true }, '← Newest');

  main.append(
    h('div', { class: 'headline' }, h('h1', { tabindex: '-1' }, 'Tasks'), summary, h('span', { class: 'grow' }), pause,
      h('a', { class: 'button primary', href: '#/submit' }, 'Submit a task')),
    h('form', { class: 'filters', role: 'search', 'aria-label': 'Filter the tasks', onsubmit: (event) => event.preventDefault() },
      field('prefix', 'Name begins with', { 'data-focus': 'search' }), field('slot', 'Slot'), field('plugin', 'Plugin', { list: 'pluginlist' }),
      field('kind', 'Kind', { list: 'kindlist' }), field('label', 'Label', { placeholder: 'key=value' }), kinds, plugins,
      h('div', { class: 'field phases', role: 'group', 'aria-label': 'Phase' }, h('span', { class: 'cap', 'aria-hidden': 'true' }, 'Phase'), h('div', { class: 'chips' }, chips)),
      clear),
    trouble, h('div', { class: 'scrollx' }, table), empty, h('nav', { class: 'pager', 'aria-label': 'Pages' }, newest, older));

  function change(with_) {
    filter = { ...filter, ...with_, before: undefined };
    note(['tasks'], filter);
    marks();
    setAttr(table, 'aria-busy', 'true');
    loop.now();
  }

  function marks() {
    const on = new Set((filter.phase ?? '').split(',').filter(Boolean));
    for (const chip of chips) setAttr(chip, 'aria-pressed', String(on.has(chip.dataset.phase)));
    const any = Object.entries(filter).some(([key, value]) => value && key !== 'before');
    clear.hidden = !any;
    newest.hidden = !filter.before;
    newest.href = link(['tasks'], { ...filter, before: undefined });
  }

  function draw(tasks, next) {
    rows = tasks;
    reconcile(body, tasks, {
      key: (task) => task.name,
      stamp: (task) => JSON.stringify(task) + zoneName(),
      make: () => h('tr', {}),
      fill,
    });
    setAttr(table, 'aria-busy', null);
    tick();
    older.hidden = next === undefined || next === null;
    if (!older.hidden) older.href = link(['tasks'], { ...filter, before: next });
    table.hidden = tasks.length === 0;
    empty.hidden = tasks.length > 0;
    if (tasks.length === 0) {
      const filtered = !clear.hidden;
      empty.replaceChildren(
        h('p', {}, filtered ? 'No task fits these filters.' : filter.before ? 'There are no older tasks.' : 'There are no tasks yet.'),
        filtered || filter.before ? '' : h('p', {}, h('a', { href: '#/submit' }, 'Submit the first one'), '.'));
    }
    setText(summary, `${filter.before ? 'An older page: ' : ''}${count(tasks.length)}${next ? ' shown, and there are older ones' : tasks.length === 1 ? ' task' : ' tasks'}`);
  }

  function fill(row, task) {
    let old = row.querySelector('a.main');
    if (!old) {
      old = h('a', { class: 'main', href: taskLink(task.name) }, shown(task.name));
      row.append(h('th', { scope: 'row' }, old));
    }
    // The link stays, with the focus that may be on it; the rest of the row is made again.
    while (row.children.length > 1) row.lastElementChild.remove();
    const cell = (label, kind, ...content) => h('td', { 'data-label': label, class: kind }, content);
    row.append(
      cell('Phase', '', badge(task.phase), task.error ? h('span', { class: 'dim clip', title: visible(task.error) }, visible(task.error)) : ''),
      cell('Slot', '', shown(task.slot)),
      cell('Kind', '', shown(task.kind)),
      cell('Plugin', 'wide', task.plugins?.length ? shown(task.plugins.join(', ')) : dash()),
      cell('Labels', 'wide', Object.keys(task.labels ?? {}).length ? labels(task.labels) : dash()),
      cell('Created', '', h('time', { datetime: task.created, title: fullTime(task.created), class: 'ago' })),
      cell('Took', 'num', h('span', { class: 'took' })),
      cell('Attempts', 'num', count(task.attempts)),
      cell('Exit', 'num', task.exitCode ?? dash()));
  }

  const dash = () => h('span', { class: 'dim' }, '–');

  // What only time changes is set apart, so that rows need not be made again for it.
  function tick() {
    const entries = body.keyed;
    for (const task of rows) {
      const el = entries?.get(task.name)?.el;
      if (!el) continue;
      setText(el.querySelector('.ago'), ago(task.created));
      const end = task.ended ? Date.parse(task.ended) : now();
      setText(el.querySelector('.took'), (task.ended ? duration : wholeDuration)(end - Date.parse(task.created)));
    }
  }

  const loop = poll(1000, async (signal) => {
    if (!live) return tick();
    const asked = filter;
    const { phase, slot, prefix, label, plugin, kind, before, ended } = asked;
    const said = await get(path('/v1/tasks', { limit: PAGE, phase, slot, prefix, label, plugin, kind, before, ended }), { signal });
    // The filters may have changed while the answer was on its way.
    if (asked !== filter) return 0;
    trouble.replaceChildren();
    draw(said.tasks, said.next);
  }, (error) => {
    trouble.replaceChildren(problem(error));
    setAttr(table, 'aria-busy', null);
  });

  patiently(() => get('/v1/kinds')).then((said) => {
    kinds.append(...said.kinds.map((each) => h('option', { value: each.kind })));
    plugins.append(...[...new Set(said.kinds.flatMap((each) => each.plugins ?? []))].map((each) => h('option', { value: each })));
  }, () => {});

  marks();
  const noPref = onPref((what) => what === 'zone' && loop.now());
  return {
    title: 'Tasks',
    route: (where, next) => {
      if (where.length > 1) return false;
      filter = { ...next };
      for (const [key, input] of Object.entries(fields)) if (document.activeElement !== input) input.value = filter[key] ?? '';
      marks();
      loop.now();
      scrollTo(0, 0);
      return true;
    },
    close: () => {
      loop.stop();
      noPref();
    },
  };
}
