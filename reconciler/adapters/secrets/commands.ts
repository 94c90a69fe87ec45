import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parse, YAMLError } from 'yaml';
import { createAbortScope } from '../../base/abort-scope.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asList, asString, asText } from '../../base/values.ts';

/** A program of the operator that prints a secret. Never defined by a repository. */
export interface SecretCommand {
  /** Program and fixed arguments; the reference's argument is put last, or wherever `{}` stands. No shell. */
  readonly words: readonly string[];
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * Commands of `--secret-command NAME=program argument …` and of `secrets.yaml` in the state directory
 * (`commands: { NAME: [program, argument] }`), which the option wins over. Throws BAD_OPTIONS.
 */
export function readCommands(
  stateDir: string,
  options: readonly string[],
): ReadonlyMap<string, SecretCommand> {
  const commands = new Map<string, SecretCommand>(readFile(join(stateDir, 'secrets.yaml')));
  for (const option of options) {
    const at = option.indexOf('=');
    const words = option
      .slice(at + 1)
      .split(/\s+/)
      .filter((word) => word !== '');
    commands.set(...checked(option.slice(0, Math.max(0, at)), words, '--secret-command'));
  }
  return commands;
}

function readFile(path: string): readonly (readonly [string, SecretCommand])[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new ReconcilerError('BAD_OPTIONS', 'secrets.yaml of the state directory cannot be read', {
      cause: error,
    });
  }
  const commands = asFields(asFields(parseQuietly(text))?.['commands']);
  if (!commands)
    throw new ReconcilerError('BAD_OPTIONS', 'secrets.yaml of the state directory has no map of commands');
  return Object.entries(commands).map(([name, words]) =>
    checked(
      name,
      (asList(words) ?? []).map((word) => asString(word) ?? ''),
      'secrets.yaml',
    ),
  );
}

function parseQuietly(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    // The parser's message quotes the file: only the place is told.
    const at = error instanceof YAMLError ? error.linePos?.[0] : undefined;
    const place = at === undefined ? '' : ` (line ${at.line}, column ${at.col})`;
    const message = `secrets.yaml of the state directory is not YAML${place}`;
    throw new ReconcilerError('BAD_OPTIONS', message);
  }
}

function checked(name: string, words: readonly string[], where: string): [string, SecretCommand] {
  const [program = ''] = words;
  if (!NAME.test(name) || program === '' || (program.includes('/') && !isAbsolute(program))) {
    const form = 'NAME=program argument …, with the program on the PATH or at an absolute path';
    throw new ReconcilerError('BAD_OPTIONS', `${where}: the command ${name || '(no name)'} is not ${form}`);
  }
  return [name, { words }];
}

export interface RunOptions {
  /** Deadline in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Limit of the standard output. Default 65,536. */
  readonly maxBytes?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Returns what the command prints. Rejects with a reason in words that quotes neither output nor error output; SECRET_TIMEOUT when it takes
 * too long.
 */
export async function runCommand(
  { words }: SecretCommand,
  argument: string,
  { timeoutMs = 10_000, maxBytes = 65_536, env, signal }: RunOptions,
): Promise<Buffer> {
  const [program = '', ...fixed] = words;
  const placed = fixed.some((word) => word.includes('{}'));
  const args = fixed.map((word) => word.replaceAll('{}', () => argument));
  const all = placed || argument === '' ? args : [...args, argument];
  using scope = createAbortScope({ signals: [signal], timeoutMs });
  scope.signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    // A group of its own: programs that it starts end with it, and do not hold its output open.
    const child = spawn(program, all, {
      env,
      shell: false,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const end = (error: unknown) => {
      endGroup(child.pid);
      // A program that has left the group may still hold it.
      child.stdout.destroy();
      reject(error);
    };
    scope.signal.addEventListener('abort', () => end(signal.aborted ? signal.reason : lateAfter(timeoutMs)));
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) end(new Error(`it printed more than ${maxBytes} bytes`));
      else chunks.push(chunk);
    });
    child.once('error', (error) => reject(failureOf(error)));
    child.once('close', (code, killed) => {
      if (code !== 0)
        reject(new Error(code === null ? `it was killed by ${killed}` : `it ended with ${code}`));
      else resolve(Buffer.concat(chunks));
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

function lateAfter(timeoutMs: number): Error {
  const message = `it, or what it has started, did not end within ${timeoutMs} ms`;
  return new ReconcilerError('SECRET_TIMEOUT', message, { retryable: true });
}

function failureOf(error: Error): Error {
  const code = 'code' in error ? asText(error.code) : error.name;
  return new Error(code === 'ENOENT' ? 'there is no such program' : `it cannot be started (${code})`);
}
