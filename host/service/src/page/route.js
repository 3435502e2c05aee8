// The address behind the `#`: which view, and what it shows. Each state of a view has its own.

/** `#/tasks/NAME?line=3` as `{ path: ['tasks', 'NAME'], query: { line: '3' } }`. */
export function parse(hash) {
  const text = hash.replace(/^#\/?/, '');
  const cut = text.indexOf('?');
  const left = cut < 0 ? text : text.slice(0, cut);
  const path = left.split('/').filter(Boolean).map(decode);
  const query = {};
  for (const [key, value] of new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1))) query[key] = value;
  return { path, query };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function link(path, query = {}) {
  const left = path.map(encodeURIComponent).join('/');
  const right = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&');
  return `#/${left}${right ? `?${right}` : ''}`;
}

export const taskLink = (name, query) => link(['tasks', name], query);
export const pluginLink = (name) => link(['plugins', name]);

/** Notes a state of the view in the address, without a new entry in the history. */
export function note(path, query) {
  const next = link(path, query);
  if (location.hash !== next) history.replaceState(null, '', next);
}
