// What the reader chose, kept in this browser. Nothing secret is among it.

const listeners = new Set();
const defaults = { zone: 'local', wrap: 'off', stamps: 'off', theme: 'auto' };
const memory = {};

export function pref(name) {
  if (name in memory) return memory[name];
  try {
    return localStorage.getItem(`solti.${name}`) ?? defaults[name];
  } catch {
    return defaults[name];
  }
}

export function setPref(name, value) {
  memory[name] = value;
  try {
    localStorage.setItem(`solti.${name}`, value);
  } catch {
    // Then it holds for as long as the page is open.
  }
  for (const listen of listeners) listen(name, value);
}

/** Calls `listen` for each change; what it returns ends that. */
export function onPref(listen) {
  listeners.add(listen);
  return () => listeners.delete(listen);
}

/** Light, dark, or what the system says. */
export function applyTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
