// The log of a task: large ones, live ones, and finding one's way in them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { directory, eventually, flow, shared, shell, sleep, unique, writer } from '../flow.mjs';

const million = (api) => shared('million', () => api.run(shell("seq -f '%.0f a line of the nightly export' 1 1000000", { name: unique('million') }), 180_000));

/** Which row is at the upper edge, and where exactly. */
const place = (page) => page.evaluate(() => {
  const top = document.querySelector('.scroll').getBoundingClientRect().top;
  const row = [...document.querySelectorAll('.row:not(.away)')].find((each) => each.getBoundingClientRect().top >= top - 1);
  return row && { n: Number(row.dataset.n), y: Math.round(row.getBoundingClientRect().top - top), text: row.querySelector('.tx').textContent };
});

const total = async (tab) => Number(/of ([\d,]+) ·/.exec(await tab.text('.logstatus'))[1].replaceAll(',', ''));

flow('lines of both streams appear as they are written', {}, async (tab, api) => {
  const { page } = tab;
  const gate = path.join(directory('gates'), 'gate');
  const wait = (n) => `until [ -e '${gate}${n}' ]; do sleep 0.05; done`;
  const name = await api.submit(shell(`echo first; ${wait(1)}; echo second >&2; printf unfinished; ${wait(2)}; echo ' line'`, { name: unique('streams') }));
  await tab.go(`tasks/${name}`);
  await page.locator('.row .tx', { hasText: 'first' }).waitFor();
  await tab.mark();
  assert.match(await tab.text('.logstatus'), /live, following$/);
  fs.writeFileSync(`${gate}1`, '');
  await page.locator('.row.err .tx', { hasText: 'second' }).waitFor();
  fs.writeFileSync(`${gate}2`, '');
  await eventually(async () => /complete$/.test(await tab.text('.logstatus')), 'the end of the log');
  assert.deepEqual(await page.locator('.row .tx').allTextContents(), ['first', 'second', 'unfinished line']);
  await page.selectOption('.logbar select', 'stderr');
  await eventually(async () => (await page.locator('.row .tx').allTextContents()).join() === 'second', 'one stream alone');
  assert.match(page.url(), /stream=stderr/);
  await tab.isSame();
});

flow('line 500,000 of a million is reached without loading the others', {}, async (tab, api) => {
  const { page } = tab;
  const name = await million(api);
  await tab.go(`tasks/${name}`);
  await page.waitForSelector('.row[data-n="999999"]');
  await page.keyboard.press('l');
  await page.keyboard.type('500,000');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.row.current[data-n="499999"]:not(.none)');
  assert.equal(await tab.text('.row.current .tx'), '500000 a line of the nightly export');
  assert.ok(await page.locator('.row.current').isVisible());
  assert.match(page.url(), /line=500000/);
  // The bar far up and down, and both ends.
  for (const part of [0.1, 0.9, 0.33]) {
    await page.evaluate((at) => {
      const el = document.querySelector('.scroll');
      el.scrollTop = el.scrollHeight * at;
    }, part);
    await eventually(async () => {
      const now = await place(page);
      return now && Math.abs(parseInt(now.text, 10) / 1_000_000 - part) < 0.02;
    }, `${part * 100} % down the bar is as far down the log`);
  }
  await page.focus('.scroll');
  await page.keyboard.press('g');
  await page.waitForSelector('.row[data-n="0"]:not(.none)');
  await page.keyboard.press('G');
  await page.waitForSelector('.row[data-n="999999"]:not(.none)');
  assert.ok(tab.bytes < 2_000_000, `${tab.bytes} bytes were loaded of about 150,000,000`);
  assert.ok(await page.locator('.row').count() < 200, 'only what is seen is in the document');
});

flow('a search goes to the next match and to the one before, and round the end', {}, async (tab, api) => {
  const { page } = tab;
  const name = await million(api);
  await tab.go(`tasks/${name}`);
  await page.waitForSelector('.row[data-n="999999"]');
  await page.keyboard.press('/');
  await page.keyboard.type('77777 A LINE');
  const at = async (line) => {
    await page.waitForSelector(`.row.current[data-n="${line - 1}"]:not(.none)`);
    await eventually(async () => (await tab.text('.result')).startsWith(`Line ${line.toLocaleString('en-US')}`), `line ${line} is found`);
  };
  await page.keyboard.press('Shift+Enter');
  await at(977_777);
  await page.keyboard.press('Shift+Enter');
  await at(877_777);
  await page.keyboard.press('Enter');
  await at(977_777);
  await page.keyboard.press('Enter');
  await at(77_777);
  assert.match(await tab.text('.result'), /from the start$/);
  assert.equal(await page.locator('.row.current mark').textContent(), '77777 a line');
  await page.click('button:has-text("Aa")');
  await page.focus('#logsearch');
  await page.keyboard.press('Enter');
  await eventually(async () => await tab.text('.result') === 'Not found', 'no match in capitals');
  assert.ok(tab.bytes < 4_000_000, `${tab.bytes} bytes were loaded`);
});

flow('who reads further up is not moved by lines that arrive', {}, async (tab, api) => {
  const { page } = tab;
  const name = await api.submit(writer(2000, { name: unique('writer') }));
  try {
    await tab.go(`tasks/${name}`);
    await eventually(async () => await page.locator('.row').count() > 20 && await total(tab) > 3000, 'lines arrive');
    await page.hover('.scroll');
    for (let i = 0; i < 4; i += 1) {
      await page.mouse.wheel(0, -300);
      await sleep(60);
    }
    await eventually(async () => /not following$/.test(await tab.text('.logstatus')), 'it does not follow any more');
    // The bar is put to its place when all is at rest.
    await sleep(500);
    const before = await place(page);
    const lines = await total(tab);
    await eventually(async () => await total(tab) > lines + 4000, 'more lines arrive');
    assert.deepEqual(await place(page), before, 'the same line is at the same place');
    assert.equal(before.text, `line ${before.n + 1} of a writer that goes on and on`);
    await page.click('button.newer');
    await eventually(async () => {
      const now = await total(tab);
      return /live, following$/.test(await tab.text('.logstatus')) && (await place(page))?.n > now - 400;
    }, 'the newest lines are followed again');
    // Text that is selected stays, too: it could not be copied otherwise.
    const box = await page.locator('.scroll').boundingBox();
    await page.mouse.move(box.x + 160, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 240, box.y + 120, { steps: 8 });
    await page.mouse.up();
    const chosen = await page.evaluate(() => getSelection().toString());
    assert.notEqual(chosen, '');
    await sleep(800);
    assert.equal(await page.evaluate(() => getSelection().toString()), chosen);
  } finally {
    await api.ask('DELETE', `/v1/tasks/${name}`);
  }
});

flow('what is copied are plain lines, also those that have left the screen', { permissions: ['clipboard-read', 'clipboard-write'] }, async (tab, api) => {
  const { page } = tab;
  // Of two streams the lines come in the order in which they are read, so each waits for the other.
  const name = await api.run(shell("printf '\\033[31mred\\033[0m one\\n'; sleep 0.5; echo two >&2; sleep 0.5; seq -f 'line %g' 3 2000", { name: unique('copy') }));
  await tab.go(`tasks/${name}?line=1`);
  await page.waitForSelector('.row.current[data-n="0"]');
  const clip = () => page.evaluate(() => navigator.clipboard.readText());
  const select = (from, at, to, end) => page.evaluate(([a, b, c, d]) => {
    const text = (n) => document.querySelector(`.row[data-n="${n}"] .tx`);
    const range = document.createRange();
    range.setStart(text(a).firstChild.firstChild ?? text(a).firstChild, b);
    if (c === null) range.collapse(true);
    else range.setEnd(text(c).lastChild, d);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }, [from, at, to, end]);
  await page.focus('.scroll');
  await select(0, 1, 2, 4);
  await page.keyboard.press('Control+c');
  assert.equal(await clip(), 'ed one\ntwo\nline');

  // From the first line to one far down, with the first out of sight.
  await select(0, 0, 2, 6);
  await page.hover('.scroll');
  for (let i = 0; i < 12; i += 1) {
    await page.mouse.wheel(0, 700);
    await sleep(40);
  }
  const end = await eventually(() => page.evaluate(() => {
    const row = [...document.querySelectorAll('.row:not(.away):not(.none)')][30];
    if (!row || Number(row.dataset.n) < 200) return null;
    getSelection().extend(row.querySelector('.tx').lastChild, 4);
    return Number(row.dataset.n);
  }), 'rows further down');
  await sleep(100);
  await page.keyboard.press('Control+c');
  const expected = ['red one', 'two', ...Array.from({ length: end - 2 }, (_, i) => `line ${i + 3}`), 'line'];
  await eventually(async () => (await clip()).split('\n').length === end + 1, 'all lines are copied');
  assert.deepEqual((await clip()).split('\n'), expected);
});

flow('a link to a line leads to it', { permissions: ['clipboard-read', 'clipboard-write'] }, async (tab, api) => {
  const { page } = tab;
  const name = await million(api);
  await tab.go(`tasks/${name}?line=123456`);
  await page.waitForSelector('.row.current[data-n="123455"]:not(.none)');
  await page.locator('.row[data-n="123457"] a.no').click();
  await page.waitForSelector('.row.current[data-n="123457"]');
  await page.click('button:has-text("Copy link to 123,458")');
  await page.locator('#toasts', { hasText: 'Copied' }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, `${tab.url}/#/tasks/${name}?line=123458`);
  const other = await tab.context.newPage();
  await other.goto(link);
  await other.waitForSelector('.row.current[data-n="123457"]:not(.none)');
  assert.equal(await other.locator('.row.current .tx').textContent(), '123458 a line of the nightly export');
  await other.goto(`${tab.url}/#/tasks/${name}?line=5000000`);
  await other.locator('#toasts', { hasText: 'There is no line 5,000,000 yet; the log has 1,000,000.' }).waitFor();
});

flow('a line is only said to begin an attempt where one begins, in whatever order lines come', {}, async (tab, api) => {
  const { page } = tab;
  const name = await api.run(shell('seq 1 1000', { name: unique('order') }));
  // Lines are asked for in pieces; the one before the line that is looked at comes last.
  await page.route(/lines\?.*from=0\b/, async (route) => {
    await sleep(1500);
    await route.continue();
  });
  await tab.go(`tasks/${name}?line=257`);
  await page.waitForSelector('.row[data-n="256"]:not(.none)');
  await page.waitForSelector('.row[data-n="255"]:not(.none)');
  await sleep(200);
  assert.equal(await page.locator('.row.fresh').count(), 0);
  await page.focus('.scroll');
  await page.keyboard.press('g');
  await page.waitForSelector('.row.fresh[data-n="0"]');
  assert.equal(await page.locator('.row.fresh').count(), 1);
});
