import { newId } from '../../base/ids.ts';
import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { SchemaCheck } from '../../config/schema-check.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RepositoryFetcher } from '../../ports/builds/repository-fetcher.ts';
import type { ImportRequest, ImportSession } from '../../public/imports.ts';
import type { ImportAddress } from './import-address.ts';
import { parseImportAddress } from './import-address.ts';
import { findProject, readProjectOf } from './read-repository.ts';

export interface ImportSessionParts {
  readonly fetcher: RepositoryFetcher;
  readonly clock: Pick<Clock, 'now'>;
  readonly checkSchema: SchemaCheck;
  /** Runs in the background, and is stopped with the process. */
  readonly later: (name: string, work: (signal: AbortSignal) => Promise<unknown>) => void;
}

/** Longest time of an import. */
const IMPORT_MS = 5 * 60_000;
/** Ended sessions are kept this long. */
const KEEP_MS = 3_600_000;
const MAX_SESSIONS = 200;
const MAX_SESSIONS_PER_OWNER = 20;
/** Imports of one owner that have not ended. */
const MAX_OPEN_PER_OWNER = 4;
/** Repositories that are fetched at the same time. */
const MAX_RUNNING = 2;

interface Entry {
  session: ImportSession;
  readonly owner: string;
  readonly place: ImportAddress;
  readonly listeners: Set<(session: ImportSession) => void>;
  readonly begunAt: number;
}

/** Imports of this process: what is lost with it is asked for again. */
export interface ImportSessions {
  start(request: ImportRequest, owner: string): ImportSession;
  get(id: string, owner: string): ImportSession;
  follow(id: string, owner: string, onChange: (session: ImportSession) => void): Disposable;
}

export function createImportSessions(parts: ImportSessionParts): ImportSessions {
  const { clock, later } = parts;
  const entries = new Map<string, Entry>();
  const waiting: Entry[] = [];
  let running = 0;
  // A process that was killed has left what it had fetched.
  let swept: Promise<void> | undefined;
  const runNext = (): void => {
    const next = running < MAX_RUNNING ? waiting.shift() : undefined;
    if (next === undefined) return;
    running += 1;
    later('import of a repository', async (signal) => {
      try {
        // Left-overs are in nobody's way: the next one tries again.
        await (swept ??= parts.fetcher.sweep()).catch(() => (swept = undefined));
        await runImport(parts, next, signal);
      } finally {
        running -= 1;
        runNext();
      }
    });
  };
  const find = (id: string, owner: string): Entry => {
    expire(entries, clock.now());
    const entry = entries.get(id);
    // A guessed id tells nothing of what others import.
    if (entry?.owner !== owner) throw new ReconcilerError('UNKNOWN_IMPORT', `there is no import ${id}`);
    return entry;
  };
  return {
    start(request, owner) {
      expire(entries, clock.now());
      const place = parseImportAddress(request.address);
      makeRoom(entries, owner);
      const entry = createEntry(request, { owner, place, now: clock.now() });
      entries.set(entry.session.id, entry);
      waiting.push(entry);
      runNext();
      return entry.session;
    },
    get: (id, owner) => find(id, owner).session,
    follow(id, owner, onChange) {
      const { listeners } = find(id, owner);
      listeners.add(onChange);
      return { [Symbol.dispose]: () => void listeners.delete(onChange) };
    },
  };
}

function createEntry(
  { branch, namespace }: ImportRequest,
  { owner, place, now }: { readonly owner: string; readonly place: ImportAddress; readonly now: number },
): Entry {
  // Pages offer main for whatever is at the address: a branch in the address is meant.
  const wanted = branch === undefined || branch === 'main' ? (place.branch ?? branch) : branch;
  const session: ImportSession = {
    id: newId(now),
    address: place.address,
    branch: wanted ?? null,
    namespace: namespace ?? null,
    status: 'pending',
    stage: 'Waiting',
    progress: 0,
    file: null,
    analysis: null,
    error: null,
    createdAt: new Date(now).toISOString(),
    completedAt: null,
  };
  return { session, owner, place, listeners: new Set(), begunAt: now };
}

function hasEnded({ session }: Entry): boolean {
  return session.completedAt !== null;
}

function expire(entries: Map<string, Entry>, now: number): void {
  for (const [id, entry] of entries) if (hasEnded(entry) && now - entry.begunAt > KEEP_MS) entries.delete(id);
}

/** Drops the oldest ended sessions. Throws IMPORTS_FULL when there are none to drop. */
function makeRoom(entries: Map<string, Entry>, owner: string): void {
  const own = [...entries].filter(([, entry]) => entry.owner === owner);
  const open = own.filter(([, entry]) => !hasEnded(entry));
  const oldest =
    own.find(([, entry]) => hasEnded(entry)) ?? [...entries].find(([, entry]) => hasEnded(entry));
  const isFull = own.length >= MAX_SESSIONS_PER_OWNER || entries.size >= MAX_SESSIONS;
  if (open.length >= MAX_OPEN_PER_OWNER || (isFull && oldest === undefined))
    throw new ReconcilerError('IMPORTS_FULL', 'too many imports are under way: wait until one has ended', {
      retryable: true,
    });
  if (isFull && oldest !== undefined) entries.delete(oldest[0]);
}

async function runImport(parts: ImportSessionParts, entry: Entry, signal: AbortSignal): Promise<void> {
  const timeoutReason = () =>
    new ReconcilerError('REPOSITORY_UNREACHABLE', 'the import is not done within five minutes');
  let stage: 'clone' | 'analyze' = 'clone';
  const change = (changes: Partial<ImportSession>): void => {
    entry.session = { ...entry.session, ...changes };
    for (const listener of entry.listeners) listener(entry.session);
  };
  const end = (): string => new Date(parts.clock.now()).toISOString();
  try {
    await withAbortScope({ signals: [signal], timeoutMs: IMPORT_MS, timeoutReason }, async (inner) => {
      const { branch, address, namespace } = entry.session;
      const { directory } = entry.place;
      change({ status: 'cloning', stage: 'Cloning repository', progress: 10 });
      await using repository = await parts.fetcher.fetch(address, branch, inner);
      change({ branch: repository.branch, progress: 40 });
      stage = 'analyze';
      change({ status: 'analyzing', stage: 'Looking for a Compose file' });
      const found = findProject(repository, directory);
      change({ file: found.file, stage: 'Reading the Compose file', progress: 60 });
      const { checkSchema } = parts;
      const analysis = await readProjectOf(repository, found, { address, namespace, checkSchema }, inner);
      change({ stage: 'Drawing the workflow', progress: 80 });
      change({ status: 'completed', stage: 'Completed', progress: 100, analysis, completedAt: end() });
    });
  } catch (error) {
    // A fault of this program says nothing to whoever asked.
    const isKnown = isReconcilerError(error);
    const message = isKnown ? errorMessage(error) : 'something went wrong here; the log has more';
    const code = isKnown ? error.code : 'INTERNAL_ERROR';
    change({ status: 'failed', stage: 'Failed', error: { code, message, stage }, completedAt: end() });
    if (!isKnown && !signal.aborted) throw error;
  }
}
