import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { UI } from '../client/home.ts';
import { readRepository } from '../client/repository.ts';
import { isAlone, readSources } from '../client/sources.ts';
import { Failed, Waiting } from '../parts/empty.tsx';
import { Announcements } from './announce.tsx';
import { connect, disconnect } from './live.ts';
import { ROUTES, SourcesScreen } from './routes.ts';
import { readSession, session, sessionError } from './session.ts';
import { ALONE, Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { useCalmly, useEvent, useMissed } from './use-live.ts';
import { Stacks } from '../screens/stacks/stacks.tsx';
import { Nowhere } from './nowhere.tsx';

/** The whole page: who is there decides what is shown. */
export function App() {
  const who = session.value;
  if (who === null) {
    const error = sessionError.value;
    return (
      <main class="alone">
        {error === null ? (
          <Waiting what="the page" />
        ) : (
          <Failed error={error} retry={() => void readSession()} />
        )}
      </main>
    );
  }
  return (
    <>
      {who.signed_in ? <Inside /> : <SignIn />}
      <Announcements />
    </>
  );
}

/** Addresses below it are screens; others are left to the browser. */
const SCOPE = new RegExp(`^${UI}(?:/|$)`);

function Inside() {
  useEffect(readRepository, []);
  useEffect(() => void readSources(false), []);
  useEvent('repository', useCalmly(readRepository, 500, 5_000));
  useMissed(readRepository);
  return (
    <LocationProvider scope={SCOPE}>
      <Live />
      <Shell>
        <ErrorBoundary>
          <Router onRouteChange={focusHeading}>
            <Route path={UI} component={First} />
            <Route path={`${UI}/stacks`} component={First} />
            {ROUTES.map(({ path, component }) => (
              <Route key={path} path={path} component={component} />
            ))}
            <Route default component={Nowhere} />
          </Router>
        </ErrorBoundary>
      </Shell>
    </LocationProvider>
  );
}

/** A daemon that has no repository of its own begins with those that it has. */
function First() {
  return isAlone.value ? <SourcesScreen /> : <Stacks />;
}

/** Listens to events where a screen shows what they are about: a terminal has a connection of its own. */
function Live() {
  const { path } = useLocation();
  const isAlone = ALONE.test(path);
  useEffect(() => {
    if (isAlone) return undefined;
    connect();
    return disconnect;
  }, [isAlone]);
  return null;
}

/** Puts the focus on what was opened, where screen readers go on from. Whoever is in a screen that two addresses lead to stays where they are. */
function focusHeading(): void {
  requestAnimationFrame(() => {
    if (document.querySelector('main')?.contains(document.activeElement) === true) return;
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  });
}
