import type { LoginView } from '../../client/fleet-types.ts';
import { get, remove } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { announce } from '../../app/announce.tsx';
import { DeedButton } from '../../app/deed-button.tsx';
import { may } from '../../app/session.ts';
import { useLeaving } from '../../app/sign-out.tsx';
import { useDeed } from '../../app/use-deed.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Time } from '../../parts/time.tsx';

const METHODS: Readonly<Record<LoginView['method'], string>> = {
  key: 'a key',
  password: 'a password',
  link: 'a link',
  provider: 'a provider',
};

/** Browsers that are signed in: one's own, and for admins everybody's. */
export function Logins() {
  const { data, error, reload } = useLoad('sessions', (signal) =>
    get<{ sessions: readonly LoginView[] }>('/sessions', signal),
  );
  return (
    <section class="card" aria-label="Browsers">
      <h2>{may('admin') ? 'Browsers that are signed in' : 'Browsers that are signed in as you'}</h2>
      {data === null ? (
        <div class="card-body">
          {error === null ? <Waiting what="browsers" /> : <Failed error={error} retry={reload} />}
        </div>
      ) : data.sessions.length === 0 ? (
        <Empty title="No browser is signed in." />
      ) : (
        <ul class="people">
          {data.sessions.map((one) => (
            <Login key={one.id} of={one} onEnded={reload} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Login({ of, onEnded }: { of: LoginView; onEnded: () => void }) {
  const { id, name, role, method, address, user_agent: agent, is_current: isCurrent } = of;
  const browser = tellBrowser(agent);
  const end = useDeed('Not signed out', async () => {
    try {
      await remove(`/sessions/${encodeURIComponent(id)}`);
      announce(`${browser} of ${name} is signed out.`);
    } finally {
      onEnded();
    }
  });
  const leave = useLeaving();
  return (
    <li>
      <div>
        <b title={agent}>{browser}</b> <span class="role">{name}</span>
        {isCurrent && <span class="muted small"> this browser</span>}
        <p class="muted small">
          {role}, with {METHODS[method]}, from {address}; seen <Time at={of.seen_at} />, signed in{' '}
          <Time at={of.created_at} />, until <Time at={of.expires_at} isAhead />
        </p>
      </div>
      <DeedButton of={isCurrent ? leave : end} label={`Sign out ${browser} of ${name}`}>
        Sign out
      </DeedButton>
    </li>
  );
}

const BROWSERS = [
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\/|Chromium\//, 'Chrome'],
  [/Safari\//, 'Safari'],
] as const;
const SYSTEMS = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
] as const;

/** `Firefox on Linux` of what a browser calls itself. */
function tellBrowser(agent: string): string {
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1] ?? 'A program';
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  return system === undefined ? browser : `${browser} on ${system}`;
}
