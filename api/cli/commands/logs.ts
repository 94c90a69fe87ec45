import type { Command } from 'commander';
import type { LogLine } from '../../../reconciler/index.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import type { StackLogEvent } from '../../operations/follow/follow-logs.ts';
import type { StackLogsOptions } from '../session/daily-session.ts';
import type { Session } from '../session/session.ts';
import { markColours, withoutColours } from '../../text/paint.ts';
import { parseCount, parseDuration } from '../options.ts';

export interface LogsOptions extends LogFlags {
  readonly stack: string;
  /** Empty: all. */
  readonly services: readonly string[];
}

interface LogFlags {
  /** Last lines only. */
  readonly tail?: number;
  /** Time to go back, in milliseconds. */
  readonly since?: number;
  readonly follow?: true;
  readonly previous?: true;
  readonly timestamps?: true;
}

export function addLogs(program: Command, hooks: ProgramHooks): void {
  program
    .command('logs')
    .description('print what the services of a stack wrote, or some of them')
    .argument('<stack>')
    .argument('[service...]')
    .option('--tail <count>', 'last lines only', (text) => parseCount(text, '--tail', 0))
    .option('--since <duration>', 'only the last, for example 10m', (text) => parseDuration(text, '--since'))
    .option('--follow', 'go on until Ctrl-C')
    .option('--previous', 'what was written before the present run')
    .option('--timestamps', 'begin lines with their time')
    .action(
      on(hooks, (invocation, flags: LogFlags, stack: string, services: string[]) =>
        runLogs(invocation, { ...flags, stack, services: [...new Set(services)] }),
      ),
    );
}

/** Prints what services wrote; their stderr goes to stderr. With `--json` one document per line, since it may never end. */
async function runLogs(invocation: Invocation, options: LogsOptions): Promise<number> {
  if (options.follow === true && options.previous === true)
    throw new UsageError('--previous cannot stand beside --follow', 'that run has ended: leave --follow out');
  await using session = await invocation.openSession('read', 'logs');
  const { interrupt } = invocation;
  const { stack, services, tail, since, follow = false, previous = false } = options;
  const wanted = {
    follow,
    previous,
    signal: interrupt.signal,
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since: new Date(invocation.now() - since) }),
  };
  const print = createPrinter(invocation, options.timestamps === true);
  const [first, ...others] = services;
  if (first === undefined || others.length > 0) {
    const isComplete = await printStack(invocation, session, { stack, services, ...wanted }, print);
    if (!isComplete && !interrupt.stopped) return EXIT.failed;
  } else {
    for await (const line of session.logs(stack, first, wanted)) print(line);
  }
  return interrupt.stopped ? EXIT.interrupted : EXIT.ok;
}

type Print = (line: LogLine, before?: string) => void;

function createPrinter({ terminal, style, options }: Invocation, timestamps: boolean): Print {
  return (line, before = '') => {
    if (options.json === true) return terminal.out(JSON.stringify(line));
    const said = style.color ? markColours(line.text) : withoutColours(line.text);
    const text = `${before}${timestamps ? `${style.dim(line.time)} ` : ''}${said}`;
    if (line.stream === 'stderr') terminal.err(text);
    else terminal.out(text);
  };
}

/** Each line begins with its service. @returns false when a service could not be read, which stands on stderr */
async function printStack(
  { terminal, style }: Invocation,
  session: Session,
  options: StackLogsOptions,
  print: Print,
): Promise<boolean> {
  const events = options.follow === true ? session.stackLogs(options) : await readAll(session, options);
  let isComplete = true;
  let width = Array.isArray(events) ? Math.max(0, ...events.map((one) => serviceOf(one).length)) : 0;
  const paints = [style.accent, style.good, style.warn, style.bold];
  const known = new Map<string, (text: string) => string>();
  for await (const event of events) {
    const service = serviceOf(event);
    const paint = known.get(service) ?? paints[known.size % paints.length] ?? style.bold;
    known.set(service, paint);
    width = Math.max(width, service.length);
    const before = paint(`${service.padEnd(width)} | `);
    if (event.type === 'line') print(event.line, before);
    else {
      isComplete = false;
      terminal.err(`${before}${style.bad('cannot be read:')} ${event.message}`);
    }
  }
  return isComplete;
}

/** All of them, so that they can stand below each other. */
async function readAll(session: Session, options: StackLogsOptions): Promise<readonly StackLogEvent[]> {
  const events: StackLogEvent[] = [];
  for await (const event of session.stackLogs(options)) events.push(event);
  return events;
}

function serviceOf(event: StackLogEvent): string {
  return event.type === 'line' ? event.line.service : event.service;
}
