// Asking again and again, without a second request while one is under way, and without any while
// nobody looks.

import { ready, Unreachable } from './api.js';

export const sleep = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener('abort', () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
});

/** Resolves as soon as the tab is seen. */
export function seen(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal?.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal?.addEventListener('abort', look, { once: true });
  });
}

/**
 * Calls `run(signal)`, and again a while after it is done: what it returns is how long, in
 * milliseconds, or nothing for `every`; `false` ends it. `now()` of what this returns cuts the
 * pause short.
 */
export function poll(every, run, onError) {
  const stop = new AbortController();
  let wake = () => {};
  let again = false;
  (async () => {
    while (!stop.signal.aborted) {
      await seen(stop.signal);
      await ready();
      if (stop.signal.aborted) return;
      again = false;
      let next = every;
      try {
        const said = await run(stop.signal);
        if (said === false) return;
        if (typeof said === 'number') next = said;
      } catch (error) {
        if (stop.signal.aborted) return;
        // The banner or the form of the token says it, and `ready` waits for its end.
        if (!(error instanceof Unreachable) && error.status !== 401) {
          if (onError) {
            if (onError(error) === false) return;
          } else console.error(error);
          next = Math.max(next, 2000);
        }
      }
      if (again) continue;
      await Promise.race([sleep(next, stop.signal), new Promise((resolve) => { wake = resolve; })]);
    }
  })();
  return {
    stop: () => stop.abort(),
    now: () => {
      again = true;
      wake();
    },
  };
}

/** Asks once, and again where no answer came or a token was missing, when that is over. */
export async function patiently(run) {
  for (;;) {
    await ready();
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Unreachable) && error.status !== 401) throw error;
    }
  }
}
