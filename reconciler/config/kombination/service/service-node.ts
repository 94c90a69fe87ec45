/** Node of services that say none, in a kombination without nodes: the engine of this machine. */
export const DEFAULT_NODE = 'local';

/** The node that a service or a hook runs on: its own, else the first one that the kombination lists, else `local`. */
export function nodeOf(own: string | undefined, nodes: readonly { readonly name: string }[]): string {
  return own ?? nodes[0]?.name ?? DEFAULT_NODE;
}
