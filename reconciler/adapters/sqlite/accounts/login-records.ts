import type { LoginRecord, LoginRecords } from '../../../ports/accounts/login-records.ts';
import type { Access } from '../access.ts';
import type { Row } from '../rows.ts';
import { number, oneOf, text } from '../rows.ts';

const KINDS: readonly LoginRecord['kind'][] = ['key', 'user'];
const METHODS: readonly LoginRecord['method'][] = ['key', 'password', 'link', 'provider'];

export function createLoginRecords({ use }: Access): LoginRecords {
  return {
    addLogin: (record) => use((statements) => void statements.addLogin.run({ ...record })),
    findLogin: (hash) =>
      use((statements) => {
        const row = statements.findLogin.get(hash);
        return row === undefined ? undefined : toRecord(row);
      }),
    touchLogin: (id, seenAt) => use((statements) => void statements.touchLogin.run(seenAt, id)),
    listLogins: () => use((statements) => statements.listLogins.all().map(toRecord)),
    deleteLogin: (id) => use((statements) => Number(statements.deleteLogin.run(id).changes) > 0),
    pruneLogins: (endedBy, unusedSince) =>
      use((statements) => void statements.pruneLogins.run(endedBy, unusedSince)),
  };
}

function toRecord(row: Row): LoginRecord {
  return {
    id: text(row, 'id'),
    hash: text(row, 'hash'),
    kind: oneOf(row, 'kind', KINDS),
    subject: text(row, 'subject'),
    stamp: text(row, 'stamp'),
    method: oneOf(row, 'method', METHODS),
    createdAt: number(row, 'created_at'),
    seenAt: number(row, 'seen_at'),
    endsAt: number(row, 'ends_at'),
    address: text(row, 'address'),
    userAgent: text(row, 'user_agent'),
  };
}
