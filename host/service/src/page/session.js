// The form that asks for a token, over whatever is being looked at.

import { logIn, on, state } from './api.js';
import { h, setAttr, setText } from './dom.js';
import { visible } from './ansi.js';

let box = null;

export function watchSession() {
  on('locked', show);
  on('unlocked', () => {
    box?.close();
  });
}

function show() {
  if (box) return;
  const back = document.activeElement;
  const error = h('p', { class: 'fielderror', id: 'tokenerror', role: 'alert' });
  const token = h('input', {
    type: 'password', id: 'token', name: 'token', autocomplete: 'current-password', required: true, spellcheck: 'false', 'aria-describedby': 'tokenerror tokenhint',
  });
  const go = h('button', { type: 'submit', class: 'primary' }, 'Log in');
  const mine = h('dialog', { class: 'login', 'aria-labelledby': 'logintitle' },
    h('form', { onsubmit: async (event) => {
      event.preventDefault();
      const value = token.value.trim();
      if (value === '') return;
      // A header cannot carry other characters, and browsers refuse them with a riddle.
      if (/[^\x21-\x7e]/.test(value)) return void setText(error, 'A token has no spaces and no special characters. Was more than the token pasted?');
      setAttr(go, 'aria-busy', 'true');
      setText(go, 'Asking…');
      setText(error, '');
      try {
        await logIn(value);
      } catch (problem) {
        setText(error, problem.status === 401 ? 'The service does not accept this token.' : visible(problem.message));
        token.select();
      }
      setAttr(go, 'aria-busy', null);
      setText(go, 'Log in');
    } },
    h('h2', { id: 'logintitle' }, 'Log in'),
    h('p', { class: 'hint', id: 'tokenhint' }, 'The service asks for a token. It is kept in this tab only, and forgotten when the tab is closed.'),
    h('input', { type: 'text', name: 'username', autocomplete: 'username', value: 'solti-host', hidden: true, 'aria-hidden': 'true', tabindex: '-1' }),
    h('div', { class: 'field' }, h('label', { for: 'token' }, 'Token'), token, error),
    h('div', { class: 'buttons' }, go)));
  box = mine;
  // There is nothing to see without a token, so the form stays, with what was typed. Browsers let only the
  // first of two Escapes be cancelled as such; the key itself always.
  mine.addEventListener('keydown', (event) => { if (event.key === 'Escape') event.preventDefault(); });
  mine.addEventListener('cancel', (event) => event.preventDefault());
  mine.addEventListener('close', () => {
    mine.remove();
    box = null;
    if (state.locked) show();
    else if (back?.isConnected) back.focus({ preventScroll: true });
  });
  document.body.append(mine);
  mine.showModal();
  token.focus();
}
