// A test of the page.

import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { Tab, api, close, service } from './support.mjs';

export * from './support.mjs';

/**
 * A test in a tab of its own. `expects` are errors on the console that belong to it: browsers write one
 * for each answer that is an error.
 */
export function flow(name, options, run) {
  test(name, { timeout: 240_000 }, async () => {
    const { url, token } = await service();
    const tab = await Tab.open({ url, token: options.login === false ? null : token, ...options });
    try {
      await run(tab, await api());
      tab.check(options.expects);
    } catch (error) {
      await keep(tab, name);
      throw error;
    } finally {
      await tab.close();
    }
  });
}

async function keep(tab, name) {
  const failures = process.env.PAGE_FAILURES;
  if (!failures) return;
  fs.mkdirSync(failures, { recursive: true });
  await tab.page.screenshot({ path: path.join(failures, `${name.replace(/[^a-z0-9]+/gi, '-')}.png`) }).catch(() => {});
}

after(close);
