// The service is killed, and comes back.

import assert from 'node:assert/strict';

import { Api, Tab, eventually, flow, own, shell, sleep, unique, writer } from '../flow.mjs';

// What a browser writes where nobody answers.
const away = [/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_SOCKET_NOT_CONNECTED/];

async function withService(run) {
  const service = await own('away');
  const tab = await Tab.open({ url: service.url, token: service.token });
  try {
    await run(tab, new Api(service.url, service.token), service);
    tab.check(away);
  } finally {
    await tab.close();
  }
}

flow('a service that was killed and started again is found again, at the same place', {}, () => withService(async (tab, api, service) => {
  const { page } = tab;
  const name = await api.run(shell('seq 1 5000', { name: unique('kept') }));
  await tab.go(`tasks/${name}?line=777`);
  await page.waitForSelector('.row.current[data-n="776"]');
  await tab.mark();
  const other = await tab.context.newPage();
  await other.goto(`${service.url}/#/tasks`);
  await other.locator('tbody a.main', { hasText: name }).waitFor();

  await service.kill();
  await other.waitForSelector('#banner:not([hidden])');
  assert.match(await other.locator('#banner').textContent(), /does not answer\. Trying again/);
  assert.ok(await other.locator('tbody a.main', { hasText: name }).isVisible(), 'what was there is still shown');
  // A log that is complete asks for nothing, until something is wanted of it.
  await page.click('button:has-text("Run again")');
  await page.waitForSelector('#banner:not([hidden])');
  assert.equal(await tab.text('.row.current .tx'), '777');
  await sleep(1500);

  const next = await service.again();
  for (const each of [page, other]) await each.waitForSelector('#banner', { state: 'hidden' });
  assert.equal(await tab.text('.row.current .tx'), '777');
  assert.equal(await page.locator('dialog').count(), 0, 'the token is still good');
  await page.focus('.scroll');
  await page.keyboard.press('G');
  await page.waitForSelector('.row[data-n="4999"]:not(.none)');
  await tab.isSame();
  await next.kill();
}));

flow('the log of a task that goes on in the next service goes on at its place', {}, () => withService(async (tab, api, service) => {
  const { page } = tab;
  const name = await api.submit(writer(200, { name: unique('again'), onInterrupt: 'rerun' }));
  await tab.go(`tasks/${name}`);
  await eventually(async () => await page.locator('.row').count() > 20, 'lines arrive');
  await tab.mark();
  await service.kill();
  await page.waitForSelector('#banner:not([hidden])');
  const seen = await page.locator('.row .tx').allTextContents();
  assert.ok(seen.length > 20, 'the lines stay while nobody answers');
  const next = await service.again();
  await page.waitForSelector('#banner', { state: 'hidden' });
  await page.locator('.row .att', { hasText: '#2' }).first().waitFor();
  await eventually(async () => /live, following$/.test(await tab.text('.logstatus')), 'it follows as before');
  const task = await api.task(name);
  assert.equal(task.attempts, 2);
  assert.equal(await page.locator('.timeline .bar').count(), 2);
  // Line by line what the service has: nothing twice, nothing left out.
  const [from, to] = (await tab.text('.logstatus')).match(/[\d,]+/g).map((n) => Number(n.replaceAll(',', '')));
  const rows = await page.locator('.row:not(.none):not(.away)').evaluateAll((all) => all.map((row) => [Number(row.dataset.n), row.querySelector('.tx').textContent]));
  assert.ok(to > from);
  const kept = await api.lines(name, `from=${rows[0][0]}&count=${rows.length}`);
  assert.deepEqual(rows, kept.lines.map((line) => [line.number, line.text]));
  await tab.isSame();
  await next.kill();
}));
