// Starts services, asks them over HTTP, and ends them.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const running = new Set();
// Whatever happens to the tests, no service outlives them.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Ends the services that still run. */
export async function endServices() {
  const all = [...running];
  for (const child of all) child.kill('SIGKILL');
  await Promise.all(all.map((child) => (child.exitCode === null && child.signalCode === null
    ? new Promise((resolve) => { child.once('exit', resolve); }) : null)));
}

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Asks until `look` returns something that is true, and returns that. */
export async function eventually(look, what, within = 60_000) {
  const end = Date.now() + within;
  let last;
  for (;;) {
    last = await look();
    if (last) return last;
    if (Date.now() > end) throw new Error(`${what}: not within ${within / 1000} s`);
    await sleep(50);
  }
}

/** A service of our own, in a state directory that stays when it ends. */
export class Service {
  /** `words` are more options; `port` is 0 for one that the system chooses. */
  static async start({ program, plugins, state, words = [], port = 0, auth = true }) {
    const listen = ['--listen', `127.0.0.1:${port}`];
    const child = spawn(program, ['serve', '--plugins', plugins, '--state', state, ...listen, ...(auth ? [] : ['--no-auth']), ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const service = new Service();
    service.child = child;
    service.gone = new Promise((resolve) => { child.on('exit', () => { running.delete(child); resolve(); }); });
    let said = '';
    child.stderr.on('data', (bytes) => { said = (said + bytes).slice(-4000); });
    const ready = await new Promise((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (bytes) => {
        text += bytes;
        if (text.includes('\n')) resolve(text);
      });
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`the service ended with ${code}: ${said}`)));
    });
    service.url = /http:\/\/[0-9.:]+/.exec(ready)[0];
    service.port = Number(new URL(service.url).port);
    service.token = auth ? fs.readFileSync(path.join(state, 'token'), 'utf8').trim() : null;
    return service;
  }

  /** Ends it as `kill -9` does. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.gone;
  }
}

/** The HTTP API, for what the tests prepare and what they compare with. */
export class Api {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  async send(method, where, body, accept = 'application/json') {
    const headers = { accept };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    return fetch(this.url + where, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  async ask(method, where, body) {
    const answer = await this.send(method, where, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  get(where) { return this.ask('GET', where); }

  /** Has a task run, and returns its name. */
  async submit(spec) {
    return (await this.ask('POST', '/v1/tasks', spec)).name;
  }

  task(name) { return this.get(`/v1/tasks/${name}`); }

  until(name, is, within) {
    return eventually(async () => {
      const task = await this.task(name);
      return is(task) ? task : null;
    }, `the task ${name}`, within);
  }

  ended(name, within) { return this.until(name, (task) => task.ended, within); }

  async run(spec, within) {
    const name = await this.submit(spec);
    await this.ended(name, within);
    return name;
  }

  lines(name, query) { return this.get(`/v1/tasks/${name}/lines?${query}`); }

  async output(name) {
    const answer = await this.send('GET', `/v1/tasks/${name}/output`, undefined, 'application/octet-stream');
    return Buffer.from(await answer.arrayBuffer());
  }
}

const run = Date.now().toString(36);
let last = 0;
/** A name that no other task has, also of an earlier run against the same service. */
export const unique = (what) => `${what}-${run}-${last += 1}`;

/** A spec that hands a script to `sh -c`, in a slot of its own. */
export function shell(script, more = {}) {
  return command('sh', ['-c', script], more);
}

export function command(program, args, more = {}) {
  return {
    slot: unique('slot'), timeout: 600_000,
    kind: { subprocess: { mode: { command: { command: program, args } } } },
    ...more,
  };
}

/** A writer of so many lines a second: what sleeps between lines is slower than it says on a busy machine. */
export const writer = (rate, more) => command(process.execPath, ['-e', `
  const began = Date.now();
  let n = 0;
  setInterval(() => {
    const due = Math.floor(((Date.now() - began) / 1000) * ${rate});
    let text = '';
    while (n < due) text += 'line ' + (n += 1) + ' of a writer that goes on and on\\n';
    process.stdout.write(text);
  }, 50);
`], more);
