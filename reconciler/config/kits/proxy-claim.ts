/** A proxy of the kit that a stack has, or would have, on one of its nodes. */
export interface ProxyClaim {
  readonly node: string;
  /** The proxy's name in the kit, and that of its network. Only proxies of one kind stand for each other. */
  readonly service: string;
  readonly network: string;
  /** Name of its network on the engine. */
  readonly networkName: string;
  /**
   * - `listed` the stack says that it has it: it stays
   * - `implied` routes of the stack need one
   * - `disabled` routes need one, and the stack is not to bring it
   * - `apart` it has ports of its own, and is nobody else's
   */
  readonly kind: 'listed' | 'implied' | 'disabled' | 'apart';
}

/** The proxy of another stack that routes of a node lead through. */
export interface ProxyPlace {
  readonly stack: string;
  /** Name of its network on the engine. */
  readonly network: string;
  /** Nobody lists it: another stack may come to bring it. */
  readonly implied: boolean;
}

/** Proxies of other stacks by node. */
export type ProxyPlaces = ReadonlyMap<string, ProxyPlace>;

export const NO_PLACES: ProxyPlaces = new Map();
