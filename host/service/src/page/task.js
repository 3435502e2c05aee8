// One task: what it is, how it went, and its log.

import { get, post, ask, taskPath } from './api.js';
import { h, setText } from './dom.js';
import { duration, now, wholeDuration, zoneName } from './clock.js';
import { onPref } from './prefs.js';
import { poll } from './poll.js';
import { link, note, pluginLink, taskLink } from './route.js';
import { action, badge, confirm, describe, facts, json, labels, name as shown, problem, time, toast } from './ui.js';
import { attempts, timeline } from './timeline.js';
import { visible } from './ansi.js';
import { Log } from './log.js';

const ENDED = new Set(['succeeded', 'failed', 'timeout', 'canceled', 'interrupted']);

export function view(main, name, query) {
  let task = null;
  let stamp = '';
  let phase = null;
  const noted = (next) => note(['tasks', name], next);
  const title = h('h1', { tabindex: '-1' }, shown(name));
  const mark = h('span', {});
  const speak = h('p', { class: 'offscreen', 'aria-live': 'polite' });
  const head = h('div', { class: 'taskfacts' });
  const line = h('div', {});
  const more = h('div', { class: 'folds' });
  const trouble = h('div', {});
  const log = new Log(name, query, noted);

  const cancel = action({ label: 'Cancel', busy: 'Canceling…', role: 'submit', run: async () => {
    if (!await confirm('Cancel this task?', `${name} is stopped, and is not run again.`, 'Cancel the task')) return;
    await post(taskPath(name, '/cancel'));
    toast('The task is asked to stop.', 'good');
    loop.now();
  } });
  const retry = action({ label: 'Run again', busy: 'Starting…', role: 'submit', run: async () => {
    const made = await post(taskPath(name, '/retry'));
    toast('Runs again as', 'good', h('a', { href: taskLink(made.name) }, shown(made.name)));
  } });
  const remove = action({ label: 'Delete', busy: 'Deleting…', role: 'submit', kind: 'danger', run: async () => {
    if (!await confirm('Delete this task?', `The record of ${name} and all it wrote are removed. This cannot be undone.`, 'Delete')) return;
    await ask('DELETE', taskPath(name));
    toast(`Deleted ${name}.`, 'good');
    location.hash = '#/tasks';
  } });
  const copySpec = h('a', { class: 'button', href: link(['submit'], { from: name }) }, 'Edit and submit');

  main.append(
    h('div', { class: 'headline' }, h('p', { class: 'crumb' }, h('a', { href: '#/tasks' }, 'Tasks'), ' /'), title, mark,
      h('span', { class: 'grow' }), h('div', { class: 'buttons' }, cancel.el, retry.el, copySpec, remove.el)),
    trouble, head, line, more, log.el, speak);

  const folds = {};
  const fold = (key, text, content) => {
    const old = folds[key];
    if (!content) {
      old?.remove();
      delete folds[key];
      return;
    }
    if (old) old.lastElementChild.replaceWith(content);
    else more.append((folds[key] = h('details', {}, h('summary', {}, text), content)));
  };

  function draw() {
    mark.replaceChildren(badge(task.phase));
    const ended = ENDED.has(task.phase);
    cancel.update(ended ? 'The task has ended.' : null);
    retry.update(ended ? null : 'The task has not ended yet.');
    remove.update();
    if (phase !== null && phase !== task.phase) setText(speak, `The task is ${task.phase} now.`);
    phase = task.phase;
    head.replaceChildren(
      facts([
        ['Slot', h('a', { href: link(['tasks'], { slot: task.slot }) }, shown(task.slot))],
        ['Kind', h('a', { href: link(['tasks'], { kind: task.kind }) }, shown(task.kind))],
        ['Plugin', task.plugins?.length ? task.plugins.map((each, i) => [i > 0 && ', ', h('a', { href: pluginLink(each) }, shown(each))]) : null],
        ['Labels', Object.keys(task.labels ?? {}).length ? labels(task.labels) : null],
        ['Created', time(task.created, { relative: false })],
        ['Ended', task.ended ? time(task.ended, { relative: false }) : null],
        [ended ? 'Took' : 'Age', h('span', { class: 'took' }, took())],
        ['Exit code', task.exitCode === undefined ? null : String(task.exitCode)],
        ['On interrupt', task.onInterrupt],
        ['Run again of', task.retryOf ? h('a', { href: taskLink(task.retryOf) }, shown(task.retryOf)) : null],
      ]),
      task.error ? h('div', { class: 'problem' }, h('strong', {}, 'Error '), h('span', { class: 'reason' }, visible(task.error, true))) : '');
    line.replaceChildren(timeline(task) ?? '');
    fold('attempts', 'Attempts in a table', task.runs?.length ? attempts(task) : null);
    fold('interruptions', 'Interruptions', task.interruptions?.length
      ? h('ul', {}, task.interruptions.map((each) => h('li', {}, `Found ${visible(each.found)}, then ${visible(each.then)}`))) : null);
    fold('spec', 'Spec as JSON', task.spec ? json(task.spec) : null);
  }

  const took = () => (task.ended ? duration(Date.parse(task.ended) - Date.parse(task.created)) : wholeDuration(now() - Date.parse(task.created)));

  const loop = poll(1000, async (signal) => {
    task = await get(taskPath(name), { signal });
    trouble.replaceChildren();
    const next = JSON.stringify(task) + zoneName();
    if (next !== stamp) {
      stamp = next;
      draw();
    } else if (!task.ended) {
      setText(head.querySelector('.took'), took());
      // A bar that still grows.
      if (task.phase === 'running' || task.phase === 'waiting') drawLine();
    }
    log.setTask(task);
    return task.ended ? 10_000 : 1000;
  }, (error) => {
    if (error.status === 404) {
      trouble.replaceChildren(problem({ message: `There is no task of this name: ${describe(error)}. It may have been deleted, or be so old that it is not kept any more.` }));
      setText(mark, '');
      for (const each of [cancel, retry, remove]) each.update('There is no such task.');
      log.el.hidden = task === null;
      return false;
    }
    trouble.replaceChildren(problem(error));
  });

  function drawLine() {
    // Not under the reader's focus or pointer: a link that is replaced loses both.
    if (line.contains(document.activeElement) || line.matches(':hover')) return;
    line.replaceChildren(timeline(task) ?? '');
  }

  const noPref = onPref((what) => what === 'zone' && task && draw());
  return {
    title: name,
    route: (path, next) => {
      if (path[1] !== name) return false;
      log.show(next);
      return true;
    },
    who: () => task && draw(),
    close: () => {
      loop.stop();
      noPref();
      log.close();
    },
  };
}
