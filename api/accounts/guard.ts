import { emailKey } from '../../reconciler/index.ts';
import { LRUCache } from 'lru-cache';
import { networkOf } from '../http/client-address.ts';
import { tooManyAttempts } from './account-error.ts';
import type { Throttle, ThrottleOptions } from './throttle.ts';
import { createThrottle } from './throttle.ts';

/** An attempt that counts as failed until it is said to have been right. */
export interface Attempt {
  succeed(): void;
  /** Takes it back: it was not made. */
  cancel(): void;
}

/** Slows down those who guess. Everything throws TOO_MANY_ATTEMPTS with the time to wait. */
export interface Guard {
  /** A password for an account, whether there is such a one or not. */
  password(email: string, address: string): Attempt;
  inviteCode(address: string): Attempt;
  /** An account that anybody may make. */
  openSignUp(address: string): void;
}

/** Accounts with the addresses that they were used from. */
const MAX_KNOWN = 10_000;

const LIMITS = {
  pair: { free: 5, maxDelayMs: 60_000 },
  /** Shorter than the others, so that one who guesses from one address leaves most of the turns to the owner. */
  account: { free: 20, maxDelayMs: 10_000 },
  address: { free: 20, maxDelayMs: 60_000 },
  codeOfAddress: { free: 5, maxDelayMs: 60_000 },
  code: { free: 20, maxDelayMs: 60_000 },
  signUp: { free: 10, maxDelayMs: 60_000 },
} as const satisfies Readonly<Record<string, Omit<ThrottleOptions, 'elapsed'>>>;

/**
 * Counts attempts by account and by address, in memory of a fixed size. An address that an account was used from has no other count than that of
 * the account there: strangers who guess do not make the owner wait, and elsewhere for seconds.
 */
export function createGuard(elapsed: () => number): Guard {
  const make = (name: keyof typeof LIMITS) => createThrottle({ ...LIMITS[name], elapsed });
  const [pair, account, address] = [make('pair'), make('account'), make('address')];
  const [codeOfAddress, code, signUp] = [make('codeOfAddress'), make('code'), make('signUp')];
  const used = new LRUCache<string, true>({ max: MAX_KNOWN });
  return {
    password(email, from) {
      const place = networkOf(from);
      const both = `${emailKey(email)}\0${place}`;
      const stranger: readonly Count[] = used.has(both)
        ? []
        : [
            [account, emailKey(email)],
            [address, place],
          ];
      const { cancel } = begin([[pair, both], ...stranger]);
      return {
        cancel,
        succeed() {
          cancel();
          used.set(both, true);
        },
      };
    },
    inviteCode: (from) =>
      begin([
        [codeOfAddress, networkOf(from)],
        [code, 'all'],
      ]),
    openSignUp: (from) => void begin([[signUp, networkOf(from)]]),
  };
}

type Count = readonly [Throttle, string];

/** Counts at once, so that a thousand attempts at the same time are not one. */
function begin(counts: readonly Count[]): Attempt {
  const waitMs = Math.max(...counts.map(([throttle, key]) => throttle.waitOf(key)));
  if (waitMs > 0) throw tooManyAttempts(waitMs);
  for (const [throttle, key] of counts) throttle.count(key);
  const takeBack = () => {
    for (const [throttle, key] of counts) throttle.forgive(key);
  };
  return { succeed: takeBack, cancel: takeBack };
}
