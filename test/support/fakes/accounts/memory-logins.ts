import type { LoginRecord, LoginRecords } from '../../../../reconciler/ports/accounts/login-records.ts';

/** Sessions of browsers that are gone with the process. */
export function createMemoryLogins(): LoginRecords {
  const records = new Map<string, LoginRecord>();
  return {
    addLogin: (record) => void records.set(record.id, record),
    findLogin: (hash) => [...records.values()].find((record) => record.hash === hash),
    touchLogin(id, seenAt) {
      const record = records.get(id);
      if (record !== undefined) records.set(id, { ...record, seenAt });
    },
    listLogins: () =>
      [...records.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)),
    deleteLogin: (id) => records.delete(id),
    pruneLogins(endedBy, unusedSince) {
      for (const { id, endsAt, seenAt } of records.values())
        if (endsAt <= endedBy || seenAt < unusedSince) records.delete(id);
    },
  };
}
