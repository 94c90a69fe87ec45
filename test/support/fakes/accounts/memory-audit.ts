import type {
  AuditEntry,
  AuditFilter,
  AuditRecord,
  AuditRecords,
} from '../../../../reconciler/ports/accounts/audit-records.ts';

/** An audit that is gone with the process. */
export function createMemoryAudit(): AuditRecords {
  let records: readonly AuditRecord[] = [];
  let last = 0;
  return {
    addAudit(entry: AuditEntry) {
      last += 1;
      records = [...records, { ...entry, number: last, count: 1, firstAt: entry.at }];
      return last;
    },
    repeatAudit(number, at) {
      const found = records.find((record) => record.number === number);
      if (found === undefined) return false;
      records = records.map((record) =>
        record === found ? { ...found, at, count: found.count + 1 } : record,
      );
      return true;
    },
    listAudit({ limit, offset = 0, ...filter }) {
      const found = records
        .filter((record) => matches(record, filter))
        .sort((a, b) => b.at - a.at || b.number - a.number);
      return { entries: found.slice(offset, offset + limit), total: found.length };
    },
    pruneAudit({ before, keep, keepOfNobody }) {
      const nobodies = records.filter(({ actor }) => actor.via === 'none').slice(-keepOfNobody);
      records = records
        .filter((record) => record.at >= before)
        .filter((record) => record.actor.via !== 'none' || nobodies.includes(record))
        .slice(-keep);
    },
  };
}

function matches(record: AuditRecord, filter: Omit<AuditFilter, 'limit' | 'offset'>): boolean {
  const {
    actor,
    actions = [record.action],
    exceptActions = [],
    object,
    since = 0,
    until = Infinity,
  } = filter;
  const who = [record.actor.name, record.actor.email].map((text) => text.toLowerCase());
  const isActor = actor === undefined || who.some((text) => text.includes(actor.toLowerCase()));
  const isObject = object === undefined || Object.values(record.object).includes(object);
  const isAction = actions.includes(record.action) && !exceptActions.includes(record.action);
  return isActor && isObject && isAction && record.at >= since && record.at < until;
}
