import { describe, expect, it } from 'vitest';
import { AccountError } from '../../../api/accounts/account-error.ts';
import { createGuard } from '../../../api/accounts/guard.ts';
import { networkOf } from '../../../api/http/client-address.ts';

const EVIL = '198.51.100.7';
const HOME = '192.0.2.1';
const EMAIL = 'ada@example.org';

function rig() {
  let time = 0;
  const guard = createGuard(() => time);
  const pass = (milliseconds: number) => void (time += milliseconds);
  /** Seconds to wait; 0: the attempt was made. */
  function guess(email = EMAIL, address = EVIL): number {
    try {
      guard.password(email, address);
      return 0;
    } catch (error) {
      return error instanceof AccountError ? error.retryAfterSeconds : -1;
    }
  }
  return { guard, pass, guess };
}

describe('guessing passwords', () => {
  it('is slowed down after five attempts, by twice as long each time up to a minute', () => {
    const { guess, pass } = rig();
    expect(Array.from({ length: 5 }, () => guess())).toEqual([0, 0, 0, 0, 0]);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      waits.push(guess());
      pass((waits.at(-1) ?? 0) * 1_000);
      expect(guess()).toBe(0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('does not get longer waits by not waiting', () => {
    const { guess, pass } = rig();
    for (let attempt = 0; attempt < 5; attempt += 1) guess();
    for (let attempt = 0; attempt < 1_000; attempt += 1) expect(guess()).toBe(1);
    pass(1_000);
    expect(guess()).toBe(0);
  });

  it('counts attempts of the same moment as many', () => {
    const { guess } = rig();
    const made = Array.from({ length: 1_000 }, () => guess()).filter((wait) => wait === 0);
    expect(made).toHaveLength(5);
  });

  it('is slowed down for one address over all accounts', () => {
    const { guess } = rig();
    const made = Array.from({ length: 100 }, (_, index) => guess(`user${index}@example.org`));
    expect(made.filter((wait) => wait === 0)).toHaveLength(20);
  });

  it('is slowed down for one account over all addresses, by ten seconds at most', () => {
    const { guess, pass } = rig();
    const made = Array.from({ length: 100 }, (_, index) => guess(EMAIL, `198.51.100.${index}`));
    expect(made.filter((wait) => wait === 0)).toHaveLength(20);
    for (let round = 0; round < 20; round += 1) {
      pass(10_000);
      expect(guess(EMAIL, `203.0.113.${round}`)).toBe(0);
    }
    expect(guess(EMAIL, '203.0.113.99')).toBe(10);
  });

  it('is forgotten after a quarter of an hour', () => {
    const { guess, pass } = rig();
    for (let attempt = 0; attempt < 5; attempt += 1) guess();
    pass(15 * 60_000 + 1);
    expect(Array.from({ length: 6 }, () => guess())).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it('makes the owner wait neither where they have signed in before nor for long elsewhere', () => {
    const { guard, guess, pass } = rig();
    guard.password(EMAIL, HOME).succeed();
    let made = 0;
    for (let attempt = 0; attempt < 10_000; attempt += 1) {
      if (guess() === 0) made += 1;
      pass(100);
    }

    // A thousand seconds: five at once, six with growing waits, then one a minute.
    expect(made).toBeLessThan(30);
    expect(guess(EMAIL.toUpperCase(), HOME)).toBe(0);
    expect(guess(EMAIL, '203.0.113.5')).toBeLessThanOrEqual(10);
  });

  it('takes back attempts that were right or not made', () => {
    const { guard, guess } = rig();
    for (let attempt = 0; attempt < 50; attempt += 1) guard.password(EMAIL, HOME).succeed();
    for (let attempt = 0; attempt < 50; attempt += 1) guard.password(EMAIL, EVIL).cancel();
    expect([guess(EMAIL, HOME), guess(EMAIL, EVIL)]).toEqual([0, 0]);
  });
});

describe('guessing invite codes', () => {
  it('is slowed down for one address, and for all of them together', () => {
    const { guard } = rig();
    const tries = Array.from({ length: 100 }, (_, index) => {
      try {
        guard.inviteCode(`198.51.100.${Math.floor(index / 10)}`);
        return 'made';
      } catch {
        return 'refused';
      }
    });
    expect(tries.slice(0, 10).filter((one) => one === 'made')).toHaveLength(5);
    expect(tries.filter((one) => one === 'made')).toHaveLength(20);
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:db8::1', '2001:db8:0:0::'],
  ['fe80::1%eth0', 'fe80:0:0:0::'],
  ['::1', '0:0:0:0::'],
  ['', ''],
])('counts %s as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
