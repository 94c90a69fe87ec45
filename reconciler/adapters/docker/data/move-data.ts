import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { createAbortScope } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DataPlace, MovesData } from '../../../ports/backups/moves-data.ts';
import { OWN_FOLDER } from '../../../ports/backups/moves-data.ts';
import type { Adapter } from '../adapter.ts';
import { readLogTail } from '../logs.ts';
import { DATA_ROOT, withCarrier } from './carrier.ts';

type Reading = Parameters<MovesData['readData']>[1];
type Staging = Parameters<MovesData['stageData']>[1];
type Swapping = Parameters<MovesData['swapData']>[1];

/** Time that moving within a file system may take, and removing. In milliseconds. */
const SWAP_MS = 600_000;
const DROP_MS = 3_600_000;

export async function readData(
  adapter: Adapter,
  place: DataPlace,
  { folder, onOutput }: Reading,
  signal: AbortSignal,
): Promise<void> {
  const path = folder === undefined ? `${DATA_ROOT}/.` : `${DATA_ROOT}/${ownFolder(folder)}/.`;
  const read = async (id: string): Promise<void> => {
    const stream = await adapter.engine.readData(id, path, signal);
    if (stream === null)
      throw new ReconcilerError('TARGET_ERROR', `${place.source} is no directory on ${adapter.name}`);
    try {
      for await (const chunk of stream) await onOutput(chunk as Uint8Array);
    } finally {
      stream.destroy();
    }
  };
  await withCarrier(adapter, { place, readOnly: true }, read, signal);
}

export async function stageData(
  adapter: Adapter,
  place: DataPlace,
  { folder, root, content }: Staging,
  signal: AbortSignal,
): Promise<void> {
  const write = async (id: string): Promise<void> => {
    const archive = pack();
    archive.entry({ name: `${ownFolder(folder)}/`, type: 'directory', ...root });
    archive.finalize();
    await adapter.engine.putArchive(id, DATA_ROOT, await buffer(archive), signal);
    using scope = createAbortScope({ signals: [signal] });
    const stream = Readable.from(content, { objectMode: false });
    // The request would wait for the rest of a content that breaks off.
    stream.on('error', (error) => scope.abort(error));
    await adapter.engine.writeData(id, `${DATA_ROOT}/${folder}`, stream, scope.signal);
  };
  await withCarrier(adapter, { place }, write, signal);
}

/** Renames within one file system: nothing is copied, and it is over in a moment. Names that begin with a dot need patterns of their own. */
const SWAP = `set -e
cd ${DATA_ROOT}
[ -d "$1" ] || { echo "there is no $1" >&2; exit 1; }
mode=$(stat -c %a "$1"); owner=$(stat -c %u:%g "$1")
mkdir -p "$2"
chown "$(stat -c %u:%g .)" "$2"; chmod "$(stat -c %a .)" "$2"
for one in * .[!.]* ..?*; do
  case "$one" in ${OWN_FOLDER}*|lost+found) continue;; esac
  if [ -e "$one" ] || [ -L "$one" ]; then mv -- "$one" "$2/"; fi
done
cd "$1"
for one in * .[!.]* ..?*; do
  if [ -e "$one" ] || [ -L "$one" ]; then mv -- "$one" ../; fi
done
cd ..
rmdir "$1"
chown "$owner" .; chmod "$mode" .
sync
`;

const DROP = `cd ${DATA_ROOT} && rm -rf -- "$1"`;

export async function swapData(
  adapter: Adapter,
  place: DataPlace,
  { staged, kept }: Swapping,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const run = { script: SWAP, args: [ownFolder(staged), ownFolder(kept)] };
  // Half of it is worse than all of it, or nothing.
  await runCarrier(adapter, { place, run }, SWAP_MS);
}

export async function dropData(
  adapter: Adapter,
  place: DataPlace,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  await runCarrier(adapter, { place, run: { script: DROP, args: [ownFolder(folder)] } }, DROP_MS);
}

/** Starts a carrier and waits for its end. Throws TARGET_ERROR with the last line that it said where it fails. */
async function runCarrier(
  adapter: Adapter,
  use: Parameters<typeof withCarrier>[1],
  withinMs: number,
): Promise<void> {
  using scope = createAbortScope({ signals: [], timeoutMs: withinMs });
  const { engine, clock } = adapter;
  const carry = async (id: string): Promise<void> => {
    await engine.startContainer(id, scope.signal);
    for (;;) {
      const inspect = await engine.inspectContainer(id, scope.signal);
      if (inspect === null)
        throw new ReconcilerError('TARGET_ERROR', 'the container that moves data was removed');
      const { Running, ExitCode } = inspect.State;
      if (!Running && ExitCode === 0) return;
      if (!Running) {
        const said = (await readLogTail(engine, inspect, scope.signal)).at(-1) ?? `it ended with ${ExitCode}`;
        throw new ReconcilerError('TARGET_ERROR', `moving data of ${use.place.source}: ${said}`);
      }
      await clock.sleep(50, scope.signal);
    }
  };
  await withCarrier(adapter, use, carry, scope.signal);
}

/** Throws for what is no folder of ours: nothing else is ever written or removed. */
function ownFolder(name: string): string {
  if (name.startsWith(OWN_FOLDER) && !/[/\\\0\s]/.test(name)) return name;
  throw new ReconcilerError('BAD_OPTIONS', `internal: ${JSON.stringify(name)} is no folder of a restore`);
}
