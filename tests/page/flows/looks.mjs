// Every view, in light and dark, on wide and narrow screens.

import assert from 'node:assert/strict';

import { axe, eventually, flow, service, shared, shell, unique, Tab } from '../flow.mjs';

/** A service with something of everything. */
const prepared = (api) => shared('looks', async () => {
  // As long as the service lets them be, without a place to break them at.
  const long = unique('a-name-that-is-longer-than-many-a-screen-is-wide').padEnd(63, '0');
  const script = [
    "printf '\\033[31mred\\033[0m \\033[1;32mbold\\033[0m \\033[41;97m on red \\033[0m \\033[7mreverse\\033[0m\\n'",
    'for i in $(seq 0 15); do printf "\\033[38;5;${i}m%3d\\033[0m \\033[48;5;${i}m bg \\033[0m " $i; done; echo',
    'printf "bell \\a end\\n"', 'echo to stderr >&2', "head -c 9000 /dev/zero | tr '\\0' x; echo", 'seq 1 300', 'exit 3',
  ].join('; ');
  const full = await api.run(shell(script, { name: unique('full'), slot: long, labels: { team: 'data', stage: long } }));
  const waiting = await api.submit(shell('echo try; exit 1', { name: unique('waits'), restart: { type: 'onFailure' }, backoff: { firstMs: 400, maxMs: 600_000, factor: 1000, jitter: 'none' } }));
  await api.submit(shell('echo on; sleep 600', { name: unique('runs') }));
  await api.until(waiting, (task) => task.attempts >= 2 && task.phase === 'waiting');
  return { full, waiting };
});

async function views(api) {
  const { full, waiting } = await prepared(api);
  return [
    ['overview', '.tile strong:has-text("Ready")'],
    ['tasks', 'tbody tr'],
    ['tasks?prefix=there-is-no-such-task', '.empty:not([hidden])'],
    [`tasks/${full}`, '.row:not(.none)'],
    [`tasks/${full}?line=3&q=red`, '.row.current'],
    [`tasks/${waiting}`, '.timeline .bar'],
    ['tasks/there-is-no-such-task', '.problem'],
    ['plugins', '.card'],
    ['plugins/subprocess', '.facts'],
    ['submit', '#pane.two'],
    ...(process.env.PAGE_QUEUE ? [['queue', 'tr:has-text("broken")']] : []),
    ['nowhere', 'h1:has-text("Not found")'],
  ];
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function inspect(page, what) {
  await page.evaluate(axe());
  const found = await page.evaluate(async (runOnly) => {
    const { violations } = await window.axe.run(document, { runOnly });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.failureSummary}`).join(' | ')}`);
  }, RULES);
  assert.deepEqual(found, [], what);
}

for (const dark of [false, true]) {
  const scheme = dark ? 'dark' : 'light';
  flow(`no view has a fault of accessibility in ${scheme}`, { dark, expects: [/status of 404/] }, async (tab, api) => {
    const { page } = tab;
    for (const [view, there] of await views(api)) {
      await tab.go(view);
      await page.waitForSelector(there);
      await inspect(page, `${view} in ${scheme}`);
    }
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await inspect(page, `the keys in ${scheme}`);
    await page.keyboard.press('Escape');
    await tab.go('plugins');
    await page.locator('.card button:has-text("Retire")').first().click();
    await page.waitForSelector('dialog[open]');
    await inspect(page, `a question in ${scheme}`);
    const { url } = await service();
    const outside = await Tab.open({ url, dark });
    try {
      await outside.go('tasks');
      await outside.page.waitForSelector('dialog.login');
      await inspect(outside.page, `the form of the token in ${scheme}`);
    } finally {
      await outside.close();
    }
  });
}

flow('nothing is wider than a screen of 360 pixels, and nothing moves the page sideways', { width: 360, height: 740, expects: [/status of 404/] }, async (tab, api) => {
  const { page } = tab;
  for (const [view, there] of await views(api)) {
    await tab.go(view);
    await page.waitForSelector(there);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${view} is wider by ${over}`);
    // A check box is hit by its label as well.
    const small = await page.evaluate(() => [...document.querySelectorAll('main button, main select, main input:not([type=hidden], [type=checkbox]), header a, header button')]
      .filter((el) => el.checkVisibility() && el.getBoundingClientRect().width > 1)
      .filter((el) => el.getBoundingClientRect().height < 24)
      .map((el) => `${el.tagName} ${el.textContent.slice(0, 30)}`));
    assert.deepEqual(small, [], `all of ${view} can be hit by a finger`);
  }
});

flow('the policy lets nothing in from elsewhere and no script of a text run', {}, async (tab) => {
  const { page } = tab;
  const answer = await page.goto(tab.url);
  const policy = answer.headers()['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.ok(!/unsafe|\*|https?:/.test(policy), policy);
  assert.equal(answer.headers()['x-content-type-options'], 'nosniff');
  await page.waitForSelector('tbody tr, .empty:not([hidden])');
  // That the policy is in force: what it forbids is tried, and reported by the browser.
  const broken = await page.evaluate(() => new Promise((resolve) => {
    addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective), { once: true });
    const script = document.createElement('script');
    script.textContent = 'window.harmed = true';
    document.body.append(script);
  }));
  assert.match(broken, /^script-src/);
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  await eventually(() => tab.wrong.length >= 2, 'the browser has told of it');
  tab.wrong = tab.wrong.filter((text) => !/script-src/.test(text));
});
