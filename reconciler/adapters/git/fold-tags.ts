import type { FoldOptions } from '../../ports/source.ts';
import type { PreparedFold } from './repository/folded-tags.ts';
import type { Ref } from './repository/packed-refs.ts';
import type { Repository } from './repository/repository.ts';

/** Tags of one stack that are to have no refs of their own any more, the oldest first. */
export interface Fold {
  readonly stack: string;
  readonly tags: readonly Ref[];
}

const TAGS = 'refs/tags/';
const DEPLOYMENT = /^refs\/tags\/deploy\/(.+)\/([1-9]\d{0,9})$/;

/** Chooses the tags of each stack that has too many: all but the newest, and but those that wait to be pushed. */
export async function chooseFolds(
  { refs }: Pick<Repository, 'refs'>,
  { keep, above, except }: FoldOptions,
): Promise<readonly Fold[]> {
  const stacks = new Map<string, { readonly ref: Ref; readonly number: number }[]>();
  for (const ref of await refs.list(`${TAGS}deploy/`)) {
    const [, stack, number] = DEPLOYMENT.exec(ref.name) ?? [];
    if (stack === undefined) continue;
    const tags = stacks.get(stack) ?? [];
    tags.push({ ref, number: Number(number) });
    stacks.set(stack, tags);
  }
  const waiting = new Set(except.map((name) => `${TAGS}${name}`));
  return [...stacks].flatMap(([stack, tags]): readonly Fold[] => {
    if (tags.length <= above) return [];
    const ordered = tags.sort((a, b) => a.number - b.number).map(({ ref }) => ref);
    const old = ordered.slice(0, Math.max(0, ordered.length - keep));
    return [{ stack, tags: old.filter(({ name }) => !waiting.has(name)) }];
  });
}

/** Tags that are folded in one go: others who want something of the remote wait so long. */
const TAGS_AT_ONCE = 1_000;

/** Splits folds into parts that do not take long; those of one stack stay in their order. */
export function splitFolds(folds: readonly Fold[]): readonly (readonly Fold[])[] {
  const parts: Fold[][] = [];
  let room = 0;
  for (const { stack, tags } of folds) {
    for (let start = 0; start < tags.length;) {
      if (room === 0) {
        parts.push([]);
        room = TAGS_AT_ONCE;
      }
      const some = tags.slice(start, start + room);
      parts.at(-1)?.push({ stack, tags: some });
      start += some.length;
      room -= some.length;
    }
  }
  return parts;
}

/** Writes what the history of each stack is to be; no ref names it yet. */
export async function prepareFolds(
  { folded }: Pick<Repository, 'folded'>,
  folds: readonly Fold[],
): Promise<readonly PreparedFold[]> {
  const prepared: PreparedFold[] = [];
  for (const { stack, tags } of folds) {
    const one = await folded.prepare(stack, tags);
    if (one !== null) prepared.push(one);
  }
  return prepared;
}

/** Returns the refs of tags that are folded by now, just as they are: nothing is lost with these. */
export async function listFolded(
  { folded }: Pick<Repository, 'folded'>,
  folds: readonly Fold[],
): Promise<readonly Ref[]> {
  const safe: Ref[] = [];
  for (const { stack, tags } of folds) {
    const known = new Map((await folded.list(`deploy/${stack}/`)).map(({ name, id }) => [name, id]));
    safe.push(...tags.filter(({ name, id }) => known.get(name.slice(TAGS.length)) === id));
  }
  return safe;
}

/** Folds tags of a repository on this machine: the history is written first, so that whenever it ends each tag is in one of the two. */
export async function foldHere(repository: Repository, options: FoldOptions): Promise<void> {
  const folds = await chooseFolds(repository, options);
  for (const { ref, from, to } of await prepareFolds(repository, folds))
    await repository.refs.update(ref, to, from);
  await repository.refs.drop(await listFolded(repository, folds));
}
