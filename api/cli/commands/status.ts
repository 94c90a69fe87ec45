import type { Command } from 'commander';
import type { Job, ServiceStatus, StackView, SyncState } from '../../../reconciler/index.ts';
import { formatDiagnostic, shortenHashes } from '../../../reconciler/index.ts';
import type { Failure } from '../terminal/failure.ts';
import { EXIT, formatFailure, toFailure } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present, selectStacks } from '../invocation.ts';
import type { Session } from '../session/session.ts';
import { showRows, showTime } from '../terminal/rows.ts';
import type { Style } from '../terminal/terminal.ts';
import { driftWord } from './drift.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { collect, on } from '../program-hooks.ts';

export interface StatusOptions {
  readonly stacks: readonly string[];
}

/** Targets that are asked at once. */
const OBSERVE_CONCURRENCY = 8;

export function addStatus(program: Command, hooks: ProgramHooks): void {
  program
    .command('status')
    .description('show what runs; with --stack also its services')
    .option('--stack <name>', 'only this stack (may be repeated)', collect, [])
    .action(
      on(hooks, (invocation, options: { stack: string[] }) =>
        runStatus(invocation, { stacks: options.stack }),
      ),
    );
}

/** Prints what runs, as the targets report it now. 1 when a stack cannot be shown, whatever its state otherwise. */
async function runStatus(invocation: Invocation, options: StatusOptions): Promise<number> {
  await using session = await invocation.openSession('read', 'status');
  const { stacks, leftovers } = await selectStacks(session, options.stacks, invocation);
  const names = [...stacks, ...leftovers.map(({ name }) => name)].sort();
  const { views, failures } = await observeAll(session, names, invocation.interrupt.signal);
  const repository = await session.repository(invocation.interrupt.signal);
  const { location, branch, root, commit } = repository;
  present(invocation, { repository: { location, branch, root, commit }, stacks: views, failures }, () =>
    options.stacks.length > 0 ? formatDetails(invocation, views) : formatOverview(invocation, views),
  );
  for (const { stack, ...failure } of failures) {
    const message = `${stack}: ${failure.message}`;
    invocation.terminal.err(formatFailure({ ...failure, message }, invocation.style.bad));
  }
  return failures.length > 0 ? EXIT.failed : EXIT.ok;
}

async function observeAll(session: Session, names: readonly string[], signal: AbortSignal) {
  const views: StackView[] = [];
  const failures: (Failure & { stack: string })[] = [];
  for (let start = 0; start < names.length; start += OBSERVE_CONCURRENCY) {
    const batch = names.slice(start, start + OBSERVE_CONCURRENCY);
    const results = await Promise.allSettled(batch.map((name) => session.observe(name, signal)));
    results.forEach((result, index) => {
      if (result.status === 'fulfilled') views.push(result.value);
      else failures.push({ stack: batch[index] ?? '', ...toFailure(result.reason) });
    });
  }
  return { views, failures };
}

function formatOverview(invocation: Invocation, views: readonly StackView[]): string {
  if (views.length === 0) return invocation.terminal.isTerminal ? 'no stacks' : '';
  const rows = views.map((view) => overviewRow(invocation, view));
  return showRows(invocation, ['STACK', 'STATE', 'HEALTHY', 'REVISION', 'DEPLOYED', 'MESSAGE'], rows);
}

function overviewRow(invocation: Invocation, view: StackView): readonly string[] {
  const { style, terminal } = invocation;
  const healthy = view.services.filter(({ health }) => health === 'healthy' || health === 'completed').length;
  const { deployment } = view;
  const name = terminal.isTerminal ? `#${deployment?.number}` : deployment?.tag;
  return [
    style.bold(view.name),
    paintState(view.state, style),
    `${healthy}/${view.services.length}`,
    deployment?.revision.slice(0, 10) ?? '-',
    deployment ? `${name} ${showTime(invocation, deployment.time)}` : '-',
    view.message ?? '',
  ];
}

function formatDetails(invocation: Invocation, views: readonly StackView[]): string {
  return views.map((view) => formatStack(invocation, view)).join('\n\n');
}

function formatStack(invocation: Invocation, view: StackView): string {
  const { style } = invocation;
  const rows = view.services.map((service) => serviceRow(service, invocation));
  const { deployment, lastJob, drift } = view;
  return [
    `${style.bold(view.name)}  ${paintState(view.state, style)}${view.message ? `  ${view.message}` : ''}`,
    `file      ${view.file}`,
    `deployed  ${deployment ? `${deployment.tag} at ${deployment.revision.slice(0, 10)}, ${showTime(invocation, deployment.time)}` : 'never'}`,
    ...(lastJob ? [`last job  ${describeJob(lastJob)}`] : []),
    ...(view.nextLookAt === undefined
      ? []
      : [
          `next look ${formatWait(Date.parse(view.nextLookAt) - invocation.now())}, or as soon as something changes`,
        ]),
    ...(drift.hasDrift
      ? drift.changes.map(
          ({ resource, action, field }) =>
            `drift     ${driftWord(action)} ${resource}${field === null ? '' : ` ${field}`}`,
        )
      : []),
    ...view.diagnostics.map(formatDiagnostic),
    '',
    showRows(invocation, ['SERVICE', 'HEALTH', 'NODE', 'IMAGE', 'PORTS', 'REASON'], rows),
  ].join('\n');
}

function formatWait(milliseconds: number): string {
  return milliseconds < 1_000 ? 'now' : `in ${Math.round(milliseconds / 1_000)} s`;
}

function describeJob({ id, type, status, error }: Job): string {
  return `${id} (${type}, ${status})${error === null ? '' : `: ${error.message}`}`;
}

function serviceRow(service: ServiceStatus, { style, terminal }: Invocation): readonly string[] {
  const { health } = service;
  const paint =
    health === 'healthy' || health === 'completed'
      ? style.good
      : health === 'starting' || health === 'unknown'
        ? style.warn
        : style.bad;
  const { name, node, image, running, ports, reason } = service;
  const shown = running === undefined || running === image ? image : `${image} (runs ${running})`;
  const text = terminal.isTerminal ? shortenHashes(shown) : shown;
  return [style.bold(name), paint(health), node, text, ports.join(' ') || '-', reason ?? ''];
}

function paintState(state: SyncState, style: Style): string {
  switch (state) {
    case 'in_sync':
      return style.good(state);
    case 'failed':
    case 'invalid':
    case 'degraded':
      return style.bad(state);
    case 'pending':
    case 'applying':
    case 'drifted':
    case 'blocked':
    case 'stopped':
    case 'removed':
    case 'unknown':
      return style.warn(state);
    default:
      return state satisfies never;
  }
}
