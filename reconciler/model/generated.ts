/* The answers of generators. */

export type GenerateFormat = 'compose' | 'opentofu' | 'traefik' | 'kubernetes';

/** A file that a generator has written. */
export interface GeneratedFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

export interface Generated {
  readonly files: readonly GeneratedFile[];
  /** Settings that the format cannot say, in words. */
  readonly notes: readonly string[];
}

/** A secret, or a variable that nothing in the repository sets, that a generated file leaves to whoever uses it. */
export interface Variable {
  /** `DB_PASSWORD` */
  readonly name: string;
  /** `secret://sops/db.sops.yaml#password` */
  readonly reference: string;
  /** Value when nobody sets it; left out: it has to be set, or places have defaults of their own. */
  readonly default?: string;
}

/** A stack in another tool's words. Holds no secret: `variables` says what has to be filled in. */
export interface GeneratedStack {
  readonly stack: string;
  readonly format: GenerateFormat;
  readonly files: readonly GeneratedFile[];
  /** Settings that the format cannot say, in words. */
  readonly notes: readonly string[];
  readonly variables: readonly Variable[];
  readonly overview: {
    readonly stackkit: string;
    readonly domain: string;
    readonly nodes: readonly {
      readonly name: string;
      readonly host: string;
      readonly user?: string;
      readonly port?: number;
    }[];
    readonly services: readonly {
      readonly name: string;
      readonly node: string;
      readonly image: string;
      readonly ports: readonly number[];
      readonly needs: readonly string[];
    }[];
  };
}

export interface GenerateRequest {
  /** A stack of the repository, or the text of a kombination as if it stood there. */
  readonly subject: { readonly stack: string } | { readonly text: string };
  readonly format: GenerateFormat;
}
