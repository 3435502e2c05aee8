// The plugins in service, those that are on their way out, and the files that were refused.

import { get, post, pluginPath, state } from './api.js';
import { h, reconcile, setText } from './dom.js';
import { bytes, count, zoneName } from './clock.js';
import { onPref } from './prefs.js';
import { poll } from './poll.js';
import { link, pluginLink } from './route.js';
import { action, badge, confirm, copy, facts, json, labels, name as shown, problem, table, time, toast } from './ui.js';
import { visible } from './ansi.js';

const OUTCOMES = ['succeeded', 'failed', 'timeout', 'canceled', 'dropped'];

function attempts(of) {
  const done = OUTCOMES.filter((key) => of[key] > 0).map((key) => h('span', { class: `tally p-${key}` }, `${count(of[key])} ${key}`));
  return [h('span', { class: of.active > 0 ? 'tally p-running' : 'tally' }, `${count(of.active ?? 0)} active`), ...done];
}

function runners(list) {
  return h('ul', { class: 'plain' }, (list ?? []).map((runner) => h('li', {},
    h('strong', {}, shown(runner.name)), ' ',
    (runner.kinds ?? []).map((kind) => h('a', { class: 'kind', href: link(['tasks'], { kind }) }, shown(kind))),
    labels(runner.labels))));
}

function buttons(name, done) {
  const retire = action({ label: 'Retire', busy: 'Retiring…', role: 'admin', hint: 'Gives it no more tasks', run: async () => {
    if (!await confirm('Retire this plugin?', `${name} gets no more tasks. Attempts that run go on to their end.`, 'Retire')) return;
    await post(pluginPath(name, '/retire'));
    toast(`${name} is retired.`, 'good');
    done();
  } });
  const back = action({ label: 'Put back', busy: 'Putting back…', role: 'admin', hint: 'Gives it tasks again', run: async () => {
    await post(pluginPath(name, '/reinstate'));
    toast(`${name} is given tasks again.`, 'good');
    done();
  } });
  return {
    el: h('div', { class: 'buttons' }, retire.el, back.el),
    update: (plugin) => {
      const retired = plugin.state === 'retired';
      retire.el.hidden = retired;
      back.el.hidden = !retired;
      retire.update();
      back.update();
    },
  };
}

function digest(sha256) {
  if (!sha256) return null;
  return h('button', { type: 'button', class: 'quiet mono', title: `SHA-256 ${sha256}; copies it`, onclick: () => copy(sha256, 'the digest') }, sha256.slice(0, 12));
}

function summary(plugin) {
  return facts([
    ['File', shown(plugin.file)],
    ['Version', shown(plugin.version)],
    ['ABI', plugin.abi === undefined ? null : shown(plugin.abi)],
    ['Digest', digest(plugin.sha256)],
    ['Size', plugin.size === undefined ? null : bytes(plugin.size)],
    ['Signature', plugin.signature === undefined || plugin.signature === null ? null : shown(typeof plugin.signature === 'string' ? plugin.signature : JSON.stringify(plugin.signature))],
    ['Attempts', attempts(plugin.attempts ?? {})],
    ['Panics', plugin.panics > 0 ? h('strong', { class: 'bad' }, count(plugin.panics)) : '0'],
  ]);
}

const lastError = (plugin) => plugin.lastError && h('div', { class: 'problem mild' }, h('strong', {}, 'Last error '), time(plugin.lastError.at, { relative: false }), ': ', h('span', { class: 'reason' }, visible(plugin.lastError.text, true)));

/** All of them. */
export function list(main) {
  const cards = h('div', { class: 'plugins' });
  const others = h('div', {});
  const none = h('p', { class: 'empty', hidden: true }, 'No plugin is in service. Put one into the directory of plugins, and reload.');
  const trouble = h('div', {});
  const images = h('p', { class: 'summary' });
  let stamp = '';
  const reload = action({ label: 'Reload', busy: 'Looking…', role: 'admin', hint: 'Looks at the directory now', run: async () => {
    const said = await post('/v1/plugins/reload');
    report(said);
    loop.now();
  } });
  const result = h('div', { role: 'status' });
  const controls = new Map();

  main.append(h('div', { class: 'headline' }, h('h1', { tabindex: '-1' }, 'Plugins'), images, h('span', { class: 'grow' }), reload.el), trouble, result, none, cards, others);

  function report(said) {
    const parts = ['added', 'replaced', 'renewed', 'retired', 'refused']
      .filter((key) => said[key]?.length)
      .map((key) => h('li', {}, h('strong', {}, `${key[0].toUpperCase()}${key.slice(1)}: `),
        said[key].map((each, i) => [i > 0 && '; ', shown(each.plugin ?? each.file),
          each.version ? ` ${each.before?.version ? `${visible(each.before.version)} → ` : ''}${visible(each.version)}` : '',
          each.reason ? h('span', { class: 'reason' }, `: ${visible(each.reason, true)}`) : '',
          each.stays ? ' (what was in service stays)' : ''])));
    result.replaceChildren(h('div', { class: 'report' },
      h('p', {}, parts.length === 0 ? `Nothing has changed; ${count(said.unchanged ?? 0)} unchanged.` : 'The directory was read:'),
      parts.length > 0 && h('ul', {}, parts),
      h('button', { type: 'button', class: 'quiet', onclick: () => result.replaceChildren() }, 'Close')));
  }

  function draw(said) {
    const { images: open } = said;
    setText(images, open ? `${count(open.limit - open.open)} of ${count(open.limit)} images left${open.limitBytes ? `, ${bytes(open.bytes)} of ${bytes(open.limitBytes)} in use` : ''}` : '');
    if (open) images.title = 'A library that was loaded once stays in memory, so only so many can be loaded until the service is started again.';
    reconcile(cards, said.plugins, {
      key: (plugin) => plugin.name,
      stamp: (plugin) => JSON.stringify(plugin) + zoneName() + state.role,
      make: (plugin) => {
        const control = buttons(plugin.name, () => loop.now());
        controls.set(plugin.name, control);
        return h('article', { class: 'card' }, h('div', { class: 'cardhead' },
          h('h2', {}, h('a', { class: 'main', href: pluginLink(plugin.name) }, shown(plugin.name))), h('span', {}), h('span', { class: 'grow' }), control.el));
      },
      fill: (el, plugin) => {
        const [top] = el.children;
        top.children[1].replaceChildren(badge(plugin.state));
        controls.get(plugin.name).update(plugin);
        while (el.children.length > 1) el.lastElementChild.remove();
        el.append(summary(plugin), h('h3', {}, 'Runners'), runners(plugin.runners));
        const error = lastError(plugin);
        if (error) el.append(error);
      },
    });
    none.hidden = said.plugins.length > 0;
    const next = JSON.stringify([said.rejected, said.skipped, said.departed]) + zoneName();
    if (next === stamp) return;
    stamp = next;
    others.replaceChildren(...[
      block('Refused', said.rejected, ['File', 'Stage', 'Reason'], (each) => [shown(each.file), [shown(each.stage), each.code ? h('span', { class: 'dim' }, ` ${visible(each.code)}`) : ''], h('span', { class: 'reason' }, visible(each.reason, true))]),
      block('Skipped', said.skipped, ['File', 'Reason'], (each) => [shown(each.file), h('span', { class: 'reason' }, visible(each.reason, true))]),
      block('Departed', said.departed, ['Plugin', 'Version', 'File', 'State', 'Since', 'Active'], (each) => [shown(each.name), shown(each.version), shown(each.file), badge(each.state), time(each.since, { relative: false }), count(each.active ?? 0)]),
    ].filter(Boolean));
  }

  const loop = poll(2000, async (signal) => {
    const said = await get('/v1/plugins', { signal });
    trouble.replaceChildren();
    draw(said);
  }, (error) => trouble.replaceChildren(problem(error)));

  const noPref = onPref((what) => what === 'zone' && loop.now());
  return {
    title: 'Plugins',
    route: (path) => path.length === 1,
    who: () => {
      reload.update();
      loop.now();
    },
    close: () => {
      loop.stop();
      noPref();
    },
  };
}

function block(title, items, columns, cells) {
  if (!items?.length) return null;
  return h('section', {}, h('h2', {}, `${title} `, h('span', { class: 'dim' }, count(items.length))),
    table(title, columns, items.map((item) => cells(item))));
}

/** One of them. */
export function one(main, name) {
  const mark = h('span', {});
  const body = h('div', {});
  const trouble = h('div', {});
  const control = buttons(name, () => loop.now());
  control.el.hidden = true;
  let stamp = '';
  main.append(h('div', { class: 'headline' }, h('p', { class: 'crumb' }, h('a', { href: '#/plugins' }, 'Plugins'), ' /'),
    h('h1', { tabindex: '-1' }, shown(name)), mark, h('span', { class: 'grow' }),
    h('a', { class: 'button', href: link(['tasks'], { plugin: name }) }, 'Its tasks'), control.el), trouble, body);
  const loop = poll(2000, async (signal) => {
    const plugin = await get(pluginPath(name), { signal });
    trouble.replaceChildren();
    control.el.hidden = false;
    control.update(plugin);
    const next = JSON.stringify(plugin) + zoneName();
    if (next === stamp) return;
    stamp = next;
    mark.replaceChildren(badge(plugin.state));
    const open = new Set([...body.querySelectorAll('details[open]')].map((each) => each.dataset.key));
    const fold = (key, title, value) => (value === undefined || value === null ? '' : h('details', { 'data-key': key, open: open.has(key) }, h('summary', {}, title), json(value)));
    body.replaceChildren(summary(plugin), h('h2', {}, 'Runners'), runners(plugin.runners), lastError(plugin) ?? '',
      fold('memory', 'Memory', plugin.memory), fold('health', 'Health', plugin.health), fold('description', 'Description', plugin.description));
  }, (error) => {
    trouble.replaceChildren(problem(error));
    if (error.status === 404) return false;
  });
  const noPref = onPref((what) => what === 'zone' && loop.now());
  return {
    title: name,
    route: (path) => path[1] === name,
    who: () => loop.now(),
    close: () => {
      loop.stop();
      noPref();
    },
  };
}
