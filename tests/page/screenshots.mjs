// Pictures of the page for the documentation, of a service with made-up work.
//
// PAGE_PROGRAM and PAGE_PLUGINS say which service is shown; see support.mjs. The pictures are written to
// the directory that is given, `docs/page` of the repository if none is.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Api, Tab, close, directory, own, plugins, shell, sleep } from './support.mjs';
import { png } from './png.mjs';

const into = path.resolve(process.argv[2] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '../../docs/page'));
/** How long the plots are filled. */
const HISTORY = 150_000;

const DEPLOY = `
say() { printf '\\033[2m%s\\033[0m %b\\n' "$(date -u +%H:%M:%S)" "$1"; sleep 0.05; }
say '\\033[1mDeploy of shop-frontend 4.12.0 to eu-central\\033[0m'
say '\\033[32mok\\033[0m    image is there: shop-frontend:4.12.0 (86 MB)'
say '\\033[32mok\\033[0m    configuration is valid'
for n in 1 2 3; do
  say "\\033[36mstep\\033[0m  replica $n of 6: drain"
  say "\\033[36mstep\\033[0m  replica $n of 6: start 4.12.0"
  say "\\033[32mok\\033[0m    replica $n of 6: healthy after \\033[1m$((n + 2)).$((n * 3 % 10)) s\\033[0m"
done
say '\\033[36mstep\\033[0m  replica 4 of 6: drain, start 4.12.0'
say '\\033[33mwarn\\033[0m  replica 4 of 6: not healthy yet, 503 from /readyz'
echo 'cannot connect to redis-2.eu-central:6379: connection refused' >&2; sleep 0.05
say '\\033[31mfail\\033[0m  replica 4 of 6: gave up, rolling it back to 4.11.3'
say '\\033[41;97m FAILED \\033[0m 3 of 6 replicas run 4.12.0'
exit 3
`;

// A directory of its own, as one of its files is refused later.
const installed = directory('plugins');
for (const file of fs.readdirSync(plugins)) {
  fs.copyFileSync(path.join(plugins, file), path.join(installed, file));
  fs.chmodSync(path.join(installed, file), 0o755);
}
const service = await own('shown', { plugins: installed });
const api = new Api(service.url, service.token);
const labels = (team, stage) => ({ labels: stage === 'prod' ? { team } : { stage } });
const step = (name, script, slot, more = {}) => api.submit(shell(script, { name, slot, ...more }));

async function work() {
  await step('nightly-export-1126', 'seq 1 4000; sleep 1.4', 'nightly-export', labels('data', 'prod'));
  await step('db-backup-orders', 'seq 1 900; sleep 2.1', 'db-backup', labels('platform', 'prod'));
  await step('reindex-products', 'seq 1 12000; sleep 0.8', 'reindex', labels('search', 'prod'));
  await step('certificate-renewal', 'echo renewed; sleep 0.3', 'certificates', labels('platform', 'prod'));
  await step('report-daily-sales', 'echo no rows for today >&2; exit 1', 'reports', labels('finance', 'prod'));
  await step('thumbnails-2026-11', 'seq 1 300; sleep 0.9', 'thumbnails', labels('media', 'prod'));
  await step('sync-crm-contacts', 'sleep 30', 'sync-crm', { ...labels('sales', 'prod'), timeout: 1200 });
  await step('cache-warmup', 'seq 1 80; sleep 0.4', 'cache', labels('shop', 'prod'));
  await step('invoice-batch-0481', 'seq 1 2000; sleep 1.9', 'invoices', labels('finance', 'prod'));
  await step('log-rotation', 'sleep 0.2', 'log-rotation', labels('platform', 'prod'));
  await step('fraud-model-training', 'for i in $(seq 1 900); do echo "epoch $i"; sleep 1; done', 'fraud-model', labels('ml', 'staging'));
  await step('import-supplier-feed', 'echo partner answers 502 >&2; sleep 0.6; exit 4', 'import', {
    ...labels('data', 'prod'), restart: { type: 'onFailure' }, backoff: { firstMs: 6000, maxMs: 60_000, factor: 3, jitter: 'none' },
  });
  await step('deploy-shop-frontend', DEPLOY, 'deploy-shop', {
    ...labels('shop', 'prod'), restart: { type: 'onFailure' }, backoff: { firstMs: 3000, maxMs: 60_000, factor: 3, jitter: 'none' },
  });
  await step('metrics-rollup', 'while :; do seq 1 40; sleep 1; done', 'metrics', labels('platform', 'prod'));
  const stopped = await step('load-test-checkout', 'sleep 300', 'load-test', labels('shop', 'staging'));
  await sleep(700);
  await api.ask('POST', `/v1/tasks/${stopped}/cancel`);
}

/** Keeps the plots moving: small tasks, more of them at some times than at others. */
async function bustle() {
  const until = Date.now() + HISTORY;
  for (let i = 0; Date.now() < until; i += 1) {
    const wave = 1 + Math.round(2.5 + 2.5 * Math.sin(i / 9));
    const lines = 200 + Math.round(900 * (1 + Math.sin(i / 6)));
    for (let n = 0; n < wave; n += 1) {
      const script = `seq 1 ${lines}; sleep 0.${(i + n) % 8 + 1}; ${(i + n) % 13 === 0 ? 'exit 1' : 'true'}`;
      await api.submit(shell(script, { name: `thumbnail-${i}-${n}`, slot: `thumbnail-${n}-${i % 5}`, ...labels('media', 'prod'), admission: 'queue' }));
    }
    await sleep(1000);
  }
}

/** Has the tasks of the list begun over an afternoon, where they have all begun within seconds. */
async function spread(page) {
  await page.route(/\/v1\/tasks\?/, async (route) => {
    const response = await route.fetch();
    const said = await response.json();
    said.tasks.forEach((task, i) => {
      const earlier = (text) => text && new Date(Date.parse(text) - i * (i + 5) * 17_000).toISOString();
      Object.assign(task, { created: earlier(task.created), ended: earlier(task.ended) });
    });
    await route.fulfill({ response, json: said });
  });
  await page.waitForSelector('tbody tr');
  await page.locator('tbody .ago', { hasText: 'h ago' }).first().waitFor();
}

async function picture(page, name, scheme) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.mouse.move(0, 0);
  await sleep(300);
  const taken = await page.screenshot();
  const blank = await page.context().newPage();
  const bytes = await blank.evaluate(async (url) => {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const pen = canvas.getContext('2d');
    pen.drawImage(bitmap, 0, 0);
    const { data } = pen.getImageData(0, 0, bitmap.width, bitmap.height);
    return { width: bitmap.width, height: bitmap.height, pixels: await new Response(new Blob([data])).arrayBuffer().then((buffer) => {
      let text = '';
      const all = new Uint8Array(buffer);
      for (let i = 0; i < all.length; i += 0x8000) text += String.fromCharCode(...all.subarray(i, i + 0x8000));
      return btoa(text);
    }) };
  }, `data:image/png;base64,${taken.toString('base64')}`);
  await blank.close();
  const small = png({ ...bytes, pixels: Buffer.from(bytes.pixels, 'base64') });
  const file = path.join(into, `${name}-${scheme}.png`);
  fs.writeFileSync(file, small);
  console.log(`${file}: ${Math.round(small.length / 1000)} KB`);
}

try {
  fs.mkdirSync(into, { recursive: true });
  const open = async (view) => {
    const tab = await Tab.open({ url: service.url, token: service.token, width: 1280, height: 800 });
    await tab.go(view);
    return tab;
  };
  const overview = await open('overview');
  await bustle();
  await work();
  const both = async (tab, name) => {
    for (const scheme of ['light', 'dark']) await picture(tab.page, name, scheme);
    tab.check();
    await tab.close();
  };
  await both(overview, 'overview');
  const tasks = await open('tasks');
  await spread(tasks.page);
  await both(tasks, 'tasks');
  const deploy = 'deploy-shop-frontend';
  await api.until(deploy, (task) => task.attempts >= 3 && task.phase === 'waiting');
  const task = await open(`tasks/${deploy}`);
  await task.page.waitForSelector('.row:not(.none)');
  await task.page.keyboard.press('g');
  await sleep(500);
  await both(task, 'task');
  fs.writeFileSync(path.join(installed, 'image-resize.so'), '#!/bin/sh\n', { mode: 0o755 });
  await api.ask('POST', '/v1/plugins/reload');
  const list = await open('plugins');
  await list.page.locator('td .reason').waitFor();
  await both(list, 'plugins');
} finally {
  await close();
}
process.exit(0);
