// Everything that is asked of the service goes through here: the token, errors, and the two gates
// behind which all polling waits while the service is away or no token is accepted.

import { setServerTime } from './clock.js';

const KEY = 'solti.token';
let token = readToken();
let role = null;
let service = null;
let downSince = null;
let locked = false;
let waiters = [];
const events = new EventTarget();

/** An answer that is an error, with the field of the request that it is about. */
export class ApiError extends Error {
  constructor(status, code, message, field) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** No answer at all. */
export class Unreachable extends Error {}

function readToken() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keepToken(value) {
  token = value;
  try {
    if (value === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // Then it is forgotten with the page.
  }
}

export const on = (event, listen) => events.addEventListener(event, listen);
export const off = (event, listen) => events.removeEventListener(event, listen);
const tell = (event) => events.dispatchEvent(new Event(event));

export const state = {
  get role() { return role; },
  get service() { return service; },
  get downSince() { return downSince; },
  get locked() { return locked; },
  get hasToken() { return token !== null; },
};

const ranks = { read: 0, submit: 1, admin: 2 };
/** Null where the role is enough, else the reason why a button does nothing. */
export function lacks(needed) {
  if ((ranks[role] ?? 0) >= ranks[needed]) return null;
  return `This needs the role “${needed}”, and yours is “${role ?? 'read'}”.`;
}

/** Resolves when there is a service to ask, and it lets us. */
export function ready() {
  if (downSince === null && !locked) return Promise.resolve();
  return new Promise((resolve) => waiters.push(resolve));
}

function open() {
  if (downSince !== null || locked) return;
  const all = waiters;
  waiters = [];
  for (const go of all) go();
}

async function send(method, path, { body, signal, accept = 'application/json' } = {}) {
  const headers = { Accept: accept };
  const used = token;
  if (used !== null) headers.Authorization = `Bearer ${used}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    lost();
    throw new Unreachable('The service does not answer.');
  }
  if (answer.ok) return answer;
  // A gateway in front that finds no service says so with these; it is the same to the reader.
  const type = answer.headers.get('content-type') ?? '';
  if ([502, 504].includes(answer.status) && !type.includes('json')) {
    lost();
    throw new Unreachable('The service does not answer.');
  }
  const text = await answer.text().catch(() => '');
  let said;
  try {
    said = JSON.parse(text).error;
  } catch {
    said = null;
  }
  // An answer to a request with an older token says nothing about the one in use now.
  if (answer.status === 401 && used === token) lock();
  throw new ApiError(answer.status, said?.code ?? 'unknown', said?.message ?? (text.slice(0, 500) || `Status ${answer.status}`), said?.field);
}

/** Asks and reads the answer as JSON; null where it has no body. */
export async function ask(method, path, options) {
  const answer = await send(method, path, options);
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    lost();
    throw new Unreachable('The answer broke off.');
  }
}

export const get = (path, options) => ask('GET', path, options);
export const post = (path, body, options) => ask('POST', path, { ...options, body });

export async function text(path, options) {
  return (await send('GET', path, { accept: 'text/plain', ...options })).text();
}

/** The answer itself, for a body that is read piece by piece. */
export const raw = (path, options) => send('GET', path, { accept: 'application/octet-stream', ...options });

/** A path with a query, without what is not set. */
export function path(base, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return given.length === 0 ? base : `${base}?${given.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}`;
}

export const taskPath = (name, rest = '') => `/v1/tasks/${encodeURIComponent(name)}${rest}`;
export const pluginPath = (name, rest = '') => `/v1/plugins/${encodeURIComponent(name)}${rest}`;

/** Who we are to the service, and what time it has. */
export async function whoami() {
  const sent = Date.now();
  const said = await get('/v1/whoami', { signal: AbortSignal.timeout(8000) }).catch((error) => {
    // A request that hangs is a service that does not answer.
    if (error.name === 'TimeoutError') {
      lost();
      throw new Unreachable('The service does not answer.');
    }
    throw error;
  });
  setServerTime(said.time, sent, Date.now());
  role = said.role;
  service = said.service;
  tell('who');
  return said;
}

function lost() {
  if (downSince !== null) return;
  downSince = Date.now();
  tell('down');
  reconnect();
}

async function reconnect() {
  let wait = 1000;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(10_000, wait * 2);
    const since = downSince;
    try {
      // `lost` must not start a second loop, so the mark stays until an answer has come.
      await whoami();
    } catch (error) {
      downSince = since;
      if (error instanceof Unreachable) continue;
      if (!(error instanceof ApiError) || error.status >= 500) continue;
    }
    downSince = null;
    tell('up');
    open();
    return;
  }
}

function lock() {
  if (locked) return;
  locked = true;
  tell('locked');
}

/** Tries a token; throws what the service says about it. */
export async function logIn(value) {
  const before = token;
  keepToken(value);
  try {
    await whoami();
  } catch (error) {
    keepToken(before);
    throw error;
  }
  locked = false;
  tell('unlocked');
  open();
}

export function logOut() {
  keepToken(null);
  role = null;
  lock();
  tell('who');
}
