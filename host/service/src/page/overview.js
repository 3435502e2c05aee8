// How the service is doing, at a glance.

import { get, state, text } from './api.js';
import { h, setText } from './dom.js';
import { count } from './clock.js';
import { poll } from './poll.js';
import { link } from './route.js';
import { every, history, metricsTrouble, onSample, span } from './metrics.js';
import { Plot, number } from './plots.js';
import { name as shown, problem } from './ui.js';
import { visible } from './ansi.js';

const PHASES = ['succeeded', 'failed', 'timeout', 'canceled', 'interrupted'];

export function view(main) {
  const trouble = h('div', {});
  const tile = (label, href) => {
    const value = h('strong', {}, '–');
    const small = h('span', { class: 'dim' });
    const content = [h('span', { class: 'cap' }, label), value, small];
    return { value, small, el: href ? h('a', { class: 'tile', href }, content) : h('div', { class: 'tile' }, content) };
  };
  const tiles = {
    ready: tile('Service'),
    running: tile('Running', link(['tasks'], { phase: 'running' })),
    waiting: tile('Waiting', link(['tasks'], { phase: 'waiting' })),
    lines: tile('Lines per second'),
    plugins: tile('Plugins', '#/plugins'),
  };
  const common = { span, gap: every * 5 };
  const plots = [
    new Plot({ ...common, title: 'Tasks ended', unit: 'per second', series: PHASES.map((key) => ({ key, label: key, value: (sample) => (sample.ended ? sample.ended[key] ?? 0 : undefined) })) }),
    new Plot({ ...common, title: 'Lines of output', unit: 'per second', series: [{ key: 'lines', label: 'lines', value: (sample) => sample.lines }] }),
    new Plot({ ...common, title: 'Tasks in hand', unit: 'tasks', series: [{ key: 'running', label: 'running', value: (sample) => sample.running }, { key: 'waiting', label: 'waiting', value: (sample) => sample.waiting }] }),
    new Plot({ ...common, title: 'Writers that had to wait', unit: 'times per second', series: [{ key: 'waits', label: 'waits', value: (sample) => sample.waits }] }),
  ];
  main.append(
    h('div', { class: 'headline' }, h('h1', { tabindex: '-1' }, 'Overview'), h('p', { class: 'summary' }, state.service ? [shown(state.service.name), ' ', shown(state.service.version)] : '')),
    trouble,
    h('div', { class: 'tiles' }, Object.values(tiles).map((each) => each.el)),
    h('div', { class: 'plots' }, plots.map((plot) => plot.el)),
    h('p', { class: 'hint' }, 'The plots show what this page has seen since it was opened, ten minutes at most.'));

  const draw = () => {
    const error = metricsTrouble();
    trouble.replaceChildren(...(error ? [problem({ message: `No metrics: ${error.message}` })] : []));
    const samples = history();
    const last = samples[samples.length - 1];
    for (const plot of plots) plot.draw(samples);
    if (!last) return;
    setText(tiles.running.value, count(last.running));
    setText(tiles.waiting.value, count(last.waiting));
    setText(tiles.lines.value, number(last.lines));
  };
  const noSample = onSample(draw);
  draw();

  const loop = poll(3000, async (signal) => {
    const [ready, plugins] = await Promise.all([
      text('/readyz', { signal }).then(() => null, (error) => {
        if (error.status === undefined) throw error;
        return error;
      }),
      get('/v1/plugins', { signal }),
    ]);
    setText(tiles.ready.value, ready ? 'Not ready' : 'Ready');
    tiles.ready.el.classList.toggle('bad', Boolean(ready));
    setText(tiles.ready.small, ready ? reasons(ready) : 'takes tasks');
    const active = plugins.plugins.filter((each) => each.state === 'active').length;
    setText(tiles.plugins.value, count(active));
    const refused = plugins.rejected?.length ?? 0;
    setText(tiles.plugins.small, refused ? `in service, ${count(refused)} refused` : 'in service');
    tiles.plugins.el.classList.toggle('bad', refused > 0);
  }, (error) => trouble.replaceChildren(problem(error)));

  return {
    title: 'Overview',
    route: () => true,
    close: () => {
      loop.stop();
      noSample();
    },
  };
}

/** Why it is not ready, in the words of the service. */
function reasons(error) {
  try {
    return visible(JSON.parse(error.message).reasons.map((each) => (typeof each === 'string' ? each : each.message ?? JSON.stringify(each))).join('; '));
  } catch {
    return visible(error.message);
  }
}
