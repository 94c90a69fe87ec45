import type { Fold } from '../fold-tags.ts';
import { listFolded, prepareFolds } from '../fold-tags.ts';
import type { Deadline } from './deadline.ts';
import type { PushPlace } from './remote-push.ts';
import type { RefUpdate, UpdateResult } from './transport.ts';

/** Refs that go along in one push. */
const REFS_AT_ONCE = 1_000;

/**
 * Folds tags at a remote and here. The histories are pushed first, and the refs of tags go only once the remote has them: whenever it ends, each tag is in
 * one of the two, and the next time goes on from there. A history that somebody else has written to meanwhile is left to the next time.
 *
 * @returns reasons why the remote does not take something, by ref; the stacks of those are left as they are
 */
export async function foldAtRemote(
  place: PushPlace,
  folds: readonly Fold[],
  deadline: Deadline,
): Promise<ReadonlyMap<string, string>> {
  const { repository } = place;
  const prepared = await prepareFolds(repository, folds);
  const objects = prepared.flatMap((one) => one.objects);
  deadline.touch();
  const failed = new Map<string, string>();
  for (const { ref, outcome, reason } of await pushAll(place, { updates: prepared, objects }, deadline)) {
    const one = prepared.find((fold) => fold.ref === ref);
    if (one === undefined || outcome !== 'done') failed.set(ref, reason);
    else await repository.refs.update(ref, one.to);
  }
  const safe = await listFolded(repository, folds);
  // The remote was not silent: nobody has asked it meanwhile.
  deadline.touch();
  const updates = safe.map(({ name, id }): RefUpdate => ({ ref: name, from: id, to: null }));
  const results = await pushAll(place, { updates, objects: [] }, deadline);
  const left = new Map(results.filter(({ outcome }) => outcome !== 'done').map((one) => [one.ref, one]));
  await dropMissing(place, [...left.keys()], { left, deadline });
  deadline.touch();
  await repository.refs.drop(safe.filter(({ name }) => !left.has(name)));
  for (const [ref, { outcome, reason }] of left) if (outcome === 'refused') failed.set(ref, reason);
  return failed;
}

/** A tag that is not at the remote any more, or never was, has not to be taken away there. */
async function dropMissing(
  { transport }: PushPlace,
  names: readonly string[],
  { left, deadline }: { readonly left: Map<string, UpdateResult>; readonly deadline: Deadline },
): Promise<void> {
  if (names.length === 0) return;
  const { refs } = await transport.listRefs(names, deadline);
  for (const name of names) if (!refs.has(name)) left.delete(name);
}

async function pushAll(
  { transport, repository, path }: PushPlace,
  { updates, objects }: { readonly updates: readonly RefUpdate[]; readonly objects: readonly string[] },
  deadline: Deadline,
): Promise<readonly UpdateResult[]> {
  const results: UpdateResult[] = [];
  for (let start = 0; start < updates.length; start += REFS_AT_ONCE) {
    const part = updates.slice(start, start + REFS_AT_ONCE).map(({ ref, from, to }) => ({ ref, from, to }));
    // The first push brings what the others need.
    const pack = (): Promise<Buffer> => repository.store.pack(start === 0 ? objects : []);
    results.push(...(await transport.push({ mirrorDir: path, updates: part, pack }, deadline)));
  }
  return results;
}
