// Who is let in, and what becomes of the token.

import assert from 'node:assert/strict';
import fs from 'node:fs';

import { Tab, eventually, flow, service, shell, sleep, unique } from '../flow.mjs';

const refused = [/status of 401/];

async function enter(page, token) {
  await page.fill('#token', token);
  await page.keyboard.press('Enter');
}

flow('a wrong token opens nothing, and the right one the place that was asked for', { login: false, expects: refused }, async (tab, api) => {
  const { page } = tab;
  const { token } = await service();
  const name = await api.run(shell('seq 1 300', { name: unique('secret') }));
  tab.requests = [];
  await tab.go(`tasks/${name}?line=250`);
  await page.waitForSelector('dialog.login');
  await enter(page, 'wrong');
  await eventually(async () => (await tab.text('#tokenerror')).includes('does not accept'), 'a wrong token is refused');
  for (const key of ['Escape', 'Escape']) await page.keyboard.press(key);
  assert.ok(await page.locator('dialog.login').isVisible(), 'the form stays, as there is nothing to see without a token');
  assert.equal(await page.locator('#token').inputValue(), 'wrong', 'what was typed stays');
  assert.equal(await page.locator('.row').count(), 0, 'no line is shown before');
  await enter(page, 'with a space');
  assert.match(await tab.text('#tokenerror'), /no spaces/);
  await enter(page, token);
  await page.waitForSelector('dialog.login', { state: 'detached' });
  await page.waitForSelector('.row.current[data-n="249"]');
  assert.equal(await tab.text('.row.current .tx'), '250');

  const said = await page.evaluate(() => JSON.stringify([location.href, document.cookie, { ...localStorage }, history.state]));
  assert.ok(!said.includes(token), 'the token is in the storage of the tab and nowhere else');
  assert.ok(!tab.requests.some((url) => url.includes(token)), 'the token is in no address that was asked for');
  await page.reload();
  await page.waitForSelector('.row.current[data-n="249"]');
  assert.equal(await page.locator('dialog.login').count(), 0, 'a tab that is loaded again knows its token');
  const other = await tab.context.newPage();
  await other.goto(tab.url);
  await other.waitForSelector('dialog.login');
});

flow('a token that runs out brings the form back, and what was looked at stays', { login: false, expects: refused }, async (tab, api) => {
  const { page } = tab;
  const { token, tokens } = await service();
  const before = fs.readFileSync(tokens, 'utf8');
  const short = unique('short-lived-token');
  const name = await api.submit(shell('seq 1 2000; for i in $(seq 2001 4000); do echo $i; sleep 0.2; done'));
  try {
    fs.writeFileSync(tokens, `${before}${short}\n`, { mode: 0o600 });
    await tab.go(`tasks/${name}?line=1000`);
    await page.waitForSelector('dialog.login');
    await eventually(async () => {
      // A file of tokens that was changed is known a moment later.
      await enter(page, short);
      await sleep(500);
      return await page.locator('dialog.login').count() === 0;
    }, 'a token that was added is accepted');
    await page.waitForSelector('.row.current[data-n="999"]');
    await tab.mark();
    const place = await tab.text('.row .no');
    fs.writeFileSync(tokens, before, { mode: 0o600 });
    await page.waitForSelector('dialog.login');
    assert.equal(await tab.text('.row .no'), place, 'the lines stay behind the form');
    await enter(page, token);
    await page.waitForSelector('dialog.login', { state: 'detached' });
    const lines = await tab.text('.logstatus');
    await eventually(async () => (await tab.text('.logstatus')) !== lines, 'the log goes on');
    assert.equal(await tab.text('.row .no'), place);
    assert.ok(page.url().endsWith(`#/tasks/${name}?line=1000`), page.url());
    await tab.isSame();
  } finally {
    fs.writeFileSync(tokens, before, { mode: 0o600 });
    await api.ask('DELETE', `/v1/tasks/${name}`);
  }
});

flow('who logs out leaves no token behind', { expects: refused }, async (tab) => {
  const { page } = tab;
  await tab.go('tasks');
  await page.click('text=Log out');
  await page.waitForSelector('dialog.login');
  assert.equal(await page.evaluate(() => sessionStorage.getItem('solti.token')), null);
  await page.reload();
  await page.waitForSelector('dialog.login');
});

flow('a service that asks for no token is looked at without a form', { login: false }, async (tab) => {
  const { openUrl } = await service();
  const open = await Tab.open({ url: openUrl });
  try {
    await open.go('plugins');
    await open.page.waitForSelector('.card');
    assert.equal(await open.page.locator('dialog').count(), 0);
    assert.ok(!await open.page.locator('text=Log out').isVisible());
    open.check();
  } finally {
    await open.close();
  }
});
