import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { gitError, leftAtRemote } from '../errors.ts';
import type { GitCommand } from './git-command.ts';
import type { ObjectType } from './objects.ts';

/** One answer of `git cat-file --batch`; `type: null` the object is missing, `content: null` it is larger than asked for. */
export interface BatchObject {
  readonly id: string;
  readonly type: ObjectType | null;
  readonly size: number;
  readonly content: Buffer | null;
}

/** Reads single objects through one `git cat-file --batch` that is started when needed and ended when idle. */
export interface CatFile extends Disposable {
  read(id: string, maxBytes: number): Promise<BatchObject>;
}

/** The process keeps pack files open; it is let go after this time without a question. */
const IDLE_MS = 10_000;

/** @param commonDir repository; answers come from wherever Git finds the object, repacked or not */
export function createCatFile(git: GitCommand, commonDir: string): CatFile {
  let session: Session | undefined;
  const close = (): void => {
    session?.close();
    session = undefined;
  };
  const current = (): Session => {
    if (session === undefined || session.closed()) session = openSession(git, commonDir);
    return session;
  };
  return {
    read: async (id, maxBytes) => {
      const batch = current();
      try {
        return await batch.ask(id, maxBytes);
      } catch (error) {
        // The process may have been ended by its idle time, or by the system: worth one more try with a new one.
        if (!batch.closed()) throw error;
        return await current().ask(id, maxBytes);
      }
    },
    [Symbol.dispose]: close,
  };
}

/**
 * Streams many objects, in the order asked. Memory is bounded by the largest object and the pipe.
 *
 * @throws GIT_ERROR when Git gives up on the repository
 */
export async function* streamObjects(
  git: GitCommand,
  request: { readonly commonDir: string; readonly ids: readonly string[]; readonly maxBytes: number },
  signal: AbortSignal,
): AsyncGenerator<BatchObject> {
  signal.throwIfAborted();
  const child = git.spawn([`--git-dir=${request.commonDir}`, 'cat-file', '--batch', '--buffer']);
  const failure = watchFailure(child, request.commonDir);
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  let answered = 0;
  try {
    child.stdin.end(`${request.ids.join('\n')}\n`);
    const ready: BatchObject[] = [];
    const parser = createBatchParser(
      () => request.maxBytes,
      (object) => void ready.push(object),
    );
    for await (const chunk of child.stdout) {
      parser(Buffer.from(chunk));
      for (const object of ready.splice(0)) {
        signal.throwIfAborted();
        answered += 1;
        yield object;
      }
    }
    signal.throwIfAborted();
    if (answered !== request.ids.length) throw await failure;
  } finally {
    signal.removeEventListener('abort', kill);
    kill();
  }
}

/**
 * Takes the output of `git cat-file --batch` in whatever pieces it comes and hands out whole objects.
 *
 * @param maxBytes asked before each object; larger ones are skipped without being kept
 */
export function createBatchParser(
  maxBytes: () => number,
  onObject: (object: BatchObject) => void,
): (chunk: Buffer) => void {
  let header = '';
  let open: { id: string; type: ObjectType; size: number; taken: number; content: Buffer | null } | undefined;
  const takeHeader = (chunk: Buffer, at: number): number => {
    const end = chunk.indexOf(0x0a, at);
    header += chunk.toString('latin1', at, end < 0 ? chunk.length : end);
    if (end < 0) return chunk.length;
    const [id = '', type = '', size = ''] = header.split(' ');
    header = '';
    if (isObjectType(type)) {
      const bytes = Number(size);
      // Memory of its own: a part of the piece of pipe, or of a block that small buffers share, would keep all of that alive.
      const content = bytes > maxBytes() ? null : Buffer.allocUnsafeSlow(bytes);
      open = { id, type, size: bytes, taken: 0, content };
    } else {
      onObject({ id, type: null, size: 0, content: null });
    }
    return end + 1;
  };
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (open === undefined) {
        at = takeHeader(chunk, at);
        continue;
      }
      const { id, type, size, taken, content } = open;
      // The line feed after each object is not part of it, and finds no room.
      const end = Math.min(at + size + 1 - taken, chunk.length);
      if (content !== null) chunk.copy(content, taken, at, end);
      open.taken += end - at;
      at = end;
      if (open.taken <= size) continue;
      open = undefined;
      onObject({ id, type, size, content });
    }
  };
}

interface Session {
  ask(id: string, maxBytes: number): Promise<BatchObject>;
  closed(): boolean;
  close(): void;
}

interface Question {
  readonly maxBytes: number;
  readonly resolve: (object: BatchObject) => void;
  readonly reject: (error: unknown) => void;
}

function openSession(git: GitCommand, commonDir: string): Session {
  const child = git.spawn([`--git-dir=${commonDir}`, 'cat-file', '--batch']);
  const questions: Question[] = [];
  let ended = false;
  const close = (): void => {
    ended = true;
    child.stdin.end();
    child.kill('SIGKILL');
  };
  const idle = setTimeout(close, IDLE_MS).unref();
  const parser = createBatchParser(
    () => questions[0]?.maxBytes ?? 0,
    (object) => questions.shift()?.resolve(object),
  );
  child.stdout.on('data', (chunk: Buffer) => {
    parser(chunk);
    // Questions that wait keep the program alive, an idle process must not.
    if (questions.length === 0) setReferenced(child, false);
  });
  void watchFailure(child, commonDir).then((error) => {
    ended = true;
    clearTimeout(idle);
    for (const question of questions.splice(0)) question.reject(error);
  });
  return {
    ask: (id, maxBytes) => {
      const { promise, resolve, reject } = Promise.withResolvers<BatchObject>();
      questions.push({ maxBytes, resolve, reject });
      idle.refresh();
      setReferenced(child, true);
      child.stdin.write(`${id}\n`);
      return promise;
    },
    closed: () => ended,
    close,
  };
}

/** Resolves, with the reason, when the process has ended for whatever reason. */
function watchFailure(child: ChildProcessWithoutNullStreams, commonDir: string): Promise<Error> {
  const { promise, resolve } = Promise.withResolvers<Error>();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString('utf8')}`.slice(-2000)));
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => resolve(gitError('git cannot be started', error)));
  child.on('close', () => resolve(toReadError('objects cannot be read', stderr, commonDir)));
  return promise;
}

/** Returns the error for what Git says when it gives up on objects. */
export function toReadError(doing: string, stderr: string, commonDir: string): Error {
  if (stderr.includes('from promisor remote')) return leftAtRemote(commonDir);
  return gitError(`${doing}: ${stderr.trim() || 'git ended early'}`);
}

function setReferenced(child: ChildProcessWithoutNullStreams, referenced: boolean): void {
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
    if (referenced && 'ref' in handle && typeof handle.ref === 'function') handle.ref();
    if (!referenced && 'unref' in handle && typeof handle.unref === 'function') handle.unref();
  }
}

function isObjectType(text: string): text is ObjectType {
  return text === 'commit' || text === 'tree' || text === 'blob' || text === 'tag';
}
