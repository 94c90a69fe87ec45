import type { DraftFile, DraftRequest, DraftSource } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { commitDraft } from '../../../operations/files.ts';
import { answers } from '../answers.ts';
import { refer } from '../schemas.ts';
import { toStackWrite } from '../stack-view.ts';
import { DRAFT, KITS, MESSAGE, NEW_FILES } from './file-schemas.ts';

const TAG = 'Drafts';
const MAX_BODY = 4 * 1024 ** 2;
const SOURCES = ['compose', 'kit', 'document'] as const;

interface DraftBody {
  readonly name: string;
  readonly node?: string;
  readonly compose?: string;
  readonly kit?: string;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly document?: string;
  readonly files?: readonly DraftFile[];
}

const DRAFT_BODY = {
  name: { type: 'string', minLength: 1, maxLength: 63, description: 'Name of the stack.' },
  node: { type: 'string', minLength: 1, maxLength: 253, description: 'Default: the engine of the daemon.' },
  compose: { type: 'string', description: 'Text of a Compose file.' },
  kit: { type: 'string', minLength: 1, description: 'Name of a kit.' },
  values: { type: 'object', description: 'Keys of the document beside kit: services, domain and so on.' },
  document: { type: 'string', description: 'Text of a kombination.' },
  files: NEW_FILES,
};

const draftBody = shape<DraftBody>({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: DRAFT_BODY,
});

const commitBody = shape<DraftBody & { readonly message?: string }>({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: { ...DRAFT_BODY, message: MESSAGE },
});

const conflict = { 409: answers('There is a stack of that name already.', refer('Error')) };

/** New stacks, tried before they are committed. */
export const draftRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/drafts',
    id: 'previewDraft',
    tag: TAG,
    summary: 'Put a new stack together, and try it',
    description: 'The files, every finding, and the plan against what runs. Writes nothing.',
    access: 'deployer',
    body: { json: draftBody, maxBytes: MAX_BODY },
    responses: { 200: answers('What would be committed and done.', DRAFT), ...conflict },
    handle: async ({ body, signal }, { reconciler }: ApiDeps) =>
      ok(await reconciler.previewDraft(toRequest(body), signal)),
  }),
  defineRoute({
    method: 'POST',
    path: '/drafts/commit',
    id: 'commitDraft',
    tag: TAG,
    summary: 'Commit a new stack',
    description: 'One commit, authored by the caller, which is then deployed like any push.',
    access: 'deployer',
    body: { json: commitBody, maxBytes: MAX_BODY },
    responses: {
      201: answers('The stack, the commit, and its files.', refer('StackRollback')),
      ...conflict,
    },
    async handle({ body: { message, ...body }, identity }, deps: ApiDeps) {
      const request = { ...toRequest(body), ...(message === undefined ? {} : { message }) };
      const write = await commitDraft(deps, request, identity);
      return created({ ...toStackWrite(write, body.name, null), files: write.files });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/kits',
    id: 'listKits',
    tag: TAG,
    summary: 'Kits that stacks draw from',
    access: 'viewer',
    responses: { 200: answers('Kits by name, with the options of their services as JSON Schema.', KITS) },
    handle: (_, { reconciler }: ApiDeps) => ok({ kits: reconciler.listKits() }),
  }),
];

/** Throws VALIDATION_ERROR unless there is exactly one source. */
function toRequest({ name, node, files, ...body }: DraftBody): DraftRequest {
  const given = SOURCES.filter((key) => body[key] !== undefined);
  const details = [
    ...(given.length === 1 || (given.length === 0 && files !== undefined)
      ? []
      : [{ field: given[1] ?? 'compose', message: `send exactly one of ${SOURCES.join(', ')}` }]),
    ...(body.values === undefined || body.kit !== undefined
      ? []
      : [{ field: 'values', message: 'stands beside kit alone' }]),
  ];
  if (details.length > 0)
    throw new HttpProblem('VALIDATION_ERROR', details.map(({ message }) => message).join('; '), { details });
  return {
    name,
    source: sourceOf(body),
    ...(node === undefined ? {} : { node }),
    ...(files === undefined ? {} : { files }),
  };
}

function sourceOf({ compose, kit, values, document = '' }: Omit<DraftBody, 'name'>): DraftSource {
  if (compose !== undefined) return { compose };
  if (kit !== undefined) return { kit, ...(values === undefined ? {} : { values }) };
  return { document };
}
