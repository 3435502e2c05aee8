// The plugins, and who may do what with them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { Tab, eventually, flow, plugins, service, shell, unique } from '../flow.mjs';

flow('a plugin is taken out of service and put back', {}, async (tab, api) => {
  const { page } = tab;
  const state = async () => (await api.get('/v1/plugins/hello')).state;
  await tab.go('plugins');
  const card = page.locator('.card', { hasText: 'hello' });
  await card.locator('.badge.p-active').waitFor();
  await tab.mark();
  try {
    await card.locator('button:has-text("Retire")').click();
    await page.keyboard.press('Escape');
    assert.equal(await state(), 'active', 'it is asked before');
    await card.locator('button:has-text("Retire")').click();
    await page.click('dialog[open] button.danger');
    await card.locator('.badge.p-retired').waitFor();
    assert.equal(await state(), 'retired');
    await card.locator('button:has-text("Put back")').click();
    await card.locator('.badge.p-active').waitFor();
    assert.equal(await state(), 'active');
  } finally {
    if (await state() !== 'active') await api.ask('POST', '/v1/plugins/hello/reinstate');
  }
  await card.locator('a.main').click();
  await page.waitForSelector('h1:has-text("hello")');
  await page.waitForSelector('.facts');
  await tab.isSame();
});

flow('a file that is refused is told with the reason and what to do', {}, async (tab) => {
  const { page } = tab;
  const file = path.join(plugins, 'broken.so');
  await tab.go('plugins');
  await page.waitForSelector('.card');
  try {
    fs.writeFileSync(file, 'no library', { mode: 0o755 });
    await page.click('button:has-text("Reload")');
    await page.locator('.report', { hasText: 'broken.so' }).or(page.locator('.report', { hasText: 'Nothing has changed' })).first().waitFor();
    const row = page.locator('section', { hasText: 'Refused' }).locator('tr', { hasText: 'broken.so' });
    await row.waitFor();
    assert.match(await row.locator('.reason').textContent(), /not a shared library.*move it out of the plugin directory/);
    await tab.go('overview');
    await page.locator('.tile.bad', { hasText: '1 refused' }).waitFor();
    fs.rmSync(file);
    await tab.go('plugins');
    await page.click('button:has-text("Reload")');
    await eventually(async () => await page.locator('section', { hasText: 'Refused' }).count() === 0, 'it is not listed any more');
  } finally {
    fs.rmSync(file, { force: true });
  }
});

flow('who may only read sees why buttons do nothing, and they do nothing', { login: false, expects: [/status of 401/] }, async (_, api) => {
  const { url, tokens } = await service();
  const [reader] = fs.readFileSync(tokens, 'utf8').split('\n');
  const name = await api.submit(shell('sleep 300', { name: unique('watched') }));
  const tab = await Tab.open({ url, token: reader });
  try {
    const { page } = tab;
    const sent = [];
    page.on('request', (request) => {
      if (request.method() !== 'GET') sent.push(request.url());
    });
    const isOff = async (text, role) => {
      const button = page.locator(`main button:has-text("${text}")`).first();
      await eventually(async () => await button.getAttribute('aria-disabled') === 'true', `“${text}” is off`);
      assert.equal(await button.getAttribute('title'), `This needs the role “${role}”, and yours is “read”.`);
      // It can be pressed, so that the reason is told to those who do not see titles.
      await button.click({ force: true });
      await page.locator('#toasts', { hasText: `This needs the role “${role}”` }).first().waitFor();
    };
    await tab.go(`tasks/${name}`);
    await page.waitForSelector('.badge.p-running');
    for (const text of ['Cancel', 'Delete']) await isOff(text, 'submit');
    await tab.go('plugins');
    for (const text of ['Reload', 'Retire']) await isOff(text, 'admin');
    await tab.go('submit');
    await page.waitForSelector('#pane.two');
    await isOff('Submit', 'submit');
    assert.deepEqual(sent, []);
    assert.equal(await tab.text('.who'), 'read');
    assert.equal((await api.task(name)).phase, 'running');
    tab.check();
  } finally {
    await tab.close();
    await api.ask('DELETE', `/v1/tasks/${name}`);
  }
});
