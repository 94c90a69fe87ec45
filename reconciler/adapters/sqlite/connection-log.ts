import type { ConnectionCheck, ConnectionLog, ConnectionStatus } from '../../ports/connection-log.ts';
import type { Access } from './access.ts';
import type { Row } from './rows.ts';
import { number, oneOf, text } from './rows.ts';

const STATUSES: readonly ConnectionStatus[] = ['connected', 'disconnected', 'error'];

export function createConnectionLog({ use }: Access): ConnectionLog {
  return {
    noteConnection: (subject, check) =>
      use((statements) => void statements.noteConnection.run({ subject, ...check })),
    lastConnection: (subject) =>
      use((statements) => {
        const row = statements.lastConnection.get(subject);
        return row === undefined ? undefined : toCheck(row);
      }),
    listConnections: (subject, since) =>
      use((statements) => statements.listConnections.all(subject, since).map(toCheck)),
    forgetConnections: (subject) => use((statements) => void statements.forgetConnections.run(subject)),
    pruneConnections: (before) => use((statements) => void statements.pruneConnections.run(before)),
  };
}

function toCheck(row: Row): ConnectionCheck {
  return { at: number(row, 'at'), status: oneOf(row, 'status', STATUSES), message: text(row, 'message') };
}
