// Looking for a text in a log, forwards and backwards. The service looks at a part at a time and
// only forwards, so going back means to look at ever larger parts before the place.

const STEP = 20_000;
const WIDEST = 640_000;

/**
 * The number of the next line after `place` that has the text, or of the one before it; null where
 * there is none. `progress(n)` tells how far it has come.
 */
async function find(lines, { text, exact }, place, backwards, signal, progress) {
  const query = { search: text, case: exact ? 'true' : undefined };
  if (!backwards) {
    let from = Math.max(place + 1, lines.first);
    for (;;) {
      const said = await lines.ask({ ...query, from, count: 1 }, signal);
      if (said.matches.length > 0) return said.matches[0].number;
      if (said.next === null || said.next === undefined || said.next <= from) return null;
      from = said.next;
      progress(from);
    }
  }
  let end = place;
  let step = STEP;
  while (end > lines.first) {
    const start = Math.max(lines.first, end - step);
    const found = await lastWithin(lines, query, start, end, signal);
    if (found !== null) return found;
    end = start;
    step = Math.min(WIDEST, step * 2);
    progress(end);
  }
  return null;
}

async function lastWithin(lines, query, start, end, signal) {
  let best = null;
  for (let from = start; from < end;) {
    const said = await lines.ask({ ...query, from, count: 2000 }, signal);
    for (const match of said.matches) if (match.number < end) best = match.number;
    const last = said.matches[said.matches.length - 1];
    if (last && last.number >= end) break;
    if (said.next === null || said.next === undefined || said.next <= from) break;
    from = said.next;
  }
  return best;
}

/**
 * The same, and once more from the other end where nothing was found: `{ n, around }`, or null.
 */
export async function findAround(lines, search, place, backwards, signal, progress) {
  const n = await find(lines, search, place, backwards, signal, progress);
  if (n !== null) return { n, around: false };
  const again = await find(lines, search, backwards ? lines.total : lines.first - 1, backwards, signal, progress);
  return again === null ? null : { n: again, around: true };
}
