import type { AccessLog, AccessRecord } from '../../../ports/sessions/access-log.ts';
import type { Access } from '../access.ts';
import type { Row } from '../rows.ts';
import { number, oneOf, optionalText, text } from '../rows.ts';

const WAYS: readonly AccessRecord['via'][] = ['api', 'cli'];

export function createAccessLog({ use }: Access): AccessLog {
  return {
    saveAccess: ({ isTerminal, ...record }) =>
      use((statements) => void statements.saveAccess.run({ ...record, isTerminal: isTerminal ? 1 : 0 })),
    listAccesses: (limit) => use((statements) => statements.listAccesses.all(limit).map(toRecord)),
    closeAccesses: (now) => use((statements) => Number(statements.closeAccesses.run(now).changes)),
    pruneAccesses: (before) => use((statements) => void statements.pruneAccesses.run(before)),
  };
}

function toRecord(row: Row): AccessRecord {
  return {
    id: text(row, 'id'),
    subject: text(row, 'subject'),
    container: optionalText(row, 'container'),
    actor: text(row, 'actor'),
    via: oneOf(row, 'via', WAYS),
    address: optionalText(row, 'address'),
    program: text(row, 'program'),
    isTerminal: number(row, 'is_terminal') === 1,
    startedAt: number(row, 'started_at'),
    endedAt: row['ended_at'] === null ? null : number(row, 'ended_at'),
    outcome: optionalText(row, 'outcome'),
  };
}
