// Text from programs and users: it is shown, and does nothing.

import assert from 'node:assert/strict';

import { eventually, flow, shell, unique } from '../flow.mjs';

const MARKUP = '<img src=x onerror="window.harmed=1"><script>window.harmed=2</script>';

async function isUnharmed(page) {
  assert.equal(await page.evaluate(() => window.harmed), undefined, 'nothing of a text was run');
  assert.equal(await page.locator('main img, main script, main b, main i, main iframe').count(), 0, 'no text has become an element');
}

flow('markup, escape sequences and reordering characters in a log are only text', {}, async (tab, api) => {
  const { page } = tab;
  const script = [
    `printf '%s\\n' '${MARKUP}'`,
    'printf "bell\\a clear\\033[2J title\\033]0;x\\a back\\b\\n"',
    // U+202E turns what follows around, U+200B cannot be seen.
    'printf "user\\342\\200\\256nimda\\342\\200\\213.\\n"',
    'printf "one\\rtwo\\n"',
    'echo "&lt;b&gt; &amp; javascript:alert(1)"',
  ].join('; ');
  const name = await api.run(shell(script, { name: unique('harm') }));
  await tab.go(`tasks/${name}`);
  await eventually(async () => await page.locator('.row:not(.none)').count() === 5, 'five lines');
  const lines = await page.locator('.row .tx').allTextContents();
  assert.deepEqual(lines, [
    MARKUP,
    'bell\\x07 clear\\x1b[2J title\\x1b]0;x\\x07 back\\x08',
    'user⟨U+202E⟩nimda⟨U+200B⟩.',
    'one\\rtwo',
    '&lt;b&gt; &amp; javascript:alert(1)',
  ]);
  await isUnharmed(page);
  assert.ok((await page.title()).startsWith(name), 'a log does not set the title');
  // Also where parts of a line are marked.
  await page.fill('#logsearch', '<script>');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.row mark');
  assert.equal(await page.locator('.row .tx').first().textContent(), MARKUP);
  await isUnharmed(page);
});

flow('markup and reordering characters in names, labels and errors are only text', {}, async (tab, api) => {
  const { page } = tab;
  const odd = `${MARKUP}\u202eevil`;
  const seen = `${MARKUP}⟨U+202E⟩evil`;
  const task = await api.run(shell('exit 1', { name: unique('names') }));
  // The service refuses such names, and the page does not rely on that.
  const twist = (each) => Object.assign(each, { slot: odd, kind: odd, plugins: [odd], labels: { [odd]: odd }, error: odd });
  await page.route(/\/v1\/tasks\?/, async (route) => {
    const response = await route.fetch();
    const said = await response.json();
    said.tasks = said.tasks.slice(0, 1).map((each) => twist({ ...each, name: odd }));
    await route.fulfill({ response, json: said });
  });
  await page.route(/\/v1\/tasks\/[^/?]+$/, async (route) => {
    const response = await route.fetch({ url: `${tab.url}/v1/tasks/${task}` });
    const said = twist({ ...await response.json(), name: odd });
    said.runs[0].error = odd;
    await route.fulfill({ response, json: said });
  });
  await page.route(/\/v1\/tasks\/[^/?]+\/lines/, async (route) => {
    const response = await route.fetch({ url: `${tab.url}/v1/tasks/${task}/lines?tail=10` });
    await route.fulfill({ response });
  });
  await page.route(/\/v1\/plugins$/, async (route) => {
    const response = await route.fetch();
    const said = await response.json();
    const [first] = said.plugins;
    Object.assign(first, { name: odd, file: odd, version: odd, lastError: { at: new Date().toISOString(), text: odd } });
    Object.assign(first.runners[0], { name: odd, labels: { [odd]: odd } });
    said.rejected = [{ file: odd, stage: odd, code: odd, reason: odd }];
    await route.fulfill({ response, json: said });
  });
  await tab.go('tasks');
  await page.locator('tbody a.main', { hasText: seen }).waitFor();
  assert.equal(await page.locator('tbody .label bdi').first().textContent(), seen);
  await isUnharmed(page);
  await page.click('tbody a.main');
  await page.locator('h1', { hasText: seen }).waitFor();
  await page.locator('.problem .reason', { hasText: seen }).waitFor();
  await isUnharmed(page);
  assert.ok(!(await page.title()).includes('\u202e'));
  await tab.go('plugins');
  await page.locator('.card h2', { hasText: seen }).waitFor();
  await page.locator('td .reason', { hasText: seen }).waitFor();
  await isUnharmed(page);
});

flow('colours of a program are seen, and can be read on a light and on a dark ground', {}, async (tab, api) => {
  const { page } = tab;
  const script = 'printf "\\033[31mred\\033[0m plain \\033[1;32mbold\\033[0m \\033[38;5;208morange\\033[0m \\033[38;2;10;10;10mnear-black\\033[0m \\033[44mground\\033[0m\\n"';
  const name = await api.run(shell(script, { name: unique('colours') }));
  await tab.go(`tasks/${name}`);
  await page.waitForSelector('.row .tx span');
  assert.equal(await page.locator('.row .tx').textContent(), 'red plain bold orange near-black ground');
  const look = () => page.evaluate(() => {
    const of = (el) => getComputedStyle(el);
    const found = { plain: of(document.querySelector('.row .tx')).color };
    for (const el of document.querySelectorAll('.row .tx span')) {
      found[el.textContent] = { color: of(el).color, weight: Number(of(el).fontWeight), back: of(el).backgroundColor };
    }
    return found;
  });
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    const found = await look();
    for (const word of ['red', 'orange']) assert.notEqual(found[word].color, found.plain, `${word} has a colour in ${scheme}`);
    assert.ok(found.bold.weight >= 600);
    assert.notEqual(found.ground.back, 'rgba(0, 0, 0, 0)');
    // Black on black is what a program would get from many a terminal.
    assert.ok(contrast(found['near-black'].color, await paper(page)) >= 4.5, `near-black can be read in ${scheme}`);
  }
  await page.fill('#logsearch', 'ground');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.row.current mark');
  const [back, plain] = await page.evaluate(() => {
    const other = document.body.appendChild(document.createElement('mark'));
    return [document.querySelector('.row mark'), other].map((el) => getComputedStyle(el).backgroundColor);
  });
  assert.equal(back, plain, 'what was found is marked, also on a ground of its own');
});

/** The ground that the log is on, whatever element it is painted by. */
function paper(page) {
  return page.evaluate(() => {
    for (let el = document.querySelector('.scroll'); el; el = el.parentElement) {
      const { backgroundColor } = getComputedStyle(el);
      if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  });
}

/** As accessibility guidelines define it. */
function contrast(one, other) {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map((n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

flow('lines of many megabytes do not freeze the page', {}, async (tab, api) => {
  const { page } = tab;
  const wide = (size, char) => `head -c ${size} /dev/zero | tr '\\0' ${char}; echo`;
  const script = `echo before; ${wide(5_000_000, 'x')}; ${wide(100_000_000, 'y')}; head -c 1000000 /dev/zero; echo; seq -f 'line %g' 1 500; ${wide(5_000_000, 'z')}; echo after`;
  const name = await api.run(shell(script, { name: unique('wide') }), 120_000);
  await tab.go(`tasks/${name}`);
  await page.waitForSelector('.row[data-n="505"]');
  await tab.mark();
  assert.equal(await page.locator('.row[data-n="505"] .tx').textContent(), 'after');
  await page.focus('.scroll');
  await page.keyboard.press('g');
  const cut = page.locator('.row[data-n="2"] .tx');
  await cut.waitFor();
  await eventually(async () => (await cut.textContent()).endsWith('… cut here; the line has 95.4 MiB'), 'its length is told');
  await page.click('.logbar button:has-text("Wrap")');
  await eventually(async () => await page.locator('.row[data-n="1"]').evaluate((row) => row.offsetHeight) > 100, 'long lines are broken');
  for (const key of ['PageDown', 'PageDown', 'PageUp', 'G', 'g']) await page.keyboard.press(key);
  await page.fill('#logsearch', 'zzz');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.row.current[data-n="504"]');
  await page.click('.logbar button:has-text("Wrap")');
  const longest = await tab.longest();
  assert.ok(longest < 1000, `it was busy for ${longest} ms`);
  assert.ok(tab.bytes < 5_000_000, `${tab.bytes} bytes were loaded`);
  await tab.isSame();
});
