import { HttpProblem } from '../../http/problem.ts';
import type { JsonSchema } from '../../http/shape.ts';
import { shape } from '../../http/shape.ts';

type Keys = Readonly<Record<string, unknown>>;

export interface StackBody {
  readonly name?: string;
  /** Part of a document: `services`, `nodes` and whatever else a kombination may say. */
  readonly config?: Keys;
  /** A whole document. */
  readonly spec?: Keys;
  readonly [key: string]: unknown;
}

/** Keys of a kombination that may also stand at the top of the body. */
const DOCUMENT_KEYS: Readonly<Record<string, JsonSchema>> = {
  version: { type: ['string', 'number', 'null'], description: 'Version of the format. Default 1.0.' },
  stackkit: { type: ['string', 'null'], description: 'Kit that services without an image are drawn from.' },
  meta: { type: ['object', 'null'] },
  domain: { type: ['string', 'null'] },
  email: { type: ['string', 'null'] },
  nodes: { type: ['array', 'null'] },
  services: { type: ['array', 'object', 'null'], description: 'A list of names or objects, or a map.' },
  networks: { type: ['object', 'null'] },
  volumes: { type: ['object', 'null'] },
  policy: { type: ['object', 'null'] },
};

const MEMBERS: Readonly<Record<string, JsonSchema>> = {
  name: {
    type: 'string',
    maxLength: 63,
    pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
    description: 'Unique; lower-case letters, digits and hyphens. It is also the id.',
  },
  config: { type: 'object', description: 'Keys of the document, such as services and nodes.' },
  spec: { type: 'object', description: 'A whole kombination document.' },
  ...DOCUMENT_KEYS,
};

export const CREATE_STACK = shape<StackBody & { readonly name: string }>({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: MEMBERS,
});

export const UPDATE_STACK = shape<StackBody>({
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  properties: MEMBERS,
});

const ORDER = [
  'version',
  'stackkit',
  'meta',
  'domain',
  'email',
  'nodes',
  'services',
  'networks',
  'volumes',
  'policy',
];

/**
 * The document that a body describes: `spec`, over it `config`, over it the top-level keys. Keys come in the order people
 * write them. Throws VALIDATION_ERROR when the document names another stack.
 */
export function buildDocument(body: StackBody, name: string): Keys {
  const keys: Keys = { version: '1.0', ...buildKeys(body) };
  const named = { ...keys, meta: nameMeta(keys, name, body) };
  const given = Object.entries(named).filter(([, value]) => value !== null);
  return Object.fromEntries(given.sort(([a], [b]) => rankOf(a) - rankOf(b)));
}

/** The top-level keys that a body replaces; `null` removes one. A `meta` keeps the name of the stack. */
export function buildUpdate(body: StackBody, name: string): Keys {
  const keys = buildKeys(body);
  const meta = nameMeta(keys, name, body);
  if (Object.keys(keys).length === 0) {
    throw new HttpProblem('VALIDATION_ERROR', 'the body changes nothing', {
      details: [{ field: 'config', message: 'at least one key of the document is required' }],
    });
  }
  return 'meta' in keys ? { ...keys, meta } : keys;
}

function buildKeys({ config = {}, spec = {}, ...top }: StackBody): Keys {
  const keys: Record<string, unknown> = { ...spec, ...config, ...top };
  // The name of the body is the stack's, and stands in `meta`.
  if (top.name !== undefined) delete keys['name'];
  return keys;
}

/** `meta` with the name that the stack has. Throws when body or document say another one: the name is the id. */
function nameMeta(keys: Keys, name: string, body: StackBody): Keys {
  const meta: Keys = typeof keys['meta'] === 'object' && keys['meta'] !== null ? { ...keys['meta'] } : {};
  const names = [
    ['name', body.name],
    ['meta.name', meta['name']],
  ] as const;
  for (const [field, given] of names) {
    if (given === undefined || given === name) continue;
    const message = `must be ${name}: the name of a stack is its id and does not change`;
    throw new HttpProblem('VALIDATION_ERROR', `${field} ${message}`, { details: [{ field, message }] });
  }
  return { name, ...meta };
}

function rankOf(key: string): number {
  const rank = ORDER.indexOf(key);
  return rank === -1 ? ORDER.length : rank;
}
