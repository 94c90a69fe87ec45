import type { Command } from 'commander';
import type { Invocation } from '../../invocation.ts';
import { present } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import type { ChannelRow, ChannelTest } from '../../session/notify-session.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import { formatAge, formatPlainRows, formatTable } from '../../terminal/table.ts';

/** `notify`: channels of the operator, and whether they work. */
export function addNotify(program: Command, hooks: ProgramHooks): void {
  const notify = program
    .command('notify')
    .description("channels of the operator's configuration (--config) that news go to");
  notify
    .command('list')
    .description('list channels, what they are for, and how their newest delivery went')
    .action(on(hooks, (invocation) => runList(invocation)));
  notify
    .command('test')
    .description('send a test through a channel, or through all of them, and say whether it arrived')
    .argument('[name]')
    .action(on(hooks, (invocation, _options, name?: string) => runTest(invocation, name)));
}

async function runList(invocation: Invocation): Promise<number> {
  await using session = await invocation.openSession('read', 'notify list');
  const channels = await session.listChannels(invocation.interrupt.signal);
  present(invocation, { channels }, () => formatChannels(invocation, channels));
  return EXIT.ok;
}

/** Tests them at the same time: each has its ten seconds. */
async function runTest(invocation: Invocation, name: string | undefined): Promise<number> {
  const { signal } = invocation.interrupt;
  await using session = await invocation.openSession('read', 'notify test');
  const names = name === undefined ? (await session.listChannels(signal)).map((one) => one.name) : [name];
  if (names.length === 0) throw noChannels(invocation);
  const tests = await Promise.all(names.map((one) => session.testChannel(one, signal)));
  present(invocation, { tests }, () => tests.map((test) => formatTest(invocation, test)).join('\n'));
  return tests.every(({ error }) => error === null) ? EXIT.ok : EXIT.failed;
}

function noChannels({ options }: Invocation): UsageError {
  const where = options.server === undefined ? 'of --config' : "of the daemon's --config";
  return new UsageError(
    'there is no channel to test',
    `notifications ${where} defines them: notifications: { phone: { type: ntfy, topic: NAME } }`,
    'UNKNOWN_CHANNEL',
  );
}

function formatTest({ style, terminal }: Invocation, { channel, durationMs, error }: ChannelTest): string {
  if (!terminal.isTerminal)
    return formatPlainRows([[channel, error === null ? 'delivered' : 'failed', error ?? '']]);
  return error === null
    ? `${style.good('✓')} ${style.bold(channel)} delivered in ${durationMs ?? 0} ms`
    : `${style.bad('✗')} ${style.bold(channel)} not delivered: ${error}`;
}

function formatChannels({ style, terminal }: Invocation, channels: readonly ChannelRow[]): string {
  if (channels.length === 0) return terminal.isTerminal ? 'no channels' : '';
  const now = Date.now();
  const rows = channels.map(({ name, type, host, events, stacks, isDefault, quietUntil, last }) => [
    style.bold(name),
    type,
    host ?? '-',
    `${stacks?.join(', ') ?? 'all'}${isDefault ? '' : ' (by choice)'}`,
    events.join(', '),
    quietUntil === null ? '-' : quietUntil,
    last === null ? '-' : formatLast(last, terminal.isTerminal ? now : null),
  ]);
  if (!terminal.isTerminal) return formatPlainRows(rows);
  const head = ['CHANNEL', 'TYPE', 'HOST', 'STACKS', 'LAST'].map(style.dim);
  return formatTable(
    head,
    rows.map(([name = '', type = '', host = '', of = '', , , last = '']) => [name, type, host, of, last]),
  );
}

function formatLast({ time, error }: NonNullable<ChannelRow['last']>, now: number | null): string {
  const when = now === null ? time : formatAge(Date.parse(time), now);
  return error === null ? `delivered ${when}` : `failed ${when}: ${error}`;
}
