import type { ServiceAddress } from '../operations/daily/addresses.ts';
import type { StackView } from '../../reconciler/index.ts';
import type { Interrupt } from './terminal/interrupt.ts';
import { UsageError } from './terminal/failure.ts';
import type { GlobalOptions } from './options.ts';
import type { KeyStore, Session } from './session/session.ts';
import { foldText } from './terminal/rows.ts';
import type { Style, Terminal } from './terminal/terminal.ts';

/** `apply` takes the state directory for itself, `read` shares it. */
export type Purpose = 'read' | 'apply';

/** Everything a command gets besides its own options. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly style: Style;
  readonly options: GlobalOptions;
  readonly interrupt: Interrupt;
  /** Milliseconds since the epoch, for ages in tables. */
  readonly now: () => number;
  /** Returns those of the addresses that take a connection now. */
  readonly findAnswering: (
    addresses: readonly ServiceAddress[],
    signal: AbortSignal,
  ) => Promise<readonly ServiceAddress[]>;
  readonly openSession: (purpose: Purpose, command: string) => Promise<Session>;
  /** The keys and users in a daemon's state directory. */
  readonly openKeys: () => Promise<KeyStore>;
}

/** One JSON document on stdout with `--json`, otherwise the text. */
export function present(invocation: Invocation, document: unknown, text: () => string): void {
  const { terminal, options } = invocation;
  const output = options.json === true ? JSON.stringify(document, null, 2) : foldText(invocation, text());
  if (output !== '') terminal.out(output);
}

/** A remark for people that must not end up in a document or a pipe. */
export function remark({ terminal, style }: Invocation, text: string): void {
  terminal.err(foldText({ terminal }, style.dim(text)));
}

/** The stacks that a command is about. */
export interface Selection {
  /** Planning or observing one that does not exist says so. */
  readonly stacks: readonly string[];
  /** Nothing describes them any more, and they are still on the targets; none when stacks were named. */
  readonly leftovers: readonly StackView[];
}

/** The stacks that were named; when none was named all that are described, and what others have left on the targets. */
export async function selectStacks(
  session: Session,
  named: readonly string[],
  invocation: Invocation,
): Promise<Selection> {
  const { signal } = invocation.interrupt;
  const { stacks, dirty, error, commit } = await session.repository(signal);
  // Nothing to do is not what it knows then.
  if (commit === null && invocation.options.server !== undefined)
    throw new UsageError(
      `the daemon has not read the repository yet${error === null ? '' : `: ${error.message}`}`,
      error === null ? 'ask again in a moment' : 'mend that, and ask again',
      'REPOSITORY_UNREACHABLE',
    );
  if (error !== null)
    remark(invocation, `the repository cannot be read now, using the last state: ${error.message}`);
  if (dirty) remark(invocation, 'the working tree has changes that are not committed; they are not read');
  if (named.length > 0) return { stacks: [...new Set(named)], leftovers: [] };
  const leftovers = await session.leftovers(signal);
  const left = new Set(leftovers.map(({ name }) => name));
  return { stacks: stacks.filter((name) => !left.has(name)), leftovers };
}

/** A daemon goes on with what it read last, which it has put there itself; a single command could put back what others have replaced since. */
export async function requireNewest(session: Session, { interrupt, options }: Invocation): Promise<void> {
  if (options.server !== undefined) return;
  const { error } = await session.repository(interrupt.signal);
  if (error === null) return;
  throw new UsageError(
    error.message,
    'an apply needs the newest commit; plan and status show what was read last',
    'REPOSITORY_UNREACHABLE',
  );
}

/** The stacks to bring in line: leftovers are removed, but for those that have to be asked for by name; a remark says why. */
export async function selectForPlan(
  session: Session,
  named: readonly string[],
  invocation: Invocation,
): Promise<readonly string[]> {
  const { stacks, leftovers } = await selectStacks(session, named, invocation);
  for (const { name, state, message } of leftovers) {
    if (state === 'blocked')
      remark(invocation, `${name} is left as it is: ${message ?? 'it is no longer described'}`);
  }
  const going = leftovers.filter(({ state }) => state !== 'blocked' && state !== 'removed');
  return [...stacks, ...going.map(({ name }) => name)].sort();
}

/** Asks for a `yes`; anything else is a no. */
export async function askYes(invocation: Invocation, question: string): Promise<boolean> {
  const { terminal, style, interrupt } = invocation;
  const answer = await terminal.ask(`${style.bold(question)} Type yes to go on: `, interrupt.signal);
  return answer.toLowerCase() === 'yes' || answer.toLowerCase() === 'y';
}
