import { blobId } from '../../base/blob-id.ts';
import { errorMessage } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import { inlineContents } from '../../config/kombination/service/inline-contents.ts';
import type { DesiredResource } from '../../model/resource.ts';
import { createMask } from '../../model/secret.ts';
import type { ContentChange, ContentSide } from '../../plan/change.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import { compareContents } from '../../plan/text/compare-contents.ts';
import type { RunContext } from '../context.ts';
import type { PlannedStack } from './plan-stack.ts';

/** Larger files are told of by their size. */
const MAX_BYTES = 256 * 1024;
/** More files of one plan are told of by their paths. */
const MAX_FILES = 200;
/** Lines of files that one plan tells. */
const MAX_LINES = 2_000;
/** Files of a directory that are searched for what stood in a description earlier. */
const MAX_DESCRIPTIONS = 20;

/** A file that differs, before its content is known. */
interface Pair {
  readonly change: Change;
  readonly target: string;
  readonly before: string | null;
  readonly after: string | null;
}

type Contents = ReadonlyMap<string, { readonly size: number | null; readonly content: Uint8Array | null }>;

/** The plan with the files whose content it changes, as far as the repository has what was there before. */
export async function withContents(
  context: RunContext,
  planned: PlannedStack,
  signal: AbortSignal,
): Promise<Plan> {
  const { plan, desired } = planned;
  const pairs = plan.changes.flatMap(pairsOf);
  if (pairs.length === 0) return plan;
  const contents = await readContents(context, planned, pairs.slice(0, MAX_FILES), signal);
  const compare = createComparison(createMask([...desired.values()].map(({ spec }) => spec)));
  const changes = plan.changes.map((change) => {
    const own = pairs.filter((pair) => pair.change === change);
    if (own.length === 0) return change;
    return {
      ...change,
      contents: own.map((pair) => toContent(pair, contents, desired.get(change.id), compare)),
    };
  });
  return { ...plan, changes };
}

type Comparison = (
  before: Uint8Array | null | undefined,
  after: Uint8Array | null | undefined,
) => Pick<ContentChange, 'lines' | 'omitted' | 'binary'>;

/** Compares until a plan has as many lines as anybody reads; of what comes then, the sizes are told. */
function createComparison(maskSecrets: (text: string) => string): Comparison {
  let left = MAX_LINES;
  return (before, after) => {
    if (left <= 0) return {};
    const compared = compareContents(before, after, maskSecrets);
    left -= compared.lines?.length ?? 0;
    return compared;
  };
}

function pairsOf(change: Change): readonly Pair[] {
  const { action, before, after } = change;
  if (action === 'no-op' || action === 'delete') return [];
  const old = blobsOf(action === 'create' ? null : before);
  const now = blobsOf(after);
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .map((target) => ({ change, target, before: old.get(target) ?? null, after: now.get(target) ?? null }))
    .filter((pair) => pair.before !== pair.after);
}

/** Blobs of the files in a spec by their paths; those with secrets in them have none. */
function blobsOf(spec: JsonObject | null): ReadonlyMap<string, string> {
  const files = (asList(spec?.['files']) ?? []).flatMap((file): [string, string][] => {
    const fields = asFields(file);
    const target = asString(fields?.['target']);
    const blob = asString(fields?.['blob']);
    return target === undefined || blob === undefined || !/^[0-9a-f]{40}$/.test(blob) ? [] : [[target, blob]];
  });
  return new Map(files);
}

function toContent(
  { change, target, before, after }: Pair,
  contents: Contents,
  resource: DesiredResource | undefined,
  compare: Comparison,
): ContentChange {
  const source = resource?.sources?.get(target);
  const sideOf = (blob: string | null): ContentSide | null =>
    blob === null ? null : { blob, bytes: contents.get(blob)?.size ?? null };
  const bytesOf = (blob: string | null) =>
    blob === null ? null : (contents.get(blob)?.content ?? undefined);
  return {
    target,
    ...(source === undefined ? {} : { source }),
    before: sideOf(before),
    after: sideOf(after),
    // All lines of a new container's files are new: its description is where they are read.
    ...(change.action === 'create' ? {} : compare(bytesOf(before), bytesOf(after))),
  };
}

async function readContents(
  context: RunContext,
  planned: PlannedStack,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<Contents> {
  const found = new Map<string, { size: number | null; content: Uint8Array | null }>();
  const missing: string[] = [];
  const put = (blob: string, content: Uint8Array) => found.set(blob, { size: content.length, content });
  for (const blob of new Set(pairs.flatMap(({ before, after }) => [before ?? [], after ?? []].flat()))) {
    const inline = context.desired.inlineBlob(blob);
    if (inline !== undefined) put(blob, inline);
    else missing.push(blob);
  }
  // The size of what a new container is given is all that is told of it.
  const compared = new Set(
    pairs.flatMap(({ change, before, after }) => (change.action === 'create' ? [] : [before, after])),
  );
  const gone = [
    ...(await readBlobs(
      context,
      missing.filter((blob) => compared.has(blob)),
      { found, maxBytes: MAX_BYTES },
      signal,
    )),
    ...(await readBlobs(
      context,
      missing.filter((blob) => !compared.has(blob)),
      { found, maxBytes: 0 },
      signal,
    )),
  ];
  if (gone.length === 0) return found;
  const earlier = await readEarlier(context, planned, signal);
  for (const blob of gone) {
    const content = earlier.get(blob);
    if (content !== undefined) put(blob, content);
  }
  return found;
}

/** Reads what the repository has of these; resolves to those that it has not. */
async function readBlobs(
  { source }: RunContext,
  blobs: readonly string[],
  {
    found,
    maxBytes,
  }: { found: Map<string, { size: number | null; content: Uint8Array | null }>; maxBytes: number },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const read = async (some: readonly string[]): Promise<void> => {
    for await (const { blob, size, content } of source.readBlobs(some, maxBytes, signal))
      found.set(blob, { size, content });
  };
  if (blobs.length === 0) return [];
  try {
    await read(blobs);
  } catch {
    signal.throwIfAborted();
    // One that is not there ends them all: each of the others by itself.
    for (const blob of blobs) if (!found.has(blob)) await read([blob]).catch(() => signal.throwIfAborted());
  }
  return blobs.filter((blob) => !found.has(blob));
}

/** Texts that stood in the description when what runs was made, by their blob ids: they are no files of the repository. */
async function readEarlier(
  context: RunContext,
  { description, observed }: PlannedStack,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const texts = new Map<string, Uint8Array>();
  const revisions = new Set(
    observed.flatMap(({ kind, revision }) => (kind === 'container' ? (revision ?? []) : [])),
  );
  const directory = description.file.slice(0, description.file.lastIndexOf('/') + 1);
  for (const revision of revisions) {
    const documents = await readDescriptions(context, revision, directory, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      context.logger.debug({ revision, error: errorMessage(error) }, 'an earlier description cannot be read');
      return [];
    });
    for (const text of documents.flatMap(inlineContents)) {
      const bytes = new TextEncoder().encode(text);
      texts.set(blobId(bytes), bytes);
    }
  }
  return texts;
}

async function readDescriptions(
  { source }: RunContext,
  revision: string,
  directory: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const files = (await source.diff(null, revision, signal)).flatMap(({ path, after }) =>
    after !== null && isDescription(path, directory) ? [after.blob] : [],
  );
  const texts: string[] = [];
  for await (const { content } of source.readBlobs(files.slice(0, MAX_DESCRIPTIONS), MAX_BYTES, signal))
    if (content !== null) texts.push(new TextDecoder().decode(content));
  return texts;
}

function isDescription(path: string, directory: string): boolean {
  return path.startsWith(directory) && /^[^/]+\.ya?ml$/.test(path.slice(directory.length));
}
