import type { ConnectionCheck, ConnectionLog } from '../../../reconciler/ports/connection-log.ts';

/** Checks in memory, the newest first. */
export function createMemoryConnectionLog(): ConnectionLog {
  const subjects = new Map<string, readonly ConnectionCheck[]>();
  const of = (subject: string) => subjects.get(subject) ?? [];
  return {
    noteConnection: (subject, check) => void subjects.set(subject, [check, ...of(subject)]),
    lastConnection: (subject) => of(subject)[0],
    listConnections: (subject, since) => of(subject).filter(({ at }) => at >= since),
    forgetConnections: (subject) => void subjects.delete(subject),
    pruneConnections(before) {
      for (const [subject, checks] of subjects)
        subjects.set(
          subject,
          checks.filter(({ at }, index) => index === 0 || at >= before),
        );
    },
  };
}
