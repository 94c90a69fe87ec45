import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import { render } from 'preact';
import { App } from './app/app.tsx';
import { listenToKeys } from './app/keyboard.ts';
import { readSession, useLink } from './app/session.ts';
import './app/theme.ts';
import { listenToLeaving } from './app/unsaved.ts';

/** Time between two loads of the page for the same reason, in milliseconds. */
const RELOAD_MS = 10_000;

// A part that cannot be loaded is one of an older build: the page is loaded anew.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('kombinator.reloaded'));
  if (Date.now() - last < RELOAD_MS) return;
  sessionStorage.setItem('kombinator.reloaded', String(Date.now()));
  event.preventDefault();
  location.reload();
});

listenToKeys();
listenToLeaving();
const place = document.getElementById('page');
if (place !== null) {
  render(<App />, place);
  await useLink();
  await readSession();
}
