import type { DesiredResource } from '../../model/resource.ts';
import type { ApplyContext } from '../target.ts';

/** Outcome of fetching an image that is described. */
export interface ImageFetch {
  /**
   * - `fetched` was not there, and is now
   * - `ahead` a newer one is here now, without its tag
   * - `current` nothing newer is at the registry, or it names a digest
   * - `kept` its pull policy says that it is never fetched
   */
  readonly outcome: 'fetched' | 'ahead' | 'current' | 'kept';
  /** Digest of what is there now, `null` where none is told. */
  readonly digest: string | null;
}

/** Fetches images ahead of their use, and tells what their tags stand for at their registries. */
export interface FetchesImages {
  /**
   * Fetches an image that is not there, and a newer one of a tag that has moved: that comes without its tag, so that nothing that runs is touched by it.
   * Throws as applying an image does.
   */
  fetchImage(
    desired: DesiredResource,
    context: Pick<ApplyContext, 'signal' | 'progress'>,
  ): Promise<ImageFetch>;
}

/** Knowledge of what may be left over, and of what is not. */
export interface PruneScope {
  /** References of images that were fetched for stacks. */
  readonly fetched: readonly string[];
  /** References of images that descriptions name, by whichever stack, hooks included. */
  readonly described: readonly string[];
}

/** Something on a target that nobody uses. Volumes are never among them. */
export interface Remnant {
  /** `fetched-image` for a stack, `built-image` for a stack, `build-cache` of the whole target. */
  readonly kind: 'fetched-image' | 'built-image' | 'build-cache';
  /** Id on the target, `build-cache` for that. */
  readonly id: string;
  /** Names that it has there. */
  readonly names: readonly string[];
  /** Bytes that its removal makes free, as far as can be told. */
  readonly sizeBytes: number;
  /** Stack that it was built for, and the revision; `null` for all others. */
  readonly builtFor: {
    readonly stack: string;
    readonly revision: string | null;
    readonly branch: string | null;
  } | null;
}

/** Tells what nobody uses any more, and removes it. */
export interface Prunes {
  /** Lists what is there of these kinds that no container uses, and nothing describes. Writes nothing. */
  remnants(scope: PruneScope, signal: AbortSignal): Promise<readonly Remnant[]>;
  /** Adds up what containers of a stack have written beside their volumes, in bytes. */
  stackBytes(stack: string, signal: AbortSignal): Promise<number>;
  /** Removes one, unless a container uses it by now; `null` then. Resolves to the bytes that are free. */
  removeRemnant(remnant: Remnant, signal: AbortSignal): Promise<number | null>;
}
