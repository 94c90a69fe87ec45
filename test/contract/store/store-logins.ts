import { beforeEach, expect, it } from 'vitest';
import type { LoginRecord, LoginRecords } from '../../../reconciler/ports/accounts/login-records.ts';

/** Describes what every store must do with sessions of browsers. */
export function describeLoginRecords(create: () => LoginRecords): void {
  let records: LoginRecords;
  beforeEach(() => void (records = create()));

  it('gives a session back by what the browser holds, as it was used last', () => {
    const [first, second] = [buildLogin(1), buildLogin(2, { kind: 'user', method: 'password' })];
    records.addLogin(first);
    records.addLogin(second);
    records.touchLogin(first.id, 5_000);
    records.touchLogin('ses_unknown', 5_000);

    expect(records.findLogin(first.hash)).toEqual({ ...first, seenAt: 5_000 });
    expect(records.findLogin('unknown')).toBeUndefined();
    expect(records.listLogins()).toEqual([second, { ...first, seenAt: 5_000 }]);
  });

  it('forgets one that is ended, once', () => {
    const login = buildLogin(1);
    records.addLogin(login);

    expect([records.deleteLogin(login.id), records.deleteLogin(login.id)]).toEqual([true, false]);
    expect(records.findLogin(login.hash)).toBeUndefined();
  });

  it('prunes those that have ended, and those that nobody has used for long', () => {
    records.addLogin(buildLogin(1, { endsAt: 100, seenAt: 99 }));
    records.addLogin(buildLogin(2, { endsAt: 101, seenAt: 50 }));
    records.addLogin(buildLogin(3, { endsAt: 101, seenAt: 49 }));

    records.pruneLogins(100, 50);

    expect(records.listLogins().map(({ id }) => id)).toEqual([buildLogin(2).id]);
  });
}

function buildLogin(number: number, changes: Partial<LoginRecord> = {}): LoginRecord {
  return {
    id: `ses_${number}`,
    hash: `hash of ${number}`,
    kind: 'key',
    subject: 'key_admin',
    stamp: 'hash of the key',
    method: 'key',
    createdAt: number,
    seenAt: number,
    endsAt: 1_000,
    address: '192.0.2.1',
    userAgent: 'Browser/1',
    ...changes,
  };
}
