import { beforeEach, expect, it } from 'vitest';
import type {
  AuditEntry,
  AuditFilter,
  AuditRecords,
} from '../../../reconciler/ports/accounts/audit-records.ts';

const ALL = { before: 0, keep: 1_000, keepOfNobody: 1_000 };

/** Describes what every store must do with the audit. */
export function describeAuditRecords(create: () => AuditRecords): void {
  let records: AuditRecords;
  const actions = (filter: Partial<AuditFilter> = {}) =>
    records.listAudit({ limit: 100, ...filter }).entries.map(({ action }) => action);
  beforeEach(() => void (records = create()));

  it('gives entries back as they were, the newest first, and a page of them', () => {
    const [first, second, third] = [buildEntry('a', 1), buildEntry('b', 2, WHOLE), buildEntry('c', 2)];
    const numbers = [first, second, third].map((entry) => records.addAudit(entry));

    expect(records.listAudit({ limit: 2 })).toEqual({
      entries: [
        { ...third, number: numbers[2], count: 1, firstAt: 2 },
        { ...second, number: numbers[1], count: 1, firstAt: 2 },
      ],
      total: 3,
    });
    expect(actions({ limit: 2, offset: 2 })).toEqual(['a']);
  });

  it('counts what is the same, as of its last time', () => {
    const number = records.addAudit(buildEntry('a', 1));
    records.addAudit(buildEntry('b', 2));

    expect([records.repeatAudit(number, 3), records.repeatAudit(99, 3)]).toEqual([true, false]);
    expect(records.listAudit({ limit: 1 }).entries).toMatchObject([
      { action: 'a', at: 3, firstAt: 1, count: 2 },
    ]);
  });

  it('finds by who, what, on what and when', () => {
    const ben = { name: 'Ben', email: 'ben@example.org', via: 'key' } as const;
    records.addAudit(buildEntry('a', 1, { object: { id: 'shop', service: 'web' } }));
    records.addAudit(buildEntry('b', 2, { actor: ben, object: { id: 'web' } }));
    records.addAudit(buildEntry('c', 3, { object: { id: "x' OR 1=1" } }));

    expect(actions({ actor: 'BEN' })).toEqual(['b']);
    expect(actions({ actor: 'example.org' })).toEqual(['c', 'b', 'a']);
    expect(actions({ actor: '%' })).toEqual([]);
    expect(actions({ actions: ['a'] })).toEqual(['a']);
    expect(actions({ actions: ['a', 'c', 'none'] })).toEqual(['c', 'a']);
    expect(actions({ exceptActions: ['a', 'none'] })).toEqual(['c', 'b']);
    expect(actions({ object: 'web' })).toEqual(['b', 'a']);
    expect(actions({ object: "x' OR 1=1" })).toEqual(['c']);
    expect(actions({ since: 2, until: 3 })).toEqual(['b']);
    expect(actions({ actor: 'ada', object: 'web' })).toEqual(['a']);
  });

  it('drops what is old and what is too much, of nobody first', () => {
    const nobody = { actor: { name: 'anonymous', email: '', via: 'none' } } as const;
    for (const at of [1, 2, 3, 4]) records.addAudit(buildEntry(`known ${at}`, at));
    for (const at of [5, 6, 7]) records.addAudit(buildEntry(`nobody ${at}`, at, nobody));
    records.pruneAudit(ALL);
    expect(actions()).toHaveLength(7);

    records.pruneAudit({ ...ALL, keepOfNobody: 1 });
    expect(actions()).toEqual(['nobody 7', 'known 4', 'known 3', 'known 2', 'known 1']);
    records.pruneAudit({ ...ALL, before: 2 });
    expect(actions()).toEqual(['nobody 7', 'known 4', 'known 3', 'known 2']);
    records.pruneAudit({ ...ALL, keep: 2 });
    expect(actions()).toEqual(['nobody 7', 'known 4']);
    // A number is not given twice.
    expect(records.addAudit(buildEntry('next', 8))).toBe(8);
  });
}

const WHOLE: Partial<AuditEntry> = {
  object: { id: 'shop' },
  status: 409,
  code: 'WRITE_CONFLICT',
  job: 'job_1',
  commit: 'a'.repeat(40),
};

function buildEntry(action: string, at: number, changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at,
    actor: { name: 'Ada', email: 'ada@example.org', via: 'session' },
    address: '192.0.2.1',
    action,
    method: 'POST',
    path: '/api/v1/stacks',
    object: {},
    status: 200,
    code: null,
    job: null,
    commit: null,
    ...changes,
  };
}
