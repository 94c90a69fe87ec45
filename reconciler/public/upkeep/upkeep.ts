import type { Remnant } from '../../ports/inventory/images.ts';
import type { Job } from '../../ports/store.ts';
import type { Actor } from '../views.ts';

/** Place where a service is to be reached. */
export interface ServiceAddress {
  /** `null`: an object of a cluster that is no service by itself. */
  readonly service: string | null;
  readonly node: string;
  /** `route` by a name, `port` of its machine. */
  readonly kind: 'route' | 'port';
  /** `https://photos.example.org`, `http://localhost:8080`; `localhost:5432` for what is not for browsers. */
  readonly address: string;
}

export interface PullRequest {
  readonly stack: string;
  readonly actor: Actor | null;
  readonly trigger: string;
}

/** Something that nobody uses any more. */
export interface RemnantView extends Pick<Remnant, 'names'> {
  /** Stays the same as long as it is there. */
  readonly id: string;
  /** `stack`: what a stack that is no longer described has on its nodes, but for its volumes. */
  readonly kind: Remnant['kind'] | 'stack';
  /** `null`: on several. */
  readonly node: string | null;
  /** Bytes that its removal makes free; `null` where nobody counts them. */
  readonly sizeBytes: number | null;
  /** Stack that it was made for; `null` where that is not known. */
  readonly stack: string | null;
}

export interface RemnantList {
  readonly remnants: readonly RemnantView[];
  /** Reasons why something is not told of, by node or stack: a node that is away, a cluster, volumes that are kept. */
  readonly notes: readonly { readonly subject: string; readonly message: string }[];
}

export interface PruneRequest {
  /** Ids of a list; what is not left over any more is passed over. */
  readonly ids: readonly string[];
  readonly actor: Actor | null;
  readonly trigger: string;
}

/** End of the removal of a remnant. */
export interface PrunedRemnant {
  readonly id: string;
  /** Bytes that are free now; `null` where nobody counted, or it is still there. */
  readonly freedBytes: number | null;
  /** Reason why it is still there; `null`: it is gone. */
  readonly message: string | null;
}

/** A service that newer images are looked for. */
export interface ImageUpdateView {
  readonly stack: string;
  readonly service: string;
  /** File of its description. */
  readonly file: string;
  /** Reference as it is written; `null`: none is. */
  readonly image: string | null;
  readonly policy: 'semver' | 'regex' | 'digest';
  /** Reference that the next look writes; `null`: it stays as it is. */
  readonly next: string | null;
  /** Reason why nobody could tell; `null`: somebody could. */
  readonly reason: string | null;
}

export interface ImageUpdateList {
  /** Sorted by stack and service. */
  readonly services: readonly ImageUpdateView[];
  /** When they are looked for, and what becomes of them; `null`: nothing is written by itself. */
  readonly settings: { readonly schedule: string; readonly as: 'commit' | 'branch' | 'pull' } | null;
}

/** Images, and what is left over of stacks. */
export interface UpkeepOperations {
  /** Addresses that the description of a stack gives it, routes first. Asks nobody. Throws UNKNOWN_STACK. */
  addresses(stack: string): readonly ServiceAddress[];
  /**
   * Fetches the images of a stack ahead of their use, newer ones of tags that have moved as well; nothing that runs is touched. The job ends later. Throws
   * at once when the stack is not described.
   */
  pull(request: PullRequest): Job;
  /**
   * Asks registries what the next look for newer images would write; writes nothing. Waits for a look that is under way, and as long as registries want
   * to be left alone between two questions. Throws UNKNOWN_STACK.
   *
   * @param stacks default: all
   */
  listImageUpdates(stacks: readonly string[] | undefined, signal: AbortSignal): Promise<ImageUpdateList>;
  /** Asks all nodes that the repository names. Writes nothing. Throws INVALID_CONFIGURATION while it cannot be told what is described. */
  listRemnants(signal: AbortSignal): Promise<RemnantList>;
  /** Removes some of what `listRemnants` lists; in the order of the ids. Goes on after one that stays. */
  prune(request: PruneRequest, signal: AbortSignal): Promise<readonly PrunedRemnant[]>;
}
