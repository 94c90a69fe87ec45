import type { JsonSchema } from '../../../http/shape.ts';
import { DIAGNOSTIC, listOf, record, refer } from '../schemas.ts';

const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };

/** Whole commit ids: a name could come to mean another commit meanwhile. */
export const COMMIT = { type: 'string', pattern: '^[0-9a-f]{40}$' };

export const MESSAGE = {
  type: 'string',
  minLength: 1,
  maxLength: 10_000,
  description: 'Message of the commit.',
};

function filesWith(text: JsonSchema, description: string): JsonSchema {
  const path = { type: 'string', description: 'From the root of the repository.' };
  const items = {
    type: 'object',
    required: ['path', 'text'],
    additionalProperties: false,
    properties: { path, text },
  };
  return { type: 'array', minItems: 1, maxItems: 100, items, description };
}

/** Body member with files as they are to be. */
export const EDITS = filesWith(
  { type: ['string', 'null'], description: 'The whole text; null takes the file away.' },
  'Files as they are to be.',
);

/** Body member with the files of a new stack. */
export const NEW_FILES = filesWith(
  { type: 'string', description: 'The whole text.' },
  'Files as edited, all of them. Default: those that are put together.',
);

const DIFFS: JsonSchema = listOf(record({ path: TEXT, diff: TEXT }));

const PLAN_OR_NULL: JsonSchema = { anyOf: [refer('Plan'), { type: 'null' }] };

const DIAGNOSTICS: JsonSchema = listOf(DIAGNOSTIC);

export const FILES: JsonSchema = record({
  revision: TEXT,
  files: listOf(
    record({
      path: TEXT,
      text: TEXT_OR_NULL,
      size: { type: ['integer', 'null'] },
      main: { type: 'boolean' },
      encrypted: { type: 'boolean' },
      masked: { type: 'boolean' },
      link: TEXT_OR_NULL,
      diagnostics: DIAGNOSTICS,
    }),
  ),
  omitted: { type: 'integer' },
});

/** Effect of a write, or of one that is only tried. */
const EFFECT = { diagnostics: DIAGNOSTICS, plan: PLAN_OR_NULL, others: listOf(TEXT) };

export const PREVIEW: JsonSchema = record({ diff: DIFFS, ...EFFECT });

export const ROLLBACK_PREVIEW: JsonSchema = record({ files: DIFFS, ...EFFECT });

/** Answer of routes that write, or with `preview` say what they would write. */
export const WRITTEN_OR_PREVIEW: JsonSchema = { anyOf: [refer('StackRollback'), PREVIEW] };

export const DRAFT: JsonSchema = record({
  files: listOf(record({ path: TEXT, text: TEXT })),
  diagnostics: DIAGNOSTICS,
  plan: PLAN_OR_NULL,
});

export const KITS: JsonSchema = record({
  kits: listOf(
    record({
      name: TEXT,
      description: TEXT,
      services: listOf(
        record({ name: TEXT, description: TEXT, needs: listOf(TEXT), options: { type: 'object' } }),
      ),
      addons: listOf(record({ name: TEXT, description: TEXT, services: listOf(TEXT) })),
    }),
  ),
});

const COMPARED = record({ number: { type: ['integer', 'null'] }, revision: TEXT });

const COMMITS = listOf(
  record({
    commit: TEXT,
    subject: TEXT,
    author: record({ name: TEXT, email: TEXT }),
    time: { type: 'string', format: 'date-time' },
  }),
);

export const COMPARISON: JsonSchema = record({
  from: COMPARED,
  to: COMPARED,
  commits: COMMITS,
  undone: COMMITS,
  files: DIFFS,
  images: listOf(record({ service: TEXT, before: TEXT_OR_NULL, after: TEXT_OR_NULL })),
});
