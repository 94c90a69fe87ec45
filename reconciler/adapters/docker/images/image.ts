import type { ImageInspectInfo } from 'dockerode';
import { createAbortScope } from '../../../base/abort-scope.ts';
import { errorMessage, ReconcilerError, toCancelled } from '../../../base/errors.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { applyBuiltImage } from './built-images.ts';
import type { Engine } from '../engine/engine.ts';
import { engineMessage, statusOf, toPullError } from '../engine/engine-errors.ts';
import { readPullProgress } from './pull-progress.ts';
import { authFor } from './registry.ts';
import { builtImageSpec, imageSpec } from '../containers/specs.ts';

/** A pull that reports nothing for this long is given up. */
const STALL_MS = 120_000;

/**
 * Makes sure that an image is on the engine. Throws IMAGE_NOT_FOUND and IMAGE_PULL_FAILED (retryable: a registry may get it, or be back, later) and
 * REGISTRY_UNAUTHORIZED. What was pulled is shared, and never removed; what the stack builds is its own.
 */
export async function applyImage(
  adapter: Adapter,
  change: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  if (change.desired === null || builtImageSpec(change.desired))
    return applyBuiltImage(adapter, change, context);
  const { reference, pullPolicy, platform } = imageSpec(change.desired);
  const image = await adapter.engine.inspectImage(reference, context.signal);
  const present = image !== null && fitsPlatform(image, platform);
  if (pullPolicy === 'never') {
    if (present) return;
    throw new ReconcilerError(
      'IMAGE_NOT_FOUND',
      `image ${reference} is not on ${adapter.name}, and its pull policy is never`,
      { retryable: true },
    );
  }
  // A plan replaces an image that is here when its tag stands for another one by now.
  if (present && pullPolicy === 'missing' && change.change.action !== 'replace') return;
  await pullImage(adapter, { reference, platform }, context);
  adapter.digests.delete(reference);
}

export interface MovedQuestion {
  readonly reference: string;
  readonly image: ImageInspectInfo;
  /** Somebody asks for it by name: what a registry said a moment ago does not count. */
  readonly isAsked: boolean;
}

/** Digests here and at the registry when it has another one for the reference; `null` when they agree. */
export async function movedDigest(
  adapter: Adapter,
  { reference, image, isAsked }: MovedQuestion,
  signal: AbortSignal,
): Promise<{ readonly here: string; readonly there: string } | null> {
  const now = adapter.clock.elapsed();
  const known = isAsked ? undefined : adapter.digests.get(reference);
  let digest = known && now - known.at < adapter.registryCacheMs ? known.digest : '';
  if (digest === '') {
    digest = await adapter.engine.registryDigest(reference, authFor(reference, adapter.registries()), signal);
    adapter.digests.set(reference, { digest, at: now });
  }
  const local = (image.RepoDigests ?? []).map((entry) => entry.slice(entry.indexOf('@') + 1));
  if (digest === '' || local.includes(digest)) return null;
  return { here: local[0] ?? image.Id, there: digest };
}

/** Tells whether an image is for a platform such as `linux/arm64/v8`; its variant counts where both say one. */
export function fitsPlatform(image: ImageInspectInfo, platform: string | undefined): boolean {
  if (platform === undefined) return true;
  const [os, architecture, variant] = platform.split('/');
  const { Os, Architecture, Variant } = image as ImageInspectInfo & { readonly Variant?: string };
  if (architecture === undefined) return Os === os || Architecture === os;
  const sameVariant = variant === undefined || !Variant || Variant === variant;
  return Os === os && Architecture === architecture && sameVariant;
}

export interface Puller {
  readonly engine: Pick<Engine, 'pullImage'>;
  readonly registries: Adapter['registries'];
}

/** Throws IMAGE_NOT_FOUND, IMAGE_PULL_FAILED, REGISTRY_UNAUTHORIZED, TARGET_UNREACHABLE. */
export async function pullImage(
  adapter: Puller,
  { reference, platform }: { readonly reference: string; readonly platform: string | undefined },
  context: Pick<ApplyContext, 'signal' | 'progress'>,
): Promise<void> {
  using scope = createAbortScope({ signals: [context.signal], timeoutMs: STALL_MS });
  const { signal } = scope;
  context.progress(`pulling ${reference}`);
  try {
    const auth = authFor(reference, adapter.registries());
    const stream = await adapter.engine.pullImage(reference, { auth, platform, signal });
    for await (const percent of readPullProgress(stream)) {
      scope.touch();
      if (percent !== null) context.progress(`pulling ${reference} (${percent} %)`);
    }
  } catch (error) {
    if (context.signal.aborted) throw toCancelled(context.signal, `pull ${reference}`);
    if (scope.timedOut) throw toPullError(reference, 'no progress for two minutes', null);
    if (error instanceof ReconcilerError && error.code === 'TARGET_UNREACHABLE') throw error;
    const cause = error instanceof ReconcilerError && error.cause !== undefined ? error.cause : error;
    throw toPullError(
      reference,
      cause instanceof Error ? engineMessage(cause) : errorMessage(cause),
      statusOf(error),
    );
  }
}
