import type { JsonObject } from '../base/json.ts';
import type { NodeKind } from '../model/node-kind.ts';
import type { Secret } from '../model/secret.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Target } from './target.ts';

/** One node that is of a kind. */
export interface TargetPlace {
  /** Name of the node, for messages. */
  readonly name: string;
  /** Connection as `nodes/<name>.yaml` has it; it has passed the kind's schema. */
  readonly connection: JsonObject;
  readonly address: string;
}

/** The parts that a target may use. */
export interface TargetParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Looks a `secret://…` of the connection up: the environment, the state directory, commands and providers; no files of the repository.
   * Throws SECRET_NOT_FOUND, SECRET_TIMEOUT.
   */
  readonly readSecret: (reference: string, signal: AbortSignal) => Promise<Secret>;
}

/** A kind of place that resources can live in, for `createKombinator`. */
export interface TargetKind extends NodeKind {
  /** Makes the target of a node. It connects when it is first used; whoever made it disposes of it. */
  create(place: TargetPlace, parts: TargetParts): Target;
}
