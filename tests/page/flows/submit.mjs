// The form for a task, which is made of what plugins say.

import assert from 'node:assert/strict';

import { eventually, flow, shell, unique } from '../flow.mjs';

flow('a form made of the schema has a task run as it was filled in', {}, async (tab, api) => {
  const { page } = tab;
  const name = unique('by-form');
  await tab.go('submit');
  await page.waitForSelector('#pane.two');
  await page.getByLabel('Program').fill('echo');
  await page.getByLabel('Arguments 1', { exact: true }).fill('a "quoted" text');
  await page.click('button:has-text("Add to arguments")');
  await page.keyboard.type('and <more>');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel(/^Slot/).fill(name);
  await page.click('button:has-text("Add to labels")');
  await page.keyboard.type('team');
  await page.keyboard.press('Tab');
  await page.keyboard.type('data');
  await page.click('#tab-json');
  const spec = JSON.parse(await page.inputValue('#json'));
  assert.deepEqual(spec.kind.subprocess.mode.command, { command: 'echo', args: ['a "quoted" text', 'and <more>'] });
  assert.deepEqual(spec.labels, { team: 'data' });
  await page.fill('#json', JSON.stringify({ ...spec, timeout: 12_345 }));
  await page.click('#tab-form');
  assert.equal(await page.getByLabel('Timeout in milliseconds').inputValue(), '12345', 'form and JSON are one document');
  await page.click('button:has-text("Submit")');
  await page.locator('.report a', { hasText: name }).waitFor();
  const task = await api.ended(name);
  assert.equal(task.phase, 'succeeded');
  assert.equal(String(await api.output(name)), 'a "quoted" text and <more>\n');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`h1:has-text("${name}")`);
});

flow('a script is written as text, whatever the spec carries it as', {}, async (tab, api) => {
  const { page } = tab;
  const name = unique('by-script');
  await tab.go('submit?kind=subprocess');
  await page.waitForSelector('#pane.two');
  await page.getByLabel('What to run').selectOption({ label: 'A script' });
  await page.getByLabel('Interpreter').selectOption('bash');
  await page.getByLabel(/^Text/).fill('echo "naïve ✓"\nexit 2\n');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel(/^Slot/).fill(name);
  await page.click('button:has-text("Submit")');
  await page.waitForSelector('.report a');
  assert.equal((await api.ended(name)).exitCode, 2);
  assert.equal(String(await api.output(name)), 'naïve ✓\n');
});

flow('what the service refuses is told at the field that it is about', { expects: [/status of 4\d\d/] }, async (tab, api) => {
  const { page } = tab;
  const before = (await api.get('/v1/tasks?limit=1')).tasks[0]?.name;
  await tab.go('submit');
  await page.waitForSelector('#pane.two');
  const slot = page.getByLabel(/^Slot/);
  await slot.fill('no spaces');
  await page.click('button:has-text("Submit")');
  await eventually(async () => await slot.getAttribute('aria-invalid') === 'true', 'the field is marked');
  const message = page.locator(`#${(await slot.getAttribute('aria-describedby')).split(' ').at(-1)}`);
  assert.match(await message.textContent(), /forbidden byte/, 'its message is bound to it');
  assert.ok(await message.isVisible());
  assert.ok(await slot.evaluate((el) => el === document.activeElement), 'the focus is there');
  await slot.fill('good');
  assert.equal(await slot.getAttribute('aria-invalid'), null, 'it goes when the field is changed');
  const program = page.getByLabel('Program');
  await program.fill('');
  await page.click('button:has-text("Submit")');
  await eventually(async () => await program.getAttribute('aria-invalid') === 'true', 'a field within the kind');
  await page.click('#tab-json');
  await page.fill('#json', '{ "slot": ');
  await page.waitForSelector('#jsonerror:not([hidden])');
  await page.click('button:has-text("Submit")');
  await page.locator('#toasts', { hasText: 'the JSON has an error' }).waitFor();
  assert.equal((await api.get('/v1/tasks?limit=1')).tasks[0]?.name, before, 'nothing was run');
});

flow('a task that was is submitted again as it was changed', {}, async (tab, api) => {
  const { page } = tab;
  const old = await api.run(shell('echo original', { labels: { team: 'ops' } }));
  const name = unique('changed');
  await tab.go(`tasks/${old}`);
  await page.click('text=Edit and submit');
  await page.waitForSelector('#pane.two');
  assert.equal(await page.getByLabel('Program').inputValue(), 'sh');
  await page.getByLabel('Arguments 2', { exact: true }).fill('echo changed');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.click('button:has-text("Submit")');
  await page.waitForSelector('.report a');
  const task = await api.ended(name);
  assert.equal(String(await api.output(name)), 'changed\n');
  assert.deepEqual(task.labels, { team: 'ops' });
});
