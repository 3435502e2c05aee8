// What all flows stand on: one browser, a tab for each flow, and what must hold in every one of them.
//
// Where a service is, is given by variables of the environment:
//   PAGE_URL, PAGE_TOKEN          a service, and the token of its administrator
//   PAGE_TOKENS                   its file of tokens of the role `read`, which the flows may write to
//   PAGE_OPEN_URL                 a second service, which asks for no token
//   PAGE_PROGRAM, PAGE_PLUGINS    the program and the directory of plugins of these services: some flows
//                                 start services of their own, and put files into the directory
// Without PAGE_URL all services are started here, out of the last two. What else may be set:
//   PAGE_MODULES                  the directory of `node_modules`, where it is not this one
//   PAGE_CHROMIUM                 the browser, `chromium` if not given
//   PAGE_FILES                    a directory whose files stand in for those of the page in the program, to
//                                 try a change of it without a build
//   PAGE_FAILURES                 a directory for pictures of what failed

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Api, Service, endServices } from './service.mjs';

export { Api, Service, command, eventually, shell, sleep, unique, writer } from './service.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
// Modules of Node are looked for beside the file that imports them; these may be elsewhere.
const require = createRequire(path.join(path.resolve(process.env.PAGE_MODULES ?? here), 'package.json'));
const { chromium } = require('playwright-core');
export const axe = () => fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'page-'));
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }));
// Playwright ends the browser at a signal and leaves the rest to us: without this nothing would end.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(1));

/** A directory of its own for a service, removed at the end. */
export const directory = (name) => fs.mkdtempSync(path.join(scratch, `${name}-`));

const program = process.env.PAGE_PROGRAM;
export const plugins = process.env.PAGE_PLUGINS;

let services;
/** The services that all flows share. */
export function service() {
  services ??= found();
  return services;
}

async function found() {
  const given = process.env.PAGE_URL;
  if (given) {
    return { url: given, token: process.env.PAGE_TOKEN, tokens: process.env.PAGE_TOKENS, openUrl: process.env.PAGE_OPEN_URL };
  }
  assert.ok(program && plugins, 'PAGE_URL, or PAGE_PROGRAM and PAGE_PLUGINS, have to be set');
  const place = directory('services');
  const tokens = path.join(place, 'read.token');
  fs.writeFileSync(tokens, 'reader-reader-reader\n', { mode: 0o600 });
  const config = path.join(place, 'serve.toml');
  fs.writeFileSync(config, `plugins = 'unused'\nstate = 'unused'\n[[tokens]]\nfile = ${JSON.stringify(tokens)}\nrole = 'read'\n`);
  const main = await own('main', { words: ['--config', config] });
  const open = await own('open', { auth: false });
  return { url: main.url, token: main.token, tokens, openUrl: open.url };
}

/** A service of a flow's own; `again` starts the next one at the same place. */
export async function own(name, options = {}) {
  assert.ok(program && plugins, 'PAGE_PROGRAM and PAGE_PLUGINS have to be set');
  const state = options.state ?? directory(name);
  const started = await Service.start({ program, plugins, state, ...options });
  started.again = () => own(name, { ...options, state, port: started.port });
  return started;
}

export async function api() {
  const { url, token } = await service();
  return new Api(url, token);
}

const once = new Map();
/** What is prepared by the first flow that needs it, and then shared. */
export function shared(key, make) {
  if (!once.has(key)) once.set(key, make());
  return once.get(key);
}

let launched;
export function browser(args = []) {
  launched ??= chromium.launch({
    executablePath: whereIs(process.env.PAGE_CHROMIUM ?? 'chromium'),
    // A browser has no sandbox of its own where it is run by root, as in a container.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', ...args],
  });
  return launched;
}

function whereIs(name) {
  if (name.includes('/')) return name;
  return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim();
}

/** Ends all that was started. */
export async function close() {
  await (await launched)?.close();
  launched = undefined;
  await endServices();
}

// Runs in the page before anything of it.
function watch(token) {
  try {
    // Only once for a tab, so that who logs out stays out.
    if (token && !sessionStorage.getItem('test.began')) {
      sessionStorage.setItem('test.began', 'yes');
      sessionStorage.setItem('solti.token', token);
    }
  } catch {
    // An empty page has no storage.
  }
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
  }).observe({ type: 'longtask', buffered: true });
  addEventListener('securitypolicyviolation', (event) => console.error(`the policy was violated: ${event.violatedDirective} ${event.blockedURI}`));
}

/** A tab of its own, with notes of what goes wrong in it. */
export class Tab {
  static async open({ url, token, width = 1280, height = 860, dark = false, permissions = [], args = [] }) {
    const tab = new Tab();
    tab.url = url;
    tab.wrong = [];
    tab.bytes = 0;
    const context = await (await browser(args)).newContext({
      viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', permissions, timezoneId: 'UTC', locale: 'en-US',
    });
    tab.context = context;
    context.setDefaultTimeout(60_000);
    await context.addInitScript(watch, token);
    if (process.env.PAGE_FILES) await replaceFiles(context, url, process.env.PAGE_FILES);
    tab.page = await context.newPage();
    await tab.#watch(tab.page);
    return tab;
  }

  async #watch(page) {
    const origin = new URL(this.url).origin;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.wrong.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.wrong.push(`exception: ${error.stack}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      const isOurs = url.origin === origin || url.protocol === 'data:' || url.protocol === 'blob:';
      if (!isOurs) this.wrong.push(`request to ${url.origin}`);
      this.requests?.push(request.url());
    });
    // What the browser took from the network, after it was unpacked.
    const cdp = await this.context.newCDPSession(page);
    this.cdp = cdp;
    cdp.on('Network.dataReceived', ({ dataLength }) => { this.bytes += dataLength; });
    await cdp.send('Network.enable');
  }

  /** Goes to a view, by its address behind the `#`. */
  async go(view) {
    await this.page.goto(`${this.url}/#/${view}`);
  }

  text(selector) { return this.page.locator(selector).first().textContent(); }

  /** The longest that the page was busy at one piece, in milliseconds. */
  longest() { return this.page.evaluate(() => window.longest); }

  /** Notes the document, to see later that it is still the same. */
  mark() { return this.page.evaluate(() => { window.theSame = true; }); }
  async isSame() { assert.ok(await this.page.evaluate(() => window.theSame === true), 'the page was loaded again'); }

  /** What went wrong, but for what is expected. */
  check(expected = []) {
    const wrong = this.wrong.filter((text) => !expected.some((each) => each.test(text)));
    assert.deepEqual(wrong, [], 'no error on the console, no violation of the policy, no request elsewhere');
  }

  async close() {
    // A request that is under way would fail in its handler, and with it whatever test runs then.
    for (const page of this.context.pages()) await page.unrouteAll({ behavior: 'ignoreErrors' });
    await this.context.unrouteAll({ behavior: 'ignoreErrors' });
    await this.context.close();
  }
}

async function replaceFiles(context, url, files) {
  const isFile = (asked) => asked.origin === new URL(url).origin && (asked.pathname === '/' || asked.pathname.startsWith('/page/'));
  await context.route(isFile, async (route) => {
    const asked = new URL(route.request().url());
    const name = asked.pathname === '/' ? 'index.html' : path.basename(asked.pathname);
    const response = await route.fetch();
    await route.fulfill({ response, body: fs.readFileSync(path.join(files, name)) });
  });
}
