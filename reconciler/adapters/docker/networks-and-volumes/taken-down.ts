import type { NetworkInspectInfo } from 'dockerode';
import type { Fields } from '../../../base/values.ts';

/** A network that is gone, with all that is needed to have it back or to put its containers on another one. */
export interface TakenDown {
  readonly network: NetworkInspectInfo;
  readonly guests: readonly Guest[];
}

/** A container that was on it. */
export interface Guest {
  readonly id: string;
  /** Name of its resource. */
  readonly name: string;
  /** Network that it was made for, by name; `default` and the like for one that was made for none. */
  readonly madeFor: string;
  /** Its place, as the engine is told it. */
  readonly had: Fields;
}
