import type { AppOptions } from '../../../api/index.ts';
import type { Accounts, AccountsOptions } from '../../../api/accounts/accounts.ts';
import { createSessions } from '../../../api/accounts/sessions/sessions.ts';
import type { Store, UsersConfig } from '../../../reconciler/index.ts';
import type { ApiServer } from '../api/api-server.ts';
import { json, listTestKeys, startApiServer } from '../api/api-server.ts';
import { createQuietLogger } from '../fakes/quiet-logger.ts';
import type { AccountsRig } from './accounts-rig.ts';
import { createAccountsRig, OPEN_SIGN_UP } from './accounts-rig.ts';

export interface SessionView {
  readonly signed_in: boolean;
  readonly name: string | null;
  readonly email: string | null;
  readonly role: string | null;
  readonly via: string | null;
}

/** A server where browsers can sign in, over a store in memory and a clock that the test moves. */
export interface SessionServer extends AsyncDisposable {
  readonly server: ApiServer;
  readonly store: Store;
  readonly accounts: Accounts;
  pass(milliseconds: number): void;
  /** Another process on the same store. */
  restart(): Promise<SessionServer>;
}

export async function startSessionServer(
  options: Partial<AppOptions> = {},
  users: Partial<UsersConfig> = { signUp: { ...OPEN_SIGN_UP, inviteCode: false } },
  more: Partial<AccountsOptions> = {},
): Promise<SessionServer> {
  const rig = createAccountsRig(users, more);
  for (const key of listTestKeys()) rig.store.saveKey(key);
  return serve(rig, options);
}

async function serve(rig: AccountsRig, options: Partial<AppOptions>): Promise<SessionServer> {
  const { store, now, accounts, pass } = rig;
  const sessions = createSessions({ records: store, logger: createQuietLogger(), now, elapsed: now });
  const auth = { mode: 'keys', keys: store } as const;
  const server = await startApiServer({ auth, accounts, sessions, keys: store, audit: store, ...options });
  return {
    server,
    store,
    accounts,
    pass,
    restart: () => serve(rig, options),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export interface BrowserAnswer {
  readonly status: number;
  readonly body: Partial<SessionView> & Readonly<Record<string, unknown>>;
  readonly setCookie: string | null;
}

/** A browser on a page of the server: it keeps the cookie, and says which page it is. */
export interface Browser {
  /** Below `/api/v1`. */
  ask(method: string, path: string, body?: unknown): Promise<BrowserAnswer>;
  /** `name=value`. */
  cookie(): string | undefined;
}

/** @param headers further ones, `Origin` for a page of somebody else; an empty one is left out */
export function createBrowser(
  { server }: Pick<SessionServer, 'server'>,
  headers: Readonly<Record<string, string>> = {},
  kept?: string,
): Browser {
  let cookie = kept;
  return {
    cookie: () => cookie,
    async ask(method, path, body) {
      const init = body === undefined ? { method } : json(method, body);
      const own = { Origin: server.url, ...Object.fromEntries(new Headers(init.headers)), ...headers };
      const sent = { ...own, ...(cookie === undefined ? {} : { Cookie: cookie }) };
      const given = Object.entries(sent).filter(([, value]) => value !== '');
      const response = await server.request(`/api/v1${path}`, {
        ...init,
        role: null,
        redirect: 'manual',
        headers: Object.fromEntries(given),
      });
      const setCookie = response.headers.get('Set-Cookie');
      if (setCookie !== null) cookie = setCookie.split(';')[0];
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : JSON.parse(text), setCookie };
    },
  };
}
