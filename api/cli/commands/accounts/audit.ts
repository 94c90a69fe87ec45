import type { Command } from 'commander';
import type { AuditFilter, AuditRecord } from '../../../../reconciler/index.ts';
import { showText } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { present } from '../../invocation.ts';
import { parseCount, parseDuration, readApiKey } from '../../options.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { createRemoteClient } from '../../remote/client.ts';
import type { ReadAudit } from '../../session/audit-source.ts';
import { readLocalAudit, readRemoteAudit } from '../../session/audit-source.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import { showRows, showTime } from '../../terminal/rows.ts';

interface AuditFlags {
  readonly since?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly object?: string;
  readonly limit: string;
}

const MAX = 1_000;

export function addAudit(program: Command, hooks: ProgramHooks): void {
  program
    .command('audit')
    .description('who asked a daemon for what, the newest first')
    .option('--since <time>', 'no older than this: 90s, 24h, or a time (2026-11-30T08:00:00Z)')
    .option('--actor <text>', 'part of the name or the address')
    .option('--action <name>', 'name of an operation: applyStack, signIn')
    .option('--object <name>', 'what it was done to: a stack, a job, a key')
    .option('--limit <n>', `how many, ${MAX} at most`, '100')
    .action(on(hooks, (invocation, flags: AuditFlags) => runAudit(invocation, flags)));
}

async function runAudit(
  invocation: Invocation,
  { since, limit, action, ...which }: AuditFlags,
): Promise<number> {
  const filter: AuditFilter = {
    ...which,
    ...(action !== undefined && { actions: [action] }),
    ...(since !== undefined && { since: readSince(since, invocation.now()) }),
    limit: Math.min(parseCount(limit, '--limit'), MAX),
  };
  const entries = await withAudit(invocation, (read) => read(filter, invocation.interrupt.signal));
  present(invocation, { entries }, () => {
    const rows = entries.map((entry) => toRow(invocation, entry).map(showText));
    return showRows(invocation, ['TIME', 'WHO', 'FROM', 'WHAT', 'ON', 'OUTCOME'], rows);
  });
  return EXIT.ok;
}

/** A daemon where one is named, else the state directory, beside a daemon or not. */
async function withAudit<T>(invocation: Invocation, work: (read: ReadAudit) => Promise<T>): Promise<T> {
  const { server, serverVariable } = invocation.options;
  if (server === undefined) {
    await using store = await invocation.openKeys();
    return await work(readLocalAudit(store.audit));
  }
  const apiKey = readApiKey(invocation.options);
  const client = createRemoteClient({
    url: server,
    ...(serverVariable !== undefined && { option: serverVariable }),
    ...(apiKey !== undefined && { apiKey }),
  });
  return work(readRemoteAudit(client));
}

function toRow(invocation: Invocation, entry: AuditRecord): readonly string[] {
  const { at, count, actor, address, action, object, status, code, job, commit } = entry;
  const made = [job, commit?.slice(0, 12)].filter((text) => typeof text === 'string');
  const outcome = [code ?? (status === null ? 'done' : String(status)), ...made].join(' ');
  return [
    showTime(invocation, new Date(at).toISOString()),
    `${actor.name}${actor.via === 'none' ? '' : ` (${actor.via})`}`,
    address ?? '-',
    count === 1 ? action : `${action} (${count} times)`,
    [...new Set(Object.values(object))].join(' ') || '-',
    outcome,
  ];
}

function readSince(text: string, now: number): number {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const time = Date.parse(text);
    if (Number.isFinite(time)) return time;
    throw new UsageError(
      `--since: "${text}" is not a time`,
      'write for example 24h, or 2026-11-30T08:00:00Z',
    );
  }
  return now - parseDuration(text, '--since');
}
