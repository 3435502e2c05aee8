// The queue that hosts share: what waits and runs in it, the hosts, and the tasks that are tried no more.

import { get, post, state } from './api.js';
import { h, setText } from './dom.js';
import { count, duration, zoneName } from './clock.js';
import { onPref } from './prefs.js';
import { poll } from './poll.js';
import { action, confirm, facts, name as shown, problem, table, time, toast } from './ui.js';
import { visible } from './ansi.js';

/** How many of the tasks that run here are named. */
const SHOWN = 20;

const unique = (list) => [...new Set(list)];

function selector(need) {
  return need.selector ? h('code', {}, visible(JSON.stringify(need.selector))) : h('span', { class: 'dim' }, 'any');
}

/** A table; `none` where it has no rows. */
const filled = (title, columns, rows, none) => (rows.length === 0 ? h('p', { class: 'empty' }, none) : table(title, columns, rows));

function takers(need) {
  if (need.hosts > 0) return count(need.hosts);
  return need.waiting > 0 ? h('strong', { class: 'bad' }, 'none takes it') : '0';
}

export function view(main) {
  const trouble = h('div', {});
  const ours = h('div', {});
  const tasks = h('div', {});
  const hosts = h('div', {});
  const dead = h('div', {});
  const letters = h('span', { class: 'dim' });
  const all = action({ label: 'Put all back', busy: 'Putting back…', role: 'submit', hint: 'Puts those that are listed back into the queue', run: async () => {
    const names = listed.map((letter) => letter.name);
    if (!await confirm('Put all of them back?', `${count(names.length)} tasks are delivered again, from the first time.`, 'Put back')) return;
    for (const name of names) await retry(name);
    toast(`${count(names.length)} tasks are in the queue again.`, 'good');
    loop.now();
  } });
  let listed = [];
  // What is the same stays, with what somebody has selected of it.
  const stamps = new Map();
  const changed = (el, value) => {
    const stamp = JSON.stringify(value) + zoneName() + state.role;
    if (stamps.get(el) === stamp) return false;
    stamps.set(el, stamp);
    return true;
  };
  main.append(h('div', { class: 'headline' }, h('h1', { tabindex: '-1' }, 'Queue')), trouble, ours,
    h('div', {}, h('section', {}, h('h2', {}, 'Tasks'), tasks), h('section', {}, h('h2', {}, 'Hosts'), hosts),
    h('section', {}, h('div', { class: 'headline' }, h('h2', {}, 'Dead letters ', letters), h('span', { class: 'grow' }), all.el), dead)));

  const retry = (name) => post(`/v1/queue/dead/${encodeURIComponent(name)}/retry`);

  function back(letter) {
    const one = action({ label: 'Put back', busy: 'Putting back…', role: 'submit', hint: 'Delivers it again, from the first time', run: async () => {
      await retry(letter.name);
      toast(`${letter.name} is in the queue again.`, 'good');
      loop.now();
    } });
    one.update();
    return one.el;
  }

  function draw(said) {
    if (changed(ours, { ...said, status: null })) ours.replaceChildren(facts([
      ['Servers', shown(said.address)],
      ['This host', said.host ? shown(said.host) : 'takes no tasks yet'],
      ['Runs', said.host ? `${count(said.running)} of ${count(said.jobs)}` : null],
      ['Tasks here', said.tasks?.length ? h('span', {}, said.tasks.slice(0, SHOWN).flatMap((task, at) => [
        at > 0 ? ', ' : '', shown(task.name), task.delivery > 1 ? ` (delivered ${count(task.delivery)} times)` : '']),
        said.tasks.length > SHOWN ? ` and ${count(said.tasks.length - SHOWN)} more` : '') : null],
    ]));
    const { status } = said;
    if (!status) return;
    if (changed(tasks, status.tasks)) tasks.replaceChildren(filled('Tasks', ['Kind', 'Selector', 'Waiting', 'Running', 'Delivered again', 'Oldest', 'Hosts'],
      status.tasks.map((each) => [shown(each.need.kind), selector(each.need), count(each.waiting), count(each.running), count(each.redelivered),
        each.oldest === undefined ? '' : duration(each.oldest), takers(each)]), 'No task was ever put into this queue.'));
    // Each says again and again that it is there, and by its clock when.
    if (changed(hosts, status.hosts.map((each) => ({ ...each, now: 0 })))) hosts.replaceChildren(filled('Hosts', ['Host', 'Running', 'Plugins', 'Kinds', 'Since', 'Version'],
      status.hosts.map((each) => [shown(each.name), `${count(each.running)} of ${count(each.jobs)}`,
        visible(unique(each.runners.map((runner) => `${runner.plugin} ${runner.version}`)).join(', ')),
        visible(unique(each.runners.flatMap((runner) => runner.kinds)).join(', ')),
        time(new Date(each.since).toISOString(), { relative: false }), shown(each.version)]), 'No host takes tasks of this queue.'));
    listed = status.dead;
    all.el.hidden = listed.length < 2;
    setText(letters, status.deadLetters > 0 ? count(status.deadLetters) : '');
    if (!changed(dead, listed)) return;
    all.update();
    dead.replaceChildren(filled('Dead letters', ['Task', 'Why', 'Deliveries', 'Since', 'Action'],
      listed.map((each) => [shown(each.name), h('span', { class: 'reason' }, visible(each.reason, true)), count(each.deliveries),
        time(new Date(each.at).toISOString(), { relative: false }), back(each)]), 'There are none.'));
  }

  const loop = poll(2000, async (signal) => {
    const said = await get('/v1/queue', { signal });
    trouble.replaceChildren(...(said.problem ? [problem({ message: `The queue is not seen as it is now: ${said.problem}` })] : []));
    draw(said);
  }, (error) => {
    trouble.replaceChildren(problem(error));
    if (error.status === 404) return false;
  });
  const noPref = onPref((what) => what === 'zone' && loop.now());
  return {
    title: 'Queue',
    route: (path) => path.length === 1,
    who: () => loop.now(),
    close: () => {
      loop.stop();
      noPref();
    },
  };
}
