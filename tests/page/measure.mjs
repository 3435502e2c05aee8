// How heavy and how fast the page is, by the browser's own tracing. Prints a table.
//
// PAGE_PROGRAM and PAGE_PLUGINS say which service is measured; see support.mjs. Other work on the machine
// shows in the figures: a piece of work is as long as it took, also where another program had the processor.

import { Api, Tab, browser, close, command, directory, eventually, own, sleep, unique } from './support.mjs';

const RATE = 20_000;
const WATCHED = 10_000;
const MANY = 5_000_000;

/** Records what the browser does while `run` runs, and returns the events. */
async function traced(cdp, categories, run) {
  const events = [];
  const take = ({ value }) => events.push(...value);
  cdp.on('Tracing.dataCollected', take);
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: categories, recordMode: 'recordAsMuchAsPossible' } });
  await run();
  const done = new Promise((resolve) => { cdp.once('Tracing.tracingComplete', resolve); });
  await cdp.send('Tracing.end');
  await done;
  cdp.off('Tracing.dataCollected', take);
  return events;
}

const middle = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Which thread of which process runs the page: the one with the most of these events. */
function mainThread(events, name) {
  const counts = new Map();
  for (const event of events) {
    if (event.name !== name) continue;
    const key = `${event.pid} ${event.tid}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const [[key]] = [...counts].sort((a, b) => b[1] - a[1]);
  return key;
}

/** The tab of a service, with a session of the browser's protocol. */
async function open(service) {
  const tab = await Tab.open({ url: service.url, token: service.token });
  return { tab, cdp: tab.cdp, page: tab.page };
}

async function weight(service) {
  const { tab, cdp } = await open(service);
  const urls = new Map();
  let bytes = 0;
  let files = 0;
  cdp.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, new URL(request.url).pathname));
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const where = urls.get(requestId) ?? '';
    if (where !== '/' && !where.startsWith('/page/')) return;
    bytes += encodedDataLength;
    files += 1;
  });
  await tab.go('tasks');
  await tab.page.waitForSelector('tbody tr');
  await sleep(500);
  await tab.close();
  return { bytes, files };
}

async function firstView(service) {
  const runs = [];
  for (let i = 0; i < 7; i += 1) {
    const { tab, cdp, page } = await open(service);
    // A mark in the trace with the first frame that has the table.
    await page.addInitScript(() => {
      new MutationObserver((_, watch) => {
        if (!document.querySelector('tbody tr')) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => performance.mark('table-seen')));
      }).observe(document, { childList: true, subtree: true });
    });
    const events = await traced(cdp, ['blink.user_timing', 'loading', 'devtools.timeline'], async () => {
      await tab.go('tasks');
      await page.waitForSelector('tbody tr');
      await sleep(300);
    });
    const start = events.find((event) => event.name === 'navigationStart' && event.args.data?.documentLoaderURL?.startsWith(service.url));
    const after = (name) => events.find((event) => event.name === name && event.pid === start.pid && event.ts > start.ts).ts;
    const since = (name) => (after(name) - start.ts) / 1000;
    runs.push({ paint: since('firstContentfulPaint'), table: since('table-seen') });
    await tab.close();
  }
  return { paint: middle(runs.map((run) => run.paint)), table: middle(runs.map((run) => run.table)) };
}

/** So many lines a second, however late a timer comes. */
const fast = () => command(process.execPath, ['-e', `
  const began = Date.now();
  let n = 0;
  setInterval(() => {
    const due = Math.floor(((Date.now() - began) / 1000) * ${RATE});
    let text = '';
    while (n < due) text += (n += 1) + ' \\x1b[32mINFO\\x1b[0m order taken, with some text to fill the line as logs do\\n';
    process.stdout.write(text);
  }, 20);
`], { name: unique('fast') });

async function smoothness(service, api, name, act) {
  const { tab, cdp, page } = await open(service);
  await tab.go(`tasks/${name}`);
  await eventually(async () => await page.locator('.row:not(.none)').count() > 20, 'lines are shown');
  await sleep(2000);
  const total = async () => (await api.lines(name, 'tail=1')).total;
  const before = await total();
  const began = Date.now();
  const events = await traced(cdp, ['blink.user_timing', 'devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'], () => page.evaluate(([during, what]) => new Promise((resolve) => {
    const end = performance.now() + during;
    const log = document.querySelector('.scroll');
    // Frames are asked for all the time, so that each one that is late is seen.
    const frame = (now) => {
      performance.mark('frame');
      if (what === 'scroll') log.scrollTop -= 30;
      if (now < end) requestAnimationFrame(frame);
      else resolve();
    };
    requestAnimationFrame(frame);
  }), [WATCHED, act]));
  const rate = ((await total()) - before) / ((Date.now() - began) / 1000);
  await tab.close();
  const thread = mainThread(events, 'frame');
  const here = events.filter((event) => `${event.pid} ${event.tid}` === thread);
  const frames = here.filter((event) => event.name === 'frame').map((event) => event.ts).sort((a, b) => a - b);
  const gaps = frames.slice(1).map((ts, i) => (ts - frames[i]) / 1000);
  const tasks = here.filter((event) => /RunTask$/.test(event.name) && event.dur).map((event) => event.dur / 1000);
  return { fps: 1000 / middle(gaps), longest: tasks.reduce((most, each) => Math.max(most, each), 0), rate };
}

/**
 * A tab that nobody watches: a browser that tells of requests keeps what was answered, in the tab, so what
 * Playwright has attached to cannot be measured.
 */
async function unwatched(root) {
  const { browserContextId } = await root.send('Target.createBrowserContext');
  const { targetId } = await root.send('Target.createTarget', { url: 'about:blank', browserContextId, width: 1280, height: 860 });
  const { sessionId } = await root.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map();
  root.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    waiting.get(id)?.(result);
  });
  let last = 0;
  const send = (method, params) => new Promise((resolve, reject) => {
    waiting.set(last += 1, resolve);
    root.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: last, method, params }) }).catch(reject);
  });
  const evaluate = async (expression) => (await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result.value;
  return { send, evaluate, close: () => root.send('Target.closeTarget', { targetId }) };
}

async function memory(service, api) {
  // It begins when it is looked at.
  const name = await api.submit(command('sh', ['-c', `sleep 5; seq -f '%.0f a line of the nightly export, with some text to fill it' 1 ${MANY}`], { name: unique('long') }));
  const root = await (await browser()).newBrowserCDPSession();
  const tab = await unwatched(root);
  await tab.send('Page.navigate', { url: service.url });
  await eventually(() => tab.evaluate("document.querySelector('dialog.login') !== null"), 'the form of the token');
  await tab.evaluate(`sessionStorage.setItem('solti.token', ${JSON.stringify(service.token)}); location.hash = '#/tasks/${name}'; location.reload()`);
  await eventually(() => tab.evaluate(`document.querySelector('.row[data-n="${MANY - 1}"]') !== null`), 'the end of the log', 300_000);
  const footprint = async () => {
    const events = await traced(root, ['blink.user_timing', 'disabled-by-default-memory-infra'], async () => {
      await tab.evaluate("performance.mark('measured')");
      await root.send('Tracing.requestMemoryDump', { levelOfDetail: 'light' });
    });
    const [pid] = mainThread(events, 'measured').split(' ');
    const dump = events.find((event) => String(event.pid) === pid && event.args?.dumps?.process_totals?.private_footprint_bytes);
    return parseInt(dump.args.dumps.process_totals.private_footprint_bytes, 16);
  };
  const arrived = await footprint();
  // All over the log, much faster than anybody who looks for something.
  await tab.evaluate(`(async () => {
    const el = document.querySelector('.scroll');
    for (let i = 0; i < 300; i += 1) {
      el.scrollTop = Math.random() * el.scrollHeight;
      await new Promise((resolve) => { setTimeout(resolve, 40); });
    }
  })()`);
  await sleep(1000);
  const read = await footprint();
  await tab.close();
  return { arrived, read };
}

const service = await own('measured', { state: directory('measured') });
const api = new Api(service.url, service.token);
const rows = [];
const row = (what, measured, target, reached) => rows.push([what, measured, target, reached ? 'yes' : 'NO']);
try {
  for (let i = 0; i < 100; i += 1) await api.submit(command('true', [], { name: unique('nightly') }));
  const { bytes, files } = await weight(service);
  row(`page weight, compressed, ${files} files with their headers`, `${(bytes / 1000).toFixed(1)} KB`, '<= 150 KB', bytes <= 150_000);
  const { paint, table } = await firstView(service);
  row('first contentful paint, median of 7', `${paint.toFixed(0)} ms`, '<= 1 s', paint <= 1000);
  row('table of 100 tasks is seen, median of 7', `${table.toFixed(0)} ms`, '<= 1 s', table <= 1000);
  const writer = await api.submit(fast());
  for (const [act, text] of [['follow', 'followed'], ['scroll', 'scrolled up']]) {
    const { fps, longest, rate } = await smoothness(service, api, writer, act);
    row(`frames, median, log ${text} at ${Math.round(rate / 100) * 100} lines/s`, `${fps.toFixed(1)} /s`, '>= 50 /s', fps >= 50);
    row(`longest task meanwhile, log ${text}`, `${longest.toFixed(0)} ms`, '<= 100 ms', longest <= 100);
  }
  await api.ask('DELETE', `/v1/tasks/${writer}`);
  const { arrived, read } = await memory(service, api);
  for (const [used, what] of [[arrived, 'that arrived while followed'], [read, 'just looked at in 300 places']]) {
    row(`memory of the tab, log of ${MANY.toLocaleString('en-US')} lines ${what}`, `${(used / 1e6).toFixed(0)} MB`, '<= 150 MB', used <= 150e6);
  }
} finally {
  await close();
}
const all = [['case', 'measured', 'target', 'reached'], ...rows];
const widths = all[0].map((_, i) => Math.max(...all.map((each) => each[i].length)));
const line = (each) => `| ${each.map((text, i) => text.padEnd(widths[i])).join(' | ')} |`;
console.log([line(all[0]), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n'));
process.exit(0);
