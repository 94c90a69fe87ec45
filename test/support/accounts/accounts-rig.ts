import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { Store, UsersConfig } from '../../../reconciler/index.ts';
import { DEFAULT_USERS } from '../../../reconciler/index.ts';
import type { Accounts, AccountsOptions } from '../../../api/accounts/accounts.ts';
import { createAccounts } from '../../../api/accounts/accounts.ts';
import { createQuietLogger } from '../fakes/quiet-logger.ts';

/** Hashes that take no time. */
export const CHEAP = { logN: 4, p: 1 } as const;
export const TOKEN_KEY = new Uint8Array(32).fill(7);
export const OPEN_SIGN_UP = { enabled: true, domains: [], inviteCode: true } as const;
export const PASSWORD = 'correct horse';
/** Moment at which the world of these tests begins. */
export const BEGIN = Date.parse('2026-11-01T00:00:00.000Z');

export interface AccountsRig extends Disposable {
  readonly accounts: Accounts;
  readonly store: Store;
  /** Lets time pass, in milliseconds. */
  pass(milliseconds: number): void;
  readonly now: () => number;
  /** There have been users, as `users.begun` says. */
  begun: boolean;
  /** The same store and clock with another configuration, as after a restart. */
  restart(changes?: Partial<AccountsOptions>): Accounts;
}

/** Accounts on a store in memory, with a clock that the test moves. */
export function createAccountsRig(
  config: Partial<UsersConfig> = { signUp: OPEN_SIGN_UP },
  options: Partial<AccountsOptions> = {},
): AccountsRig {
  let time = BEGIN;
  const now = () => time;
  const clock = { now, elapsed: now, sleep: () => Promise.resolve(), random: () => 0.5 };
  const store = createSqliteStore({ path: ':memory:', clock });
  const rig = {
    store,
    now,
    begun: store.hasUsers(),
    pass: (milliseconds: number) => void (time += milliseconds),
    restart: (changes: Partial<AccountsOptions> = {}) =>
      createAccounts({
        records: store,
        config: { ...DEFAULT_USERS, ...config },
        tokenKey: TOKEN_KEY,
        begun: { has: () => rig.begun, note: () => void (rig.begun = true) },
        resolveSecret: (reference) => `value of ${reference}`,
        logger: createQuietLogger(),
        now,
        elapsed: now,
        passwords: CHEAP,
        ...options,
        ...changes,
      }),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
  return Object.assign(rig, { accounts: rig.restart() });
}

/** Words of somebody who signs up. */
export function signUpOf(name: string, changes: object = {}) {
  return { email: `${name}@example.org`, password: PASSWORD, name, address: '192.0.2.1', ...changes };
}
