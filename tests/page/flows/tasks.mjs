// The list of tasks.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { command, directory, eventually, flow, shell, unique } from '../flow.mjs';

const names = (page) => page.locator('tbody tr a.main').allTextContents();
const has = (page, count) => eventually(async () => await page.locator('tbody tr').count() === count, `${count} tasks are shown`);

flow('a task that comes, runs and ends is seen without loading the page again', {}, async (tab, api) => {
  const { page } = tab;
  const prefix = unique('live');
  const gate = path.join(directory('gate'), 'open');
  await tab.go(`tasks?prefix=${prefix}`);
  await page.waitForSelector('text=No task fits these filters.');
  await tab.mark();
  const name = await api.submit(shell(`until [ -e '${gate}' ]; do sleep 0.05; done; exit 3`, { name: `${prefix}-a` }));
  const row = page.locator('tbody tr', { hasText: name });
  await row.locator('.badge.p-running').waitFor();
  await row.locator('a.main').focus();
  await api.run(shell('true', { name: `${prefix}-b` }));
  await has(page, 2);
  fs.writeFileSync(gate, '');
  await row.locator('.badge.p-failed').waitFor();
  assert.equal(await row.locator('td').last().textContent(), '3', 'the exit code is shown');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), name, 'the focus stays on its row');
  await tab.isSame();
});

flow('filters are in the address, and an address brings them back', {}, async (tab, api) => {
  const { page } = tab;
  const prefix = unique('filtered');
  const label = { labels: { team: prefix } };
  await api.run(shell('true', { name: `${prefix}-good`, ...label }));
  await api.run(shell('exit 1', { name: `${prefix}-bad`, ...label }));
  await api.run(shell('exit 1', { name: `${prefix}-other`, slot: prefix }));
  await tab.go('tasks');
  await page.waitForSelector('tbody tr');
  await page.keyboard.press('/');
  await page.keyboard.type(prefix);
  await has(page, 3);
  await page.click('.chip[data-phase=failed]');
  await has(page, 2);
  await page.fill('#f-label', `team=${prefix}`);
  await has(page, 1);
  assert.deepEqual(await names(page), [`${prefix}-bad`]);
  const address = page.url();
  assert.match(address, /#\/tasks\?.*phase=failed/);

  const other = await tab.context.newPage();
  await other.goto(address);
  await has(other, 1);
  assert.equal(await other.inputValue('#f-prefix'), prefix);
  assert.equal(await other.getAttribute('.chip[data-phase=failed]', 'aria-pressed'), 'true');
  await other.close();

  await page.click('tbody a.main');
  await page.waitForSelector('h1:has-text("-bad")');
  await page.goBack();
  await has(page, 1);
  assert.equal(page.url(), address, 'going back leads to the filtered list');
  assert.equal(await page.inputValue('#f-label'), `team=${prefix}`);
  await page.goForward();
  await page.waitForSelector('h1:has-text("-bad")');
  await page.goBack();
  await page.click('text=Clear filters');
  await eventually(async () => page.url().endsWith('#/tasks') && await page.locator('tbody tr').count() >= 3, 'all tasks are shown again');
  await tab.go(`tasks?slot=${prefix}`);
  await has(page, 1);
});

flow('older tasks are on pages of their own, each of them once', {}, async (tab, api) => {
  const { page } = tab;
  const prefix = unique('many');
  const specs = Array.from({ length: 230 }, (_, i) => command('true', [], { name: `${prefix}-${String(i).padStart(3, '0')}` }));
  await api.ask('POST', '/v1/tasks', specs);
  await eventually(async () => (await api.get(`/v1/tasks?prefix=${prefix}&ended=false`)).tasks.length === 0, 'all have ended');
  await tab.go(`tasks?prefix=${prefix}`);
  await has(page, 100);
  const seen = await names(page);
  for (const count of [100, 30]) {
    const [first] = await names(page);
    await page.click('.pager >> text=Older');
    await eventually(async () => (await names(page))[0] !== first && await page.locator('tbody tr').count() === count, 'an older page');
    seen.push(...await names(page));
  }
  assert.deepEqual(seen.toSorted(), specs.map((spec) => spec.name));
  assert.ok(!await page.locator('.pager >> text=Older').isVisible());
  assert.match(page.url(), /before=/);
  await page.goBack();
  await eventually(async () => (await names(page))[0] === seen[100], 'back to the page before');
  await page.click('.pager >> text=Newest');
  await eventually(async () => (await names(page))[0] === seen[0], 'the newest');
});
