import type { Command } from 'commander';
import type { ExecSession } from '../../../reconciler/index.ts';
import { joinSession } from '../../operations/sessions/join-session.ts';
import type { SessionInput } from '../../operations/sessions/join-session.ts';
import type { Invocation } from '../invocation.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import type { ByteTerminal } from '../terminal/byte-terminal.ts';

interface ExecFlags {
  readonly pod?: string;
  readonly container?: string;
  readonly tty: boolean;
}

type Words = [stack: string, service: string, command: string[]];

export interface ExecOptions extends ExecFlags {
  readonly stack: string;
  readonly service: string;
  readonly argv: readonly string[];
}

export function addExec(program: Command, hooks: ProgramHooks): void {
  program
    .command('exec')
    .description('run a program in a service; ends with its exit code')
    .argument('<stack>')
    .argument('<service>')
    .argument('[command...]', 'program and arguments, after -- (default: sh)')
    .option('--pod <name>', 'pod on a cluster (default: the newest that runs)')
    .option('--container <name>', 'container of a pod, or of a service with several (default: the first)')
    .option('--no-tty', 'without a terminal, also where there is one')
    .action(
      on(hooks, (invocation: Invocation, flags: ExecFlags, ...[stack, service, command]: Words) =>
        runExec(invocation, { ...flags, stack, service, argv: command.length === 0 ? ['sh'] : command }),
      ),
    );
}

/** Runs a program. All keys go to it where there is a terminal on both ends, Ctrl-C too; otherwise that ends the connection to it. */
async function runExec(invocation: Invocation, options: ExecOptions): Promise<number> {
  const { interrupt, terminal } = invocation;
  const { stack, service, argv, pod, container } = options;
  const tty = options.tty && terminal.bytes.isInteractive;
  await using session = await invocation.openSession('read', 'exec');
  await using program = await session.exec(stack, service, {
    argv,
    tty,
    ...(pod !== undefined && { pod }),
    ...(container !== undefined && { container }),
    signal: interrupt.signal,
  });
  return await talk(program, terminal.bytes, { tty, signal: interrupt.signal });
}

interface Talk {
  readonly tty: boolean;
  readonly signal: AbortSignal;
}

async function talk(program: ExecSession, bytes: ByteTerminal, { tty, signal }: Talk): Promise<number> {
  const over = new AbortController();
  using _raw = tty ? bytes.raw() : undefined;
  using _resize = tty ? bytes.onResize(() => void resize()) : undefined;
  const resize = () => program.resize(bytes.size()).catch(() => undefined);
  try {
    if (tty) await resize();
    return await joinSession(program, {
      input: readInput(bytes, AbortSignal.any([signal, over.signal])),
      onOutput: (stream, chunk) => bytes.write(stream, chunk),
    });
  } finally {
    over.abort();
  }
}

async function* readInput(bytes: ByteTerminal, signal: AbortSignal): AsyncGenerator<SessionInput> {
  for await (const chunk of bytes.input(signal)) yield { kind: 'input', bytes: chunk };
  if (!signal.aborted) yield { kind: 'end' };
}
