import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { withAbortScope } from '../../../base/abort-scope.ts';
import type { ContainerSpec, SecretFileSpec } from '../../../model/docker/docker-spec.ts';
import { errorMessage, isReconcilerError } from '../../../base/errors.ts';
import type { Adapter } from '../adapter.ts';
import type { Engine } from '../engine/engine.ts';
import { checkTarget } from '../containers/files.ts';

/*
 * Secrets as files, kept in the memory of the machine that the engine is on (decision 006). They lie in a directory of
 * its /run, one for each container, and are mounted read-only. The engine itself puts them there, at whatever distance:
 * content copied into a container that has /run mounted ends up in /run, and that container never has to start.
 */

/** Directory on the machine of the engine; /run is a tmpfs there. */
const HOST_DIRECTORY = '/run/kombinator';
/** Directory in which the helper sees it. */
const INSIDE = '/kombinator';
const SECRETS_DIRECTORY = '/run/secrets';

/** The directory of a container's secrets, as a label of the container; random, so it tells nothing. */
export const SECRETS_LABEL = 'io.kombinator.secrets';
const HELPER_LABEL = 'io.kombinator.helper';
/** Nothing that somebody else has written into a label leads anywhere else. */
const PLACE = /^secrets\/[a-z0-9][a-z0-9-]*\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A new directory for one container of a stack, below that of the host. */
export function newSecretsPlace(stack: string): string {
  return `secrets/${stack}/${randomUUID()}`;
}

/** The directory that a container's labels name; `null` when it has no secrets. */
export function readSecretsPlace(labels: Readonly<Record<string, string>> | null | undefined): string | null {
  const place = labels?.[SECRETS_LABEL];
  return place !== undefined && PLACE.test(place) ? place : null;
}

/**
 * Mounts of a container. Of the long form: should the directory be gone because the machine was started anew, the engine
 * refuses to start the container instead of giving it an empty directory.
 */
export function secretMounts({ secrets = [] }: ContainerSpec, place: string): readonly object[] {
  const host = `${HOST_DIRECTORY}/${place}`;
  const mount = (source: string, target: string) => ({
    Type: 'bind',
    Source: `${host}/${source}`,
    Target: target,
    ReadOnly: true,
  });
  const single = secrets.flatMap(({ target }, index) =>
    isInside(target) ? [] : [mount(`single/${index}`, target)],
  );
  return secrets.some(({ target }) => isInside(target))
    ? [mount('run', SECRETS_DIRECTORY), ...single]
    : single;
}

function isInside(target: string): boolean {
  return target.startsWith(`${SECRETS_DIRECTORY}/`);
}

export interface SecretsRequest {
  /** Any image that the engine has; nothing of it is run. */
  readonly image: string;
  readonly place: string;
}

/** Writes the secrets of a container. Repeating it writes them again. */
export async function putSecrets(
  engine: Engine,
  secrets: readonly SecretFileSpec[],
  { image, place }: SecretsRequest,
  signal: AbortSignal,
): Promise<void> {
  for (const { target } of secrets) checkTarget(target);
  const archive = await buildArchive(secrets, place);
  await withHelper(engine, { image, place }, signal, (id) => engine.putArchive(id, INSIDE, archive, signal));
}

/** Takes the secrets of a container that is gone out of memory; best effort, a restart of the machine does the same. */
export async function wipeSecrets(
  { engine, logger, name }: Adapter,
  { image, place }: SecretsRequest,
  signal: AbortSignal,
): Promise<void> {
  try {
    const archive = pack();
    // Unpacked over a directory, a file replaces it and everything in it.
    archive.entry({ name: place, mode: 0o600, mtime: EPOCH }, Buffer.alloc(0));
    archive.finalize();
    const content = await buffer(archive);
    await withHelper(engine, { image, place }, signal, (id) =>
      engine.overwriteWith(id, INSIDE, content, signal),
    );
  } catch (error) {
    signal.throwIfAborted();
    logger.warn(
      { target: name, error: errorMessage(error) },
      'secrets of a removed container stay in memory',
    );
  }
}

const EPOCH = new Date(0);

async function buildArchive(secrets: readonly SecretFileSpec[], place: string): Promise<Buffer> {
  const archive = pack();
  const made = new Set<string>();
  const directory = (path: string, mode: number): void => {
    if (made.has(path)) return;
    made.add(path);
    archive.entry({ name: `${path}/`, type: 'directory', mode, mtime: EPOCH });
  };
  // Closed to everybody else on the machine; a mount does not pass through what is above it.
  directory('secrets', 0o700);
  directory(posix.dirname(place), 0o700);
  directory(place, 0o700);
  secrets.forEach(({ target, mode, uid = 0, gid = 0, content }, index) => {
    const path = isInside(target)
      ? `${place}/run/${posix.relative(SECRETS_DIRECTORY, target)}`
      : `${place}/single/${index}`;
    const parents = path
      .slice(place.length + 1)
      .split('/')
      .slice(0, -1);
    parents.forEach((_, depth) => directory(`${place}/${parents.slice(0, depth + 1).join('/')}`, 0o755));
    archive.entry(
      { name: path, mode: mode & 0o7777, uid, gid, mtime: EPOCH },
      Buffer.from(content.revealBytes()),
    );
  });
  archive.finalize();
  return buffer(archive);
}

/** Makes a container that sees the host's directory, and removes it again. It is never started. */
async function withHelper(
  engine: Engine,
  { image, place }: SecretsRequest,
  signal: AbortSignal,
  use: (id: string) => Promise<void>,
): Promise<void> {
  const name = `kombinator-secrets-${posix.basename(place)}`;
  const body = {
    Image: image,
    // Some images say nothing to run, and the engine wants to know.
    Entrypoint: ['/nothing'],
    Cmd: [],
    Labels: { [HELPER_LABEL]: 'secrets' },
    NetworkDisabled: true,
    // The short form makes the engine create the directory.
    HostConfig: { Binds: [`${HOST_DIRECTORY}:${INSIDE}`], NetworkMode: 'none' },
  };
  const id = await createAnew(engine, name, body, signal);
  try {
    await use(id);
  } finally {
    const removing = { signals: [], timeoutMs: REMOVE_TIMEOUT_MS };
    await withAbortScope(removing, (signal) => engine.removeContainer(id, signal));
  }
}

const REMOVE_TIMEOUT_MS = 30_000;

/** A helper of that name was left by a process that died. */
async function createAnew(engine: Engine, name: string, body: object, signal: AbortSignal): Promise<string> {
  try {
    return await engine.createContainer(name, body, { signal });
  } catch (error) {
    if (!isReconcilerError(error, 'NAME_TAKEN')) throw error;
    const left = await engine.inspectContainer(name, signal);
    if (left?.Config.Labels?.[HELPER_LABEL] === undefined) throw error;
    await engine.removeContainer(left.Id, signal);
    return engine.createContainer(name, body, { signal });
  }
}
