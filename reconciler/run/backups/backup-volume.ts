import { quote } from '../../database/login.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import type { TargetReference } from '../../model/target.ts';
import type { BackupVolume, StoredBackup } from '../../ports/backups/backup-store.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { StreamedEnd } from '../../ports/target-capabilities.ts';
import type { TargetPool } from '../observe/target-pool.ts';
import { measure } from '../../base/bytes.ts';
import { outputOf } from './streams.ts';

export interface VolumePlace {
  readonly stack: string;
  readonly service: string;
  readonly resource: ResourceId;
  readonly reference: TargetReference;
  /** Mount point of the volume in the container. */
  readonly folder: string;
}

/** A program reads so much at a time: the end of its input cannot be told by closing it everywhere. */
const PIECE_BYTES = 4 * 1_048_576;

/** Backups in a volume that the server's own container has: they are read and written through it, so it has to run. */
export function createBackupVolume(pool: TargetPool, place: VolumePlace): BackupVolume {
  const folder = `${place.folder.replace(/\/+$/, '')}/${place.stack}/${place.service}`;
  const sh = async (script: string, signal: AbortSignal, input?: Uint8Array): Promise<string> => {
    const output: Uint8Array[] = [];
    const end = await pool.ask(place.reference, (target) =>
      requireCapability(target, 'streamsPrograms').stream(
        place.stack,
        place.resource,
        {
          argv: ['sh', '-c', `umask 077; folder=${quote(folder)}; ${script}`],
          ...(input === undefined ? {} : { input: once(input) }),
          onOutput: async (chunk) => void output.push(chunk),
        },
        signal,
      ),
    );
    check(place, end);
    return Buffer.concat(output).toString('utf8');
  };
  return {
    location: `${place.stack}/${place.service}:${folder}`,
    list: async (signal) => parseListing(await sh(LIST, signal)),
    write: (file, content, signal) => write(file, content, (script, input) => sh(script, signal, input)),
    read: (file, signal) =>
      outputOf(
        (onOutput) =>
          pool.ask(place.reference, (target) =>
            requireCapability(target, 'streamsPrograms').stream(
              place.stack,
              place.resource,
              { argv: ['cat', `${folder}/${file}`], onOutput },
              signal,
            ),
          ),
        (end) => check(place, end),
      ),
    remove: async (file, signal) => {
      const name = quote(file);
      await sh(`rm -f "$folder"/${name}.sha256 && rm -f "$folder"/${name}`, signal);
    },
  };
}

const LIST =
  '[ -d "$folder" ] || exit 0; cd "$folder" && for file in *; do ' +
  'if [ -f "$file" ] && [ -f "$file.sha256" ]; then echo "$(wc -c <"$file") $(head -c 64 "$file.sha256") $file"; fi; done';

function parseListing(text: string): readonly StoredBackup[] {
  return text.split('\n').flatMap((line) => {
    const [, size, sha256, file] = /^\s*(\d+) ([0-9a-f]{64}) (.+)$/.exec(line) ?? [];
    return sha256 === undefined || file === undefined ? [] : [{ file, sizeBytes: Number(size), sha256 }];
  });
}

async function write(
  file: string,
  content: AsyncIterable<Uint8Array>,
  run: (script: string, input?: Uint8Array) => Promise<string>,
): Promise<StoredBackup> {
  const name = quote(file);
  const measured = measure(content);
  await run(`mkdir -p "$folder" && rm -f "$folder"/.partial-* && : >"$folder"/.partial-${name}`);
  try {
    for await (const piece of inPieces(measured.content)) {
      await run(`head -c ${piece.length} >>"$folder"/.partial-${name}`, piece);
    }
    const { bytes: sizeBytes, sha256 } = measured.result();
    const line = quote(`${sha256}  ${file}`);
    await run(
      `cd "$folder" && [ ! -e ${name} ] && sync && mv .partial-${name} ${name} && ` +
        `printf '%s\\n' ${line} >.partial-sum && mv .partial-sum ${name}.sha256 && sync`,
    );
    return { file, sizeBytes, sha256 };
  } catch (error) {
    // Best effort: the next backup sweeps what stays behind, and nobody lists it.
    await run(`rm -f "$folder"/.partial-${name}`).catch(() => undefined);
    throw error;
  }
}

async function* inPieces(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    held.push(chunk);
    size += chunk.length;
    if (size < PIECE_BYTES) continue;
    yield Buffer.concat(held);
    [held, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(held);
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

function check({ stack, service, folder }: VolumePlace, { exitCode, stderr }: StreamedEnd): void {
  if (exitCode === 0) return;
  const reason = stderr.trim().split('\n').at(-1) || `ended with ${exitCode}`;
  const isFull = /no space left/i.test(stderr);
  throw new ReconcilerError(
    isFull ? 'STORE_FULL' : 'TARGET_ERROR',
    `backups in ${folder} of ${stack}/${service}: ${reason}`,
    { retryable: isFull },
  );
}
