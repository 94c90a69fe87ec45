import type { Diagnostic } from '../../../reconciler/base/diagnostic.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import type { Random } from '../../chaos/random.ts';
import { createRandom } from '../../chaos/random.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { hostileKey } from '../grammar/hostile.ts';
import { breakText, mutate } from '../grammar/mutate.ts';
import { copy } from '../grammar/piece.ts';
import type { Piece } from '../grammar/piece.ts';
import type { DrawnFile } from '../grammar/repair.ts';
import { takeOut } from '../grammar/repair.ts';
import { writeFlow, writeYaml } from '../grammar/write.ts';
import type { Part } from '../input.ts';
import { createEverySecret } from '../secrets.ts';

/** Draws the files of a repository; those that are to be changed come as documents, the first most often. */
export type DrawFiles = (random: Random) => readonly DrawnFile[];

/** Repositories that are drawn and repaired once, and changed in another way for each input. */
const REPOSITORIES = 1_024;
const MAX_REPAIRS = 5;
const BELOW_STACKS = /^(?:clusters|nodes|stackkits)\/|^kombinator\.yaml$/;

export interface Documents {
  draw(random: Random): Promise<readonly Part[]>;
}

/** Makes inputs of whole repositories: one that is right, as far as it could be repaired, changed in a few places. */
export function createDocuments(drawFiles: DrawFiles, change: typeof mutate = mutate): Documents {
  const known = new Map<number, readonly DrawnFile[]>();
  return {
    async draw(random) {
      // Few in a short run, all in a long one.
      const id = Math.floor(random.next() ** 3 * REPOSITORIES);
      const files = known.get(id) ?? (await drawRepaired(drawFiles, id));
      known.set(id, files);
      return spoil(files, random, change);
    },
  };
}

/** A repository that is right, as far as it can be repaired. */
export async function drawRepaired(drawFiles: DrawFiles, id: number): Promise<readonly DrawnFile[]> {
  const files = drawFiles(createRandom(id));
  for (let time = 0; time < MAX_REPAIRS; time += 1) {
    const faults = await findFaults(files.map((file) => writePlain(file)));
    // Files that stacks rest on come first: once it is right, what is wrong with them may be as well.
    const below = faults.filter(({ file = '' }) => BELOW_STACKS.test(file));
    if (!takeOut(files, below.length > 0 ? below : faults)) break;
  }
  return files;
}

/** The file as it is, without a change. */
export function writePlain({ name, content, type }: DrawnFile): Part {
  const text = typeof content === 'string' ? content : writeYaml(content);
  return { name, text, ...(type === undefined ? {} : { type }) };
}

/** Errors of a repository's stacks; none where it cannot be read at all. */
export async function findFaults(parts: readonly Part[]): Promise<readonly Diagnostic[]> {
  const source = createMemorySource();
  source.pushWrites(parts.map(({ name, text, type = 'file' }) => ({ path: name, content: text, type })));
  const state = createDesiredState({ source, secrets: createEverySecret(), checkSchema });
  const { signal } = new AbortController();
  try {
    await state.load(await source.resolve(signal), signal);
    const findings = [
      ...state.diagnostics(),
      ...state.names().flatMap((name) => state.get(name)?.diagnostics ?? []),
    ];
    const errors = findings.filter(({ severity }) => severity === 'error');
    // Both tell of what is wrong with a stack itself.
    return [...new Map(errors.map((error) => [`${error.file} ${error.path}`, error])).values()];
  } catch {
    // A repository that fails here fails in play as well, where it is told.
    return [];
  }
}

function spoil(files: readonly DrawnFile[], random: Random, change: typeof mutate): readonly Part[] {
  const documents = files.filter(({ content }) => typeof content !== 'string');
  const chosen = documents[random.chance(0.7) ? 0 : random.integer(documents.length)];
  return files.map((file): Part => {
    if (file !== chosen || typeof file.content === 'string') return writePlain(file);
    const text = write(change(copy(file.content), random), random);
    return {
      ...writePlain({ ...file, content: text }),
      name: random.chance(0.04) ? strangePath(file.name, random) : file.name,
    };
  });
}

/** YAML in blocks, in one line, and what is neither. */
function write(piece: Piece, random: Random): string {
  const text = random.chance(0.85) ? writeYaml(piece) : `${writeFlow(piece)}\n`;
  return random.chance(0.05) ? breakText(text, random) : text;
}

/** The path with another directory in it: its name may be anything that Git takes. */
function strangePath(path: string, random: Random): string {
  const parts = path.split('/');
  const at = Math.max(0, parts.length - 2);
  const name = hostileKey(random).replaceAll('/', '_').replaceAll('\0', '_').slice(0, 200);
  const isTaken = name === '' || /^\.{1,2}$/.test(name) || name.toLowerCase() === '.git';
  return parts.with(at, isTaken ? '_' : parts.length === 1 ? `${name}.yaml` : name).join('/');
}
