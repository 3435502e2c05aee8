// The page without a mouse.

import assert from 'node:assert/strict';

import { eventually, flow, shell, unique } from '../flow.mjs';

const focused = (page) => page.evaluate(() => {
  const el = document.activeElement;
  return el.getAttribute('aria-label') ?? (el.labels?.[0] ?? el).textContent.trim();
});

flow('everything is reached by Tab, in the order in which it is seen', {}, async (tab, api) => {
  const { page } = tab;
  const prefix = unique('tabbed');
  await api.run(shell('true', { name: `${prefix}-a` }));
  await tab.go(`tasks?prefix=${prefix}`);
  await page.waitForSelector('tbody a.main');
  const seen = [];
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    seen.push(now);
    const shown = await page.evaluate(() => {
      const el = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(el);
      return el === document.body || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1);
    });
    assert.ok(shown, `the focus can be seen on “${now}”`);
    if (now === `${prefix}-a`) break;
  }
  const order = ['Skip to the content', 'solti-host', 'Overview', 'Tasks', 'Plugins', 'Submit', 'Keys', 'Log out', 'Live', 'Submit a task', 'Name begins with', 'Slot', 'Plugin', 'Kind', 'Label', 'Clear filters', `${prefix}-a`];
  assert.deepEqual(seen.filter((text) => order.includes(text)), order);
  for (const phase of ['running', 'failed']) assert.ok(seen.some((text) => text.includes(phase)), phase);
});

flow('the link over the frame leads into the view, and changes nothing', {}, async (tab) => {
  const { page } = tab;
  await tab.go('plugins');
  await page.waitForSelector('.card');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the content');
  assert.ok((await page.locator('#skip').boundingBox()).y >= 0, 'it can be seen');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  assert.ok(page.url().endsWith('#/plugins'));
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Reload');
});

flow('keys search, help, open and leave, and do nothing where one types', {}, async (tab, api) => {
  const { page } = tab;
  const prefix = unique('keyed');
  for (const end of ['a', 'b', 'c']) await api.run(shell('seq 1 400', { name: `${prefix}-${end}` }));
  await tab.go('tasks');
  await page.waitForSelector('tbody tr');
  await page.keyboard.press('/');
  assert.equal(await focused(page), 'Name begins with');
  await page.keyboard.type(prefix);
  await page.keyboard.type('?');
  assert.equal(await page.locator('dialog[open]').count(), 0, '? is a character there');
  await page.keyboard.press('Backspace');
  // The list may have been asked for with the ?, and comes a moment later.
  const isOfPrefix = () => page.evaluate((address) => location.hash.endsWith(address)
    && !document.querySelector('table').hasAttribute('aria-busy'), `prefix=${prefix}`);
  await eventually(async () => await isOfPrefix() && await page.locator('tbody tr').count() === 3, 'the three tasks');
  await page.keyboard.press('Escape');
  assert.notEqual(await focused(page), 'Name begins with', 'Escape leaves the field');

  await page.keyboard.press('?');
  await page.locator('dialog[open] h2', { hasText: 'Keys' }).waitFor();
  await page.keyboard.press('2');
  assert.equal(await page.locator('dialog[open]').count(), 1, 'keys of the page wait behind it');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);

  for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
  assert.equal(await focused(page), `${prefix}-b`);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`h1:has-text("${prefix}-b")`);
  await eventually(async () => await page.evaluate(() => document.activeElement.tagName) === 'H1', 'the heading of the new view has the focus');
  await page.waitForSelector('.row[data-n="399"]');
  await page.keyboard.press('g');
  await page.waitForSelector('.row[data-n="0"]');
  await page.keyboard.press('/');
  assert.equal(await focused(page), 'Search the log');
  await page.keyboard.type('123');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.row.current[data-n="122"]');
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'Log of the task');
  const place = () => tab.text('.logstatus');
  const before = await place();
  await page.keyboard.press('PageDown');
  await eventually(async () => await place() !== before, 'the log is scrolled by keys');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(page), 'Download', 'Tab leaves the log');
  for (const [key, title] of [['1', 'Overview'], ['3', 'Plugins'], ['4', 'Submit a task'], ['2', 'Tasks']]) {
    await page.keyboard.press(key);
    await page.locator('h1', { hasText: title }).waitFor();
  }
});

flow('who has chosen a task of a list keeps it when others leave the list', {}, async (tab, api) => {
  const { page } = tab;
  const prefix = unique('leaves');
  const chosen = await api.submit(shell('sleep 100', { name: `${prefix}-older` }));
  const leaving = await api.submit(shell('sleep 100', { name: `${prefix}-newer` }));
  await tab.go(`tasks?prefix=${prefix}&phase=running`);
  await eventually(async () => await page.locator('tbody tr').count() === 2, 'both tasks');
  await page.locator('a.main', { hasText: chosen }).focus();
  await api.ask('POST', `/v1/tasks/${leaving}/cancel`);
  await eventually(async () => await page.locator('tbody tr').count() === 1, 'the other one has left');
  assert.equal(await focused(page), chosen);
  await api.ask('POST', `/v1/tasks/${chosen}/cancel`);
});

flow('a question that was answered gives the focus back', {}, async (tab) => {
  const { page } = tab;
  await tab.go('plugins');
  const retire = page.locator('.card button:has-text("Retire")').first();
  await retire.focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  for (let i = 0; i < 5; i += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null), 'the focus stays in the question');
  }
  await page.keyboard.press('Escape');
  await eventually(() => retire.evaluate((el) => el === document.activeElement), 'the focus is back');
});
