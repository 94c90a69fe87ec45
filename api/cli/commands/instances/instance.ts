import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { own, showLine } from '../../../../reconciler/index.ts';
import { formatPlainRows, formatTable } from '../../terminal/table.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import type { Invocation } from '../../invocation.ts';
import { present } from '../../invocation.ts';
import { parseCount } from '../../options.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { collect, on } from '../../program-hooks.ts';
import { decode, reasonOf } from '../../read-files.ts';
import type { InstanceClient, InstanceRow } from '../../session/instance-client.ts';
import { openInstanceClient } from '../../session/instance-client.ts';

export function addInstances(program: Command, hooks: ProgramHooks): void {
  const instance = program.command('instance').description('short-lived pods of a running daemon (--server)');
  instance
    .command('list')
    .description('list instances: how they are, where they answer, when they end')
    .action(on(hooks, (invocation) => runList(invocation)));
  instance
    .command('create')
    .description('run a pod for a while')
    .argument('<file>', 'YAML of one Pod; - reads it from standard input')
    .requiredOption('--port <port>', 'port of the pod to reach, 80 or 53/udp (may be repeated)', collect)
    .action(
      on(hooks, (invocation, { port }: { readonly port: readonly string[] }, file: string) =>
        runCreate(invocation, file, port),
      ),
    );
  instance
    .command('show')
    .description('show one: why it is being created still or has failed, and the pod as it runs')
    .argument('<id>')
    .action(on(hooks, (invocation, _options, id: string) => runShow(invocation, id)));
  instance
    .command('logs')
    .description('print what its containers wrote last')
    .argument('<id>')
    .option('--tail <count>', 'lines of each container (default: 100)', (text) =>
      parseCount(text, '--tail', 1),
    )
    .action(
      on(hooks, (invocation, { tail }: { readonly tail?: number }, id: string) =>
        runLogs(invocation, id, tail),
      ),
    );
  instance
    .command('delete')
    .description('remove instances at once')
    .argument('<id...>')
    .action(on(hooks, (invocation, _options, ids: readonly string[]) => runDelete(invocation, ids)));
}

async function runList(invocation: Invocation): Promise<number> {
  const instances = await openInstanceClient(invocation.options).list(invocation.interrupt.signal);
  present(invocation, { instances }, () => formatInstances(invocation, instances));
  return EXIT.ok;
}

async function runCreate(invocation: Invocation, file: string, ports: readonly string[]): Promise<number> {
  const request = { pod_spec: await readPod(invocation, file), target_port: ports.map(readPort) };
  const client = openInstanceClient(invocation.options);
  const instance = await client.create(request, invocation.interrupt.signal);
  present(invocation, { instance }, () => formatInstance(invocation, instance));
  return EXIT.ok;
}

async function runShow(invocation: Invocation, id: string): Promise<number> {
  const instance = await openInstanceClient(invocation.options).get(id, invocation.interrupt.signal);
  present(invocation, { instance }, () => formatInstance(invocation, instance));
  return EXIT.ok;
}

async function runLogs(invocation: Invocation, id: string, tail: number | undefined): Promise<number> {
  const client = openInstanceClient(invocation.options);
  const log = await client.logs(id, tail, invocation.interrupt.signal);
  present(invocation, log, () => log.logs.trimEnd());
  return EXIT.ok;
}

/** All of them are tried; 1 when one could not be removed. */
async function runDelete(invocation: Invocation, ids: readonly string[]): Promise<number> {
  const client = openInstanceClient(invocation.options);
  const { style, interrupt } = invocation;
  const outcomes: { readonly id: string; readonly error: string | null }[] = [];
  for (const id of ids) outcomes.push({ id, error: await tryDelete(client, id, interrupt.signal) });
  present(invocation, { instances: outcomes }, () =>
    outcomes
      .map(({ id, error }) =>
        error === null
          ? `${style.good('✓')} ${style.bold(id)} is removed`
          : `${style.bad('✗')} ${style.bold(id)}: ${error}`,
      )
      .join('\n'),
  );
  return outcomes.every(({ error }) => error === null) ? EXIT.ok : EXIT.failed;
}

async function tryDelete(client: InstanceClient, id: string, signal: AbortSignal): Promise<string | null> {
  try {
    await client.delete(id, signal);
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return reasonOf(error);
  }
}

async function readPod({ terminal }: Invocation, file: string): Promise<string> {
  const bytes = await readFile(file === '-' ? '/dev/stdin' : file).catch((error: unknown) => {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  });
  const text = decode(bytes);
  if (text === null) throw new UsageError(`${file} is not UTF-8 text`, 'save it as UTF-8');
  if (text.trim() === '' && terminal.isTerminal) throw new UsageError(`${file} is empty`);
  return text;
}

function readPort(text: string): object {
  const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/i.exec(text) ?? [];
  if (port === undefined) throw new UsageError(`--port ${text}: this is no port`, 'write 80 or 53/udp');
  return { container_port: Number(port), protocol: protocol.toUpperCase() };
}

const PAINT = {
  running: 'good',
  creating: 'warn',
  stopped: 'dim',
  failed: 'bad',
  node_deleted: 'bad',
} as const;

function paintStatus({ style }: Invocation, status: string): string {
  return style[own(PAINT, status) ?? 'dim'](status);
}

function formatInstances(invocation: Invocation, instances: readonly InstanceRow[]): string {
  const { style, terminal } = invocation;
  if (instances.length === 0) return terminal.isTerminal ? 'no instances' : '';
  const rows = instances.map((one) => [
    style.bold(one.stack_id),
    paintStatus(invocation, one.status),
    one.ports.map(({ node_port }) => node_port).join(', '),
    endsIn(Date.parse(one.ttl_expires_at) - invocation.now()),
    showLine(one.message ?? '-'),
  ]);
  if (!terminal.isTerminal) return formatPlainRows(rows);
  return formatTable(['INSTANCE', 'STATUS', 'PORTS', 'ENDS', 'MESSAGE'].map(style.dim), rows);
}

function formatInstance(invocation: Invocation, one: InstanceRow): string {
  const { style } = invocation;
  const ports = one.ports.map(
    ({ container_port, protocol, node_port }, index) =>
      `${container_port}/${protocol.toLowerCase()} at ${one.urls[index] ?? `port ${node_port} of ${one.node_id}`}`,
  );
  return [
    `${style.bold(one.stack_id)} ${paintStatus(invocation, one.status)}${one.message === null ? '' : `: ${showLine(one.message)}`}`,
    ...ports,
    `ends ${endsIn(Date.parse(one.ttl_expires_at) - invocation.now())}`,
    '',
    one.pod_spec.trimEnd(),
  ].join('\n');
}

/** `in 5 min`, `now` */
function endsIn(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return milliseconds > 0 ? 'in a minute' : 'now';
  return minutes < 120 ? `in ${minutes} min` : `in ${Math.round(minutes / 60)} h`;
}
