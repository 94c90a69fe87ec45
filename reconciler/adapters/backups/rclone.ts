import { randomBytes } from 'node:crypto';
import { measure, parseJsonWithin } from '../../base/bytes.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asList, asNumber, asString, compareText } from '../../base/values.ts';
import type { BackupStore, BackupVolume, StoredBackup } from '../../ports/backups/backup-store.ts';
import { passedEnv, segment } from './names.ts';
import type { Program } from './run-program.ts';
import { callProgram, streamProgram } from './run-program.ts';

export interface RcloneOptions {
  /** Remote and path, as rclone writes it: `nas:backups`, `:sftp,host=nas,user=kombinator:backups`. */
  readonly remote: string;
  /** Absolute path of its configuration. Default: where rclone looks for it. */
  readonly config?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Tells that a directory, or a file, is not there. */
const isNothing = (said: string, code: number | null): boolean =>
  code === 3 || code === 4 || /doesn't exist|not found/i.test(said);
const PATIENCE = ['--log-level', 'ERROR', '--contimeout', '15s', '--timeout', '60s', '--retries', '2'];
const MAX_VALUES = 1_000_000;

/**
 * Backups wherever rclone reaches: SFTP, S3 and what speaks it, and others. The folders and files are those of `createBackupFolder`:
 * `<remote>/<stack>/<what>/<file>`, beside each its checksum.
 */
export function createRcloneStore({ remote, config, env }: RcloneOptions): BackupStore {
  const base = remote.replace(/\/+$/, '');
  const program: Program = {
    name: 'rclone',
    args: [...(config === undefined ? [] : ['--config', config]), ...PATIENCE],
    env: passedEnv(env, ['RCLONE_', 'AWS_ACCESS', 'AWS_SECRET', 'AWS_SESSION']),
  };
  const join = (...names: readonly string[]) => `${base}${base.endsWith(':') ? '' : '/'}${names.join('/')}`;
  return {
    backupVolume: (stack, service) => createVolume(program, join(segment(stack), segment(service))),
    async services() {
      const { signal } = new AbortController();
      const args = ['lsf', '--dirs-only', '--recursive', '--max-depth', '2', base];
      const text = await callProgram(program, { args, isNothing, signal });
      return text
        .split('\n')
        .sort(compareText)
        .flatMap((line) => {
          const [, stack, service] = /^([^/.][^/]*)\/([^/.][^/]*)\/$/.exec(line) ?? [];
          return stack === undefined || service === undefined ? [] : [{ stack, service }];
        });
    },
  };
}

function createVolume(program: Program, folder: string): BackupVolume {
  const call = (
    args: readonly string[],
    signal: AbortSignal,
    more: { input?: AsyncIterable<Uint8Array> } = {},
  ) => callProgram(program, { args, signal, ...more });
  const remove = (name: string, signal: AbortSignal) =>
    callProgram(program, { args: ['deletefile', `${folder}/${name}`], isNothing, signal });
  return {
    location: folder,
    list: (signal) => listFolder(program, folder, signal),
    async write(file, content, signal) {
      const partial = `.partial-${randomBytes(6).toString('hex')}`;
      const measured = measure(content);
      try {
        await call(['rcat', `${folder}/${partial}`], signal, { input: measured.content });
        await call(['moveto', `${folder}/${partial}`, `${folder}/${segment(file)}`], signal);
      } catch (error) {
        // Best effort: nobody lists what stays behind.
        await remove(partial, new AbortController().signal).catch(() => undefined);
        throw error;
      }
      const { bytes: sizeBytes, sha256 } = measured.result();
      const line = measure(once(Buffer.from(`${sha256}  ${file}\n`))).content;
      await call(['rcat', `${folder}/${file}.sha256`], signal, { input: line });
      return { file, sizeBytes, sha256 };
    },
    read: (file, signal) => streamProgram(program, { args: ['cat', `${folder}/${segment(file)}`], signal }),
    async remove(file, signal) {
      // The order matters: what is left when it is cut short is not listed.
      await remove(`${segment(file)}.sha256`, signal);
      await remove(file, signal);
    },
  };
}

async function listFolder(
  program: Program,
  folder: string,
  signal: AbortSignal,
): Promise<readonly StoredBackup[]> {
  const text = await callProgram(program, { args: ['lsjson', '--files-only', folder], isNothing, signal });
  const files = (asList(parse(text)) ?? []).flatMap((one) => {
    const [name, size] = [asString(asFields(one)?.['Name']), asNumber(asFields(one)?.['Size'])];
    return name === undefined || size === undefined ? [] : [{ name, size }];
  });
  if (!files.some(({ name }) => name.endsWith('.sha256'))) return [];
  const sums = await callProgram(program, { args: ['cat', '--include', '*.sha256', folder], signal });
  const known = new Map(
    [...sums.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)].map(([, sha256 = '', file = '']) => [file, sha256]),
  );
  const names = new Set(files.map(({ name }) => name));
  return files
    .filter(({ name }) => !name.startsWith('.') && names.has(`${name}.sha256`))
    .flatMap(({ name: file, size: sizeBytes }) => {
      const sha256 = known.get(file);
      return sha256 === undefined ? [] : [{ file, sizeBytes, sha256 }];
    })
    .sort((a, b) => compareText(a.file, b.file));
}

function parse(text: string): unknown {
  try {
    return text.trim() === '' ? [] : parseJsonWithin(text, MAX_VALUES);
  } catch (error) {
    throw new ReconcilerError('STORE_UNAVAILABLE', 'rclone printed something that is no list', {
      cause: error,
      retryable: true,
    });
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
