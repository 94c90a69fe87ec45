import { measure, parseJsonWithin } from '../../base/bytes.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { createMutex } from '../../base/mutex.ts';
import { asFields, asList, asString, compareText } from '../../base/values.ts';
import type { BackupStore, BackupVolume, StoredBackup } from '../../ports/backups/backup-store.ts';
import { passedEnv, segment } from './names.ts';
import type { Program } from './run-program.ts';
import { callProgram, streamProgram } from './run-program.ts';

export interface ResticOptions {
  /** Address as restic writes it: `/srv/restic`, `sftp:user@host:/srv/restic`, `s3:https://host/bucket`. Made when it is not there. */
  readonly repository: string;
  /** Absolute path of the file with its password. */
  readonly passwordFile: string;
  /** Variables that it is run with besides: credentials of the storage. */
  readonly variables: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A snapshot of ours: one file. */
interface Snapshot extends StoredBackup {
  readonly id: string;
  readonly stack: string;
  readonly service: string;
}

const TAG = 'kombinator';
const MAX_VALUES = 5_000_000;

/**
 * Backups in a repository of restic, which packs, encrypts and de-duplicates by itself: each is a snapshot with one file,
 * `/<stack>/<what>/<file>`, that counts once it bears its digest as a tag.
 */
export function createResticStore(options: ResticOptions): BackupStore {
  const { repository, passwordFile, variables, env } = options;
  const program: Program = {
    name: 'restic',
    args: ['--repo', repository, '--password-file', passwordFile, '--quiet'],
    env: { ...passedEnv(env, ['RESTIC_', 'AWS_']), ...variables },
  };
  // It locks its repository for some of what it does, and does not wait for itself.
  const exclusively = createMutex();
  const repo: Repository = { program, repository, exclusively, call: callOf(program, exclusively) };
  return {
    packs: true,
    backupVolume: (stack, service) => createVolume(repo, segment(stack), segment(service)),
    async services() {
      const found = new Map<string, { readonly stack: string; readonly service: string }>();
      for (const { stack, service } of await readSnapshots(repo, new AbortController().signal))
        found.set(`${stack}/${service}`, { stack, service });
      return [...found].sort(([a], [b]) => compareText(a, b)).map(([, one]) => one);
    },
  };
}

interface Repository {
  readonly program: Program;
  readonly repository: string;
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  readonly call: (
    args: readonly string[],
    signal: AbortSignal,
    input?: AsyncIterable<Uint8Array>,
  ) => Promise<string>;
}

function callOf(program: Program, exclusively: Repository['exclusively']): Repository['call'] {
  return (args, signal, input) =>
    exclusively(() => callProgram(program, { args, signal, ...(input === undefined ? {} : { input }) }));
}

function createVolume(repo: Repository, stack: string, service: string): BackupVolume {
  const find = async (file: string, signal: AbortSignal): Promise<Snapshot | undefined> =>
    (await readSnapshots(repo, signal)).find(
      (one) => one.stack === stack && one.service === service && one.file === file,
    );
  return {
    location: `${repo.repository}:/${stack}/${service}`,
    async list(signal) {
      const all = await readSnapshots(repo, signal);
      return all
        .filter((one) => one.stack === stack && one.service === service)
        .map(({ file, sizeBytes, sha256 }) => ({ file, sizeBytes, sha256 }))
        .sort((a, b) => compareText(a.file, b.file));
    },
    async write(file, content, signal) {
      await makeRepository(repo, signal);
      const measured = measure(content);
      const path = `/${stack}/${service}/${segment(file)}`;
      const args = ['backup', '--stdin', '--stdin-filename', path, '--host', TAG, '--tag', TAG, '--json'];
      const id = snapshotId(await repo.call(args, signal, measured.content));
      const { bytes: sizeBytes, sha256 } = measured.result();
      await repo.call(['tag', '--add', `sha256=${sha256}`, '--add', `size=${sizeBytes}`, id], signal);
      return { file, sizeBytes, sha256 };
    },
    async *read(file, signal) {
      const snapshot = await find(file, signal);
      if (snapshot === undefined)
        throw new ReconcilerError('STORE_UNAVAILABLE', `there is no ${file} in ${repo.repository}`);
      const path = `/${stack}/${service}/${file}`;
      yield* streamProgram(repo.program, { args: ['dump', snapshot.id, path], signal });
    },
    async remove(file, signal) {
      const snapshot = await find(file, signal);
      if (snapshot === undefined) return;
      // A process that was killed leaves its lock: those of others that are alive stay.
      await repo.call(['unlock'], signal);
      await repo.call(['forget', '--prune', snapshot.id], signal);
    },
  };
}

/** Makes the repository where there is none. */
async function makeRepository(repo: Repository, signal: AbortSignal): Promise<void> {
  if (await exists(repo, signal)) return;
  await repo.call(['init'], signal);
}

async function exists({ program, exclusively }: Repository, signal: AbortSignal): Promise<boolean> {
  const args = ['cat', 'config'];
  return (await exclusively(() => callProgram(program, { args, isNothing, signal }))) !== '';
}

/** Tells that there is no repository at an address. */
function isNothing(said: string): boolean {
  return /repository does not exist|is there a repository at/i.test(said);
}

function snapshotId(output: string): string {
  for (const line of output.split('\n').reverse()) {
    const id = asString(asFields(parse(line))?.['snapshot_id']);
    if (id !== undefined) return id;
  }
  throw new ReconcilerError('STORE_UNAVAILABLE', 'restic did not say what it stored', { retryable: true });
}

async function readSnapshots(repo: Repository, signal: AbortSignal): Promise<readonly Snapshot[]> {
  const args = ['snapshots', '--json', '--tag', TAG];
  const text = await repo.exclusively(() => callProgram(repo.program, { args, isNothing, signal }));
  return (asList(parse(text)) ?? []).flatMap((one) => toSnapshot(one));
}

function toSnapshot(value: unknown): readonly Snapshot[] {
  const fields = asFields(value) ?? {};
  const id = asString(fields['id']);
  const tags = new Map(
    (asList(fields['tags']) ?? []).map((tag) => {
      const [name = '', value] = (asString(tag) ?? '').split('=');
      return [name, value] as const;
    }),
  );
  const path = asString(asList(fields['paths'])?.[0]) ?? '';
  const [, stack, service, file] = /^\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const [sha256, size] = [tags.get('sha256'), Number(tags.get('size'))];
  if (id === undefined || stack === undefined || service === undefined || file === undefined) return [];
  if (sha256 === undefined || !Number.isFinite(size)) return [];
  return [{ id, stack, service, file, sha256, sizeBytes: size }];
}

function parse(text: string): unknown {
  try {
    return parseJsonWithin(text, MAX_VALUES);
  } catch {
    // Lines for people stand between those for programs.
    return undefined;
  }
}
