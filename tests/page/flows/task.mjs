// One task: how it went, and what can be done with it.

import assert from 'node:assert/strict';
import fs from 'node:fs';

import { eventually, flow, shell, unique } from '../flow.mjs';

const answer = (page, text) => page.click(`dialog[open] button:has-text("${text}")`);

flow('each attempt of a task that fails is on its timeline, and leads to its lines', {}, async (tab, api) => {
  const { page } = tab;
  const more = { restart: { type: 'onFailure' }, backoff: { firstMs: 700, maxMs: 700, jitter: 'none' }, labels: { team: 'data' } };
  const name = await api.submit(shell('echo "try of $$"; echo cannot connect >&2; sleep 0.3; exit 4', { name: unique('flaky'), ...more }));
  await tab.go(`tasks/${name}`);
  await tab.mark();
  await eventually(async () => await page.locator('.timeline .bar').count() >= 3, 'three attempts');
  await page.click('button:has-text("Cancel")');
  await answer(page, 'Cancel the task');
  await page.waitForSelector('.headline .badge.p-canceled');
  await tab.isSame();
  const task = await api.task(name);
  assert.equal(await page.locator('.timeline .bar').count(), task.runs.length);
  assert.match(await page.locator('.timeline .bar').first().getAttribute('aria-label'), /^Attempt 1: failed, .*exit code 4/);
  assert.ok(await page.locator('.timeline .wait').count() >= 2, 'the waits between attempts are shown');
  const [first, second] = await page.locator('.timeline .bar').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().left));
  assert.ok(first < second);
  await page.click('summary:has-text("Attempts in a table")');
  await page.locator('.folds table a', { hasText: '#2' }).click();
  await eventually(async () => /attempt=2/.test(page.url()) && /^Lines 1 to 2 of 2/.test(await tab.text('.logstatus')), 'the lines of one attempt');
  assert.deepEqual(await page.locator('.row .att').allTextContents(), ['#2', '#2']);
  assert.equal(await page.locator('.row.err .tx').textContent(), 'cannot connect');
  assert.equal(await page.locator('.facts .label').textContent(), 'team=data');
});

flow('a task is stopped, run again and deleted from the page, and nothing is lost by one click', { expects: [/status of 404/] }, async (tab, api) => {
  const { page } = tab;
  const name = await api.submit(shell('echo begun; sleep 500', { name: unique('sleeper') }));
  await tab.go(`tasks/${name}`);
  await page.waitForSelector('.headline .badge.p-running');
  assert.equal(await page.locator('button:has-text("Run again")').getAttribute('title'), 'The task has not ended yet.');
  await page.click('button:has-text("Cancel")');
  await answer(page, 'Leave it');
  assert.equal((await api.task(name)).phase, 'running', 'it is asked before');
  await page.click('button:has-text("Cancel")');
  await page.keyboard.press('Escape');
  assert.equal((await api.task(name)).phase, 'running', 'Escape is no yes');
  await page.click('button:has-text("Cancel")');
  await answer(page, 'Cancel the task');
  await page.waitForSelector('.headline .badge.p-canceled');

  await page.click('button:has-text("Run again")');
  const again = await page.locator('#toasts a').textContent();
  assert.notEqual(again, name);
  await page.click('#toasts a');
  await page.waitForSelector(`h1:has-text("${again}")`);
  assert.equal((await api.task(again)).retryOf, name);
  await page.waitForSelector(`.facts a:has-text("${name}")`);

  await page.click('button:has-text("Delete")');
  await answer(page, 'Delete');
  await eventually(() => page.url().endsWith('#/tasks'), 'the list comes back');
  await tab.go(`tasks/${again}`);
  await page.waitForSelector('.problem:has-text("There is no task of this name")');
});

flow('what is downloaded is what was written, byte for byte', {}, async (tab, api) => {
  const { page } = tab;
  const name = await api.run(shell('printf "\\033[31mred\\033[0m\\n"; printf "\\377\\000binary"; seq 1 20000; echo end', { name: unique('bytes') }));
  await tab.go(`tasks/${name}`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('.logbar button:has-text("Download")')]);
  assert.equal(download.suggestedFilename(), `${name}.log`);
  const got = fs.readFileSync(await download.path());
  assert.ok(got.equals(await api.output(name)), 'the same bytes');
});
