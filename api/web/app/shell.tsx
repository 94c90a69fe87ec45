import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { CircleHelp, LogOut, Menu, Monitor, Moon, Sun, WifiOff, X } from 'lucide';
import { isAlone, nameOf, sourceList } from '../client/sources.ts';
import { Icon } from '../parts/icon.tsx';
import { Help } from './help.tsx';
import { DeedButton } from './deed-button.tsx';
import { bindKeys, helpShown } from './keyboard.ts';
import { liveState } from './live.ts';
import type { Place } from './navigation.ts';
import { PLACES } from './navigation.ts';
import { may, person, session } from './session.ts';
import { AskSignOut, useLeaving } from './sign-out.tsx';
import { theme } from './theme.ts';
import type { Theme } from './theme.ts';
import { UI } from '../client/home.ts';

/** Addresses of screens that have a tab of their own. */
export const ALONE = new RegExp(`^${UI}/stacks/[^/]+/terminal/`);

/** Surroundings of every screen, and the keys that count on all of them. */
export function Shell({ children }: { children: ComponentChildren }) {
  const { path, route } = useLocation();
  useEffect(
    () =>
      bindKeys([
        ...PLACES.map(({ href, text, key }) => ({
          keys: `g ${key}`,
          meaning: `Go to ${text}`,
          run: () => route(href),
        })),
        { keys: '?', meaning: 'Show these keys', run: () => (helpShown.value = !helpShown.value) },
      ]),
    [route],
  );
  return (
    <>
      {ALONE.test(path) ? (
        <main key={person.value} id="main" class="window">
          {children}
        </main>
      ) : (
        <Frame path={path}>{children}</Frame>
      )}
      {helpShown.value && <Help />}
      <AskSignOut />
    </>
  );
}

/** Frame around a screen: the menu, who is there, and whether what is shown is live. */
function Frame({ path, children }: { path: string; children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  return (
    <div class={`shell${isOpen ? ' menu-open' : ''}`}>
      <a class="skip" href="#main">
        To the content
      </a>
      <aside class="menu">
        <div class="menu-head">
          <a class="brand" href={`${UI}/stacks`}>
            <img src="/ui/icon.svg" width="26" height="26" alt="" />
            Kombinator
          </a>
          <button
            type="button"
            class="icon-button menu-button"
            aria-expanded={isOpen}
            aria-controls="menu"
            aria-label={isOpen ? 'Close the menu' : 'Open the menu'}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon of={isOpen ? X : Menu} size={22} />
          </button>
        </div>
        <div id="menu" class="menu-body">
          <div>
            <ChooseSource />
            <nav aria-label="Main">
              {placesHere().map(({ href, text, icon }) => (
                <a key={href} href={href} aria-current={isAt(path, href) ? 'page' : undefined}>
                  <Icon of={icon} />
                  {text}
                </a>
              ))}
            </nav>
          </div>
          <Who />
        </div>
      </aside>
      <div class="content">
        <Stale />
        {/* Screens begin anew for another person. */}
        <main key={person.value} id="main">
          {children}
        </main>
      </div>
    </div>
  );
}

/** Places that whoever is signed in sees something at. */
function placesHere(): readonly Place[] {
  return PLACES.filter(
    ({ role = 'viewer', ofRepository = true }) => may(role) && (ofRepository ? !isAlone.value : true),
  );
}

/** Leads from one repository of the daemon to another, each with a page of its own. */
function ChooseSource() {
  const { path, route } = useLocation();
  const list = sourceList.value;
  if (list === null || (list.sources.length < 2 && !isAlone.value)) return null;
  const all = `${UI}/sources`;
  const isAll = path === all || (isAlone.value && isAt(path, `${UI}/stacks`));
  const choose = (chosen: string): void => {
    const source = list.sources.find(({ name }) => `source ${name}` === chosen);
    if (source === undefined) route(all);
    else location.assign(`${source.path}/ui/stacks`);
  };
  return (
    <label class="choose-source">
      <span class="muted">Repository</span>
      <select
        value={isAll ? 'all' : `source ${list.current}`}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="all">All of them</option>
        {list.sources.map((source) => (
          <option key={source.name} value={`source ${source.name}`}>
            {nameOf(source)}
          </option>
        ))}
      </select>
    </label>
  );
}

function isAt(path: string, href: string): boolean {
  return path === href || path.startsWith(`${href}/`) || (href === `${UI}/stacks` && /\/ui\/?$/.test(path));
}

/** Says when events do not come any more: nothing is silently old. */
function Stale() {
  if (liveState.value !== 'broken') return null;
  return (
    <div class="stale" role="status">
      <Icon of={WifiOff} size={16} /> The connection to Kombinator is lost. What you see may be old; it is
      tried again.
    </div>
  );
}

const THEMES: readonly (readonly [Theme, string, typeof Sun])[] = [
  ['system', 'Colours of the system', Monitor],
  ['light', 'Light colours', Sun],
  ['dark', 'Dark colours', Moon],
];

function Who() {
  const who = session.value;
  const leave = useLeaving();
  if (who === null) return null;
  const at = THEMES.findIndex(([name]) => name === theme.value);
  const [, label, icon] = THEMES[at] ?? ['system', 'Colours of the system', Monitor];
  const [following] = THEMES[(at + 1) % THEMES.length] ?? ['system'];
  return (
    <div class="who">
      <p>
        <a class="who-name" href={`${UI}/users`} title="Browsers that are signed in as you">
          {who.name ?? 'nobody'}
        </a>
        <span class="muted">{who.role}</span>
      </p>
      <div class="who-actions">
        <button
          type="button"
          class="icon-button"
          title={label}
          aria-label={`${label}; press for the next`}
          onClick={() => (theme.value = following)}
        >
          <Icon of={icon} />
        </button>
        <button
          type="button"
          class="icon-button"
          title="Keys (?)"
          aria-label="Keys"
          onClick={() => (helpShown.value = true)}
        >
          <Icon of={CircleHelp} />
        </button>
        {who.auth === 'on' && (
          <DeedButton of={leave} class="icon-button" label="Sign out" title="Sign out">
            <Icon of={LogOut} />
          </DeedButton>
        )}
      </div>
    </div>
  );
}
