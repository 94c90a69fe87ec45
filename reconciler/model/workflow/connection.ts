/** Thing that a pair of nodes passes on, named after the node that is filled in. */
export type Link = 'service' | 'ingress' | 'hpa' | 'mount' | 'networkpolicy' | 'certificate';

/** A value that a connection gives to a blank field. */
export interface Fill {
  /** Id of the node that gets it. */
  readonly node: string;
  /** Field of the node's data; of a variable its name. */
  readonly field: string;
  readonly value: unknown;
  /** `variable`: a variable of `envKeys` that takes its value from a key of the other node. */
  readonly kind: 'field' | 'mount' | 'variable';
}

/** An edge of a workflow that means something, and its meaning. */
export interface Connection {
  /** Place in `edges`. */
  readonly index: number;
  readonly source: string;
  readonly target: string;
  /** `null`: only the order. */
  readonly link: Link | null;
  /** Node that is applied first. */
  readonly first: string;
  readonly second: string;
  readonly fills: readonly Fill[];
}

/** A pair of types of nodes that pass something on. */
export interface LinkRule {
  readonly kind: Link;
  readonly provider: readonly string[];
  readonly dependent: readonly string[];
  /** Fields that are filled in where they are blank. */
  readonly fields: readonly string[];
}
