import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import { render } from 'preact';
import { App } from './app/app.tsx';
import { listenToKeys } from './app/keyboard.ts';
import { heedLinks, readSession } from './app/session.ts';
import './app/theme.ts';
import { listenToLeaving } from './app/unsaved.ts';

listenToKeys();
listenToLeaving();
const place = document.getElementById('page');
if (place !== null) {
  render(<App />, place);
  await heedLinks();
  await readSession();
}
