interface Schema {
  readonly [keyword: string]: unknown;
}

/**
 * A schema that needs no other: what it refers to in others is put among its own definitions, so that editors can read
 * it without a network.
 */
export function bundleSchema(schema: Schema, others: readonly Schema[]): Schema {
  const byId = new Map(others.map((other) => [String(other['$id']), other]));
  const defs: Record<string, unknown> = {};
  const localise = (value: unknown, home: Schema): unknown => {
    if (Array.isArray(value)) return value.map((item: unknown) => localise(item, home));
    if (!isSchema(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const isReference = key === '$ref' && typeof member === 'string';
        return [key, isReference ? move(member, home) : localise(member, home)];
      }),
    );
  };
  const move = (reference: string, home: Schema): string => {
    const [id = '', pointer = ''] = reference.split('#');
    const owner = id === '' ? home : id === schema['$id'] ? schema : byId.get(id);
    if (!owner) throw new Error(`internal: no schema ${id}`);
    if (owner === schema) return `#${pointer}`;
    // Another schema as a whole, or a part of it.
    const name = pointer === '' ? 'document' : pointer.replace('/$defs/', '');
    const place = `${String(owner['title'])}.${name}`.replaceAll(/[^A-Za-z0-9.]+/g, '-');
    if (!Object.hasOwn(defs, place)) {
      const found = pointer === '' ? bare(owner) : partAt(owner, pointer);
      if (found === undefined) throw new Error(`internal: no definition ${reference}`);
      defs[place] = {};
      defs[place] = localise(found, owner);
    }
    return `#/$defs/${place}`;
  };
  const { $defs: own, ...rest } = schema;
  const result = Object.entries({ ...rest, ...(isSchema(own) ? { $defs: own } : {}) }).map(
    ([key, value]) => [key, localise(value, schema)] as const,
  );
  const bundled: Schema = Object.fromEntries(result);
  const all = { ...(isSchema(bundled['$defs']) ? bundled['$defs'] : {}), ...defs };
  return Object.keys(all).length > 0 ? { ...bundled, $defs: all } : bundled;
}

/** The part that a JSON pointer (RFC 6901) leads to. */
function partAt(schema: Schema, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<unknown>((part, key) => (isSchema(part) ? part[key] : undefined), schema);
}

/** The schema as a part of another one. */
function bare({ $id: _id, $schema: _schema, $defs: _defs, ...rest }: Schema): Schema {
  return rest;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
