import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import type { Version } from '../../model/version-tag.ts';
import { formatVersion, parseVersion, versionPrefix } from '../../model/version-tag.ts';
import type { NewVersion, VersionOperations } from '../../public/versions.ts';
import type { RunContext } from '../context.ts';

/** Numbers that are tried before a caller is told that somebody was faster. */
const MAX_ATTEMPTS = 5;

export interface VersionParts {
  readonly context: RunContext;
  /** Reads the repository, so that tags and commits are those of now. */
  readonly refreshForWrite: (signal: AbortSignal) => Promise<void>;
}

export function createVersions(parts: VersionParts): VersionOperations {
  const { context } = parts;
  const refreshForWrite = (signal: AbortSignal) => {
    context.source.expectTags();
    return parts.refreshForWrite(signal);
  };
  return {
    listVersions: (stack) => list(context, stack),
    async readVersion(stack, number, signal) {
      const version = await find(context, stack, number);
      return parseYaml(await readAt(context, version, signal)).value;
    },
    async createVersion(version, signal) {
      for (let attempt = 1; ; attempt += 1) {
        await refreshForWrite(signal);
        try {
          return await create(context, version, signal);
        } catch (error) {
          // Somebody else has taken the number: there is another one.
          if (!isReconcilerError(error, 'WRITE_CONFLICT') || attempt === MAX_ATTEMPTS) throw error;
        }
      }
    },
    async editVersion(stack, number, notes, signal) {
      await refreshForWrite(signal);
      const version = await find(context, stack, number);
      await put(context, { stack, version: { ...version, ...notes }, before: version.commit }, signal);
      return find(context, stack, number);
    },
  };
}

async function list({ source }: RunContext, stack: string): Promise<readonly Version[]> {
  const versions = (await source.tags(versionPrefix(stack, source.root))).flatMap(
    (tag) => parseVersion(stack, tag) ?? [],
  );
  return versions.toSorted((a, b) => b.number - a.number);
}

async function find(context: RunContext, stack: string, number: number): Promise<Version> {
  const versions = await list(context, stack);
  const found = versions.find((one) => one.number === number);
  if (found !== undefined) return found;
  const known = versions
    .slice(0, 5)
    .map((one) => one.number)
    .join(', ');
  throw new ReconcilerError(
    'UNKNOWN_TAG',
    `${stack} has no version ${number}; the newest ones: ${known || 'none'}`,
  );
}

async function create(
  context: RunContext,
  {
    stack,
    actor,
    name = '',
    label = '',
    description = '',
    isAutomatic = false,
    jobId,
    restoredFrom,
  }: NewVersion,
  signal: AbortSignal,
): Promise<Version> {
  const { desired } = context;
  const file = desired.get(stack)?.file;
  const head = desired.revision?.commit;
  if (file === undefined || head === undefined)
    throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  const [newest] = await list(context, stack);
  const number = (newest?.number ?? 0) + 1;
  const version = {
    number,
    commit: head,
    file,
    name,
    label,
    description,
    author: actor.name,
    isAutomatic,
    jobId: jobId ?? null,
    restoredFrom: restoredFrom ?? null,
  };
  await put(context, { stack, version, before: null }, signal);
  return find(context, stack, number);
}

interface Placement {
  readonly stack: string;
  readonly version: Omit<Version, 'time'>;
  /** Commit that its tag is on now; `null`: there is none. */
  readonly before: string | null;
}

async function put(
  { source }: RunContext,
  { stack, version, before }: Placement,
  signal: AbortSignal,
): Promise<void> {
  const name = `${versionPrefix(stack, source.root)}${version.number}`;
  const message = formatVersion(stack, version);
  await source.moveTag({ name, commit: version.commit, message }, before, signal);
}

async function readAt({ source }: RunContext, version: Version, signal: AbortSignal): Promise<string> {
  const files = await source.diff(null, version.commit, signal);
  const entry = files.find(({ path }) => path === version.file)?.after;
  if (!entry) {
    throw new ReconcilerError(
      'UNKNOWN_TAG',
      `version ${version.number} has no ${version.file}: somebody has moved its tag`,
    );
  }
  return new TextDecoder().decode(await source.readBlob(entry.blob));
}
