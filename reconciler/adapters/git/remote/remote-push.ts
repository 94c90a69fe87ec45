import type { CommitRequest, ProposalRequest, PushedTags, TagRequest } from '../../../ports/source.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Deadline } from './deadline.ts';
import { RemoteError, writeConflict } from '../errors.ts';
import { HISTORY } from '../repository/folded-tags.ts';
import type { Repository } from '../repository/repository.ts';
import type { RefUpdate, Transport, UpdateResult } from './transport.ts';

/** The mirror of a remote, and the way to the remote itself. */
export interface PushPlace {
  readonly path: string;
  readonly branch: string;
  readonly transport: Transport;
  readonly repository: Repository;
}

/** The mirror's branch moves only once the remote has taken the commit; until then nothing names it. */
export async function push(place: PushPlace, request: CommitRequest, deadline: Deadline): Promise<string> {
  const { repository, transport, path } = place;
  const ref = `refs/heads/${place.branch}`;
  const head = await repository.refs.read(ref);
  if (head !== request.expectedHead) {
    throw writeConflict(`${place.branch} has moved on to ${(head ?? 'nothing').slice(0, 12)}`);
  }
  const { commit, objects } = await repository.prepareCommit(request);
  const results = await transport.push(
    {
      mirrorDir: path,
      updates: [{ ref, from: head, to: commit }],
      pack: () => repository.store.pack(objects),
    },
    deadline,
  );
  requireDone(results);
  await repository.refs.update(ref, commit);
  return commit;
}

/** The mirror does not follow branches of proposals: what the remote has is asked for each time. */
export async function pushProposal(
  { repository, transport, path }: PushPlace,
  request: ProposalRequest,
  deadline: Deadline,
): Promise<{ readonly commit: string; readonly isNew: boolean }> {
  const ref = `refs/heads/${request.branch}`;
  const tip = (await transport.listRefs([ref], deadline)).refs.get(ref) ?? null;
  if (tip !== null && !(await repository.store.has(tip)))
    await transport.fetch(path, [{ ref, id: tip }], deadline);
  const prepared = await repository.prepareProposal(request, tip, deadline.signal);
  if (prepared === null) return { commit: tip ?? request.base, isNew: false };
  const { commit, objects } = prepared;
  const updates = [{ ref, from: tip, to: commit }];
  const pack = (): Promise<Buffer> => repository.store.pack(objects);
  requireDone(await transport.push({ mirrorDir: path, updates, pack }, deadline));
  return { commit, isNew: true };
}

/** Tags that go along in one push. */
const TAGS_AT_ONCE = 1_000;

export async function pushTags(
  place: PushPlace,
  names: readonly string[],
  { deadline, logger }: { readonly deadline: Deadline; readonly logger: Logger },
): Promise<PushedTags> {
  const { repository, transport, path } = place;
  const unique = [...new Set(names)];
  const histories = [...new Set(unique.flatMap((name) => historyOf(name) ?? []))];
  const remote = await transport.listRefs(
    [...unique.map((name) => `refs/tags/${name}`), ...histories],
    deadline,
  );
  const newer = new Set<string>();
  for (const ref of histories) {
    const theirs = remote.refs.get(ref);
    if (theirs !== undefined && theirs !== (await repository.refs.read(ref))) newer.add(ref);
  }
  const updates: RefUpdate[] = [];
  const taken: string[] = [];
  for (const name of unique) {
    const ref = `refs/tags/${name}`;
    const [own, theirs] = [await repository.refs.read(ref), remote.refs.get(ref)];
    // It may be among those that somebody else has folded.
    if (newer.has(historyOf(name) ?? '')) taken.push(name);
    else if (own === null) logger.warn({ tag: name }, 'a tag to be pushed does not exist any more');
    else if (theirs === undefined) updates.push({ ref, from: null, to: own });
    else if (theirs !== own) taken.push(name);
  }
  const refused = new Map<string, string>();
  for (let start = 0; start < updates.length; start += TAGS_AT_ONCE) {
    const part = updates.slice(start, start + TAGS_AT_ONCE);
    const pack = (): Promise<Buffer> => repository.store.pack(part.flatMap(({ to }) => to ?? []));
    for (const { ref, outcome, reason } of await transport.push(
      { mirrorDir: path, updates: part, pack },
      deadline,
    )) {
      const name = ref.slice('refs/tags/'.length);
      if (outcome === 'conflict') taken.push(name);
      if (outcome === 'refused') refused.set(name, reason);
    }
  }
  return { taken, refused };
}

/** Ref behind which the folded tags are that a deployment tag belongs to. */
function historyOf(name: string): string | null {
  const stack = /^deploy\/(.+)\/[^/]+$/.exec(name)?.[1];
  return stack === undefined ? null : `${HISTORY}${stack}`;
}

/** Puts a tag on a commit at the remote, then here: `expected` is the commit that it is on now. */
export async function pushMovedTag(
  { repository, transport, path }: PushPlace,
  { request, expected }: { readonly request: TagRequest; readonly expected: string | null },
  deadline: Deadline,
): Promise<void> {
  const { ref, id: from } = await repository.expectTag(request.name, expected);
  const to = await repository.writeTag(request);
  const pack = (): Promise<Buffer> => repository.store.pack([to]);
  requireDone(await transport.push({ mirrorDir: path, updates: [{ ref, from, to }], pack }, deadline));
  await repository.refs.update(ref, to);
}

/** Takes a tag away at the remote, then here. */
export async function pushDeletedTag(
  { repository, transport, path }: PushPlace,
  { name, expected }: { readonly name: string; readonly expected: string },
  deadline: Deadline,
): Promise<void> {
  const { ref, id: from } = await repository.expectTag(name, expected);
  if (from === null) return;
  const pack = (): Promise<Buffer> => repository.store.pack([]);
  requireDone(await transport.push({ mirrorDir: path, updates: [{ ref, from, to: null }], pack }, deadline));
  await repository.refs.remove(ref, from);
}

function requireDone(results: readonly UpdateResult[]): void {
  for (const { ref, outcome, reason } of results) {
    if (outcome === 'conflict') throw writeConflict(`${ref}: ${reason}`);
    if (outcome === 'refused') throw new RemoteError(`the remote refuses ${ref}: ${reason}`);
  }
}
