// The queue that hosts share, where the service takes tasks of one.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

import { Tab, eventually, flow, service, unique } from '../flow.mjs';

const url = process.env.PAGE_QUEUE;
const program = process.env.PAGE_PROGRAM;

if (url) {
  flow('what waits in the queue is seen, and that nobody takes it', {}, async (tab) => {
    const { page } = tab;
    const name = unique('nobodys');
    await tab.go('tasks');
    await page.click('#nav a:has-text("Queue")');
    await page.waitForSelector('h1:has-text("Queue")');
    await page.locator('table', { hasText: 'Host' }).locator('tr', { hasText: 'north' }).waitFor();
    execFileSync(program, ['submit', '--queue', url, '--name', name, '-l', 'site=moon', '--', 'true']);
    const row = page.locator('tr', { hasText: 'moon' });
    await row.waitFor();
    await row.locator('text=none takes it').waitFor();
    execFileSync(program, ['cancel', '--queue', url, name]);
    await eventually(async () => await row.locator('text=none takes it').count() === 0, 'it does not wait any more');
  });

  flow('a task of the queue that runs here is named, until it has ended', {}, async (tab) => {
    const { page } = tab;
    const name = unique('here');
    await tab.go('queue');
    execFileSync(program, ['submit', '--queue', url, '--name', name, '--', 'sleep', '600']);
    const here = page.locator('dl.facts div', { hasText: 'Tasks here' }).locator('dd', { hasText: name });
    await here.waitFor();
    execFileSync(program, ['cancel', '--queue', url, name]);
    await here.waitFor({ state: 'detached' });
  });

  flow('a dead letter is put back', {}, async (tab) => {
    const { page } = tab;
    await tab.go('queue');
    const row = page.locator('tr', { hasText: 'broken' });
    await row.waitFor();
    assert.match(await row.locator('.reason').textContent(), /^the message is no JSON/);
    const since = await row.locator('time').getAttribute('datetime');
    await row.locator('button').click();
    await page.locator('#toasts', { hasText: 'broken is in the queue again.' }).waitFor();
    // It is as broken as before.
    await eventually(async () => await row.count() === 1 && await row.locator('time').getAttribute('datetime') !== since, 'it is a dead letter again');
  });

  flow('who may only read puts nothing back', { login: false, expects: [/status of 401/] }, async () => {
    const { url: address, tokens } = await service();
    if (!tokens) return;
    const tab = await Tab.open({ url: address, token: 'reader-reader-reader' });
    try {
      await tab.go('queue');
      const button = tab.page.locator('tr', { hasText: 'broken' }).locator('button');
      await button.waitFor();
      assert.equal(await button.getAttribute('aria-disabled'), 'true');
    } finally {
      await tab.close();
    }
  });
}
