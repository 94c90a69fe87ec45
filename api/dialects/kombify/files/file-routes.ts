import type { FileEdit, StackFile } from '../../../../reconciler/index.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { writeFiles } from '../../../operations/files.ts';
import { answers } from '../answers.ts';
import { refer } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';
import { toStackWrite } from '../stack-view.ts';
import { COMMIT, EDITS, FILES, MESSAGE, PREVIEW } from './file-schemas.ts';

const TAG = 'Files';
/** Texts of a whole stack. */
const MAX_BODY = 4 * 1024 ** 2;

interface FilesBody {
  readonly files: readonly FileEdit[];
  readonly base?: string;
}

const BASE = {
  ...COMMIT,
  description: 'Commit that the files were read at. One that has changed since is 409 (WRITE_CONFLICT).',
};

const previewBody = shape<FilesBody>({
  type: 'object',
  required: ['files'],
  additionalProperties: false,
  properties: { files: EDITS, base: BASE },
});

const writeBody = shape<FilesBody & { readonly message?: string }>({
  type: 'object',
  required: ['files', 'base'],
  additionalProperties: false,
  properties: { files: EDITS, base: BASE, message: MESSAGE },
});

const conflict = { 409: answers('One of the files has changed since.', refer('Error')) };

/** Files that describe stacks: read, tried, and written. */
export const fileRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/files',
    id: 'listFiles',
    tag: TAG,
    summary: 'The files that describe a stack',
    description:
      'Its document, files that it names, and what lies in its directory. What is encrypted, holds a secret, is no text or is large has no text; for viewers, values that look like secrets read ***.',
    access: 'viewer',
    params: STACK_ID,
    responses: { 200: answers('The files as they are at the revision, the document first.', FILES) },
    async handle({ params, identity, signal }, { reconciler }: ApiDeps) {
      const masked = identity.role === 'viewer';
      const { files, ...rest } = await reconciler.listFiles(params['id'] ?? '', { masked }, signal);
      return ok({ ...rest, files: files.map(toFile) });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/files/preview',
    id: 'previewFiles',
    tag: TAG,
    summary: 'What committing files of a stack would do',
    description:
      'The difference, every finding, and the plan against what runs. Writes nothing. The plan is null where there are errors, or no node answers.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: previewBody, maxBytes: MAX_BODY },
    responses: { 200: answers('What would differ.', PREVIEW), ...conflict },
    handle: async ({ params, body, signal }, { reconciler }: ApiDeps) =>
      ok(await reconciler.previewFiles({ stack: params['id'] ?? '', ...body }, signal)),
  }),
  defineRoute({
    method: 'PUT',
    path: '/stacks/:id/files',
    id: 'writeFiles',
    tag: TAG,
    summary: 'Commit files of a stack',
    description:
      'One commit, authored by the caller, which is then deployed like any push. Files that are not named stay. Errors in them are refused, all at once.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: writeBody, maxBytes: MAX_BODY },
    responses: {
      200: answers('The stack, the commit, and the files it changed.', refer('StackRollback')),
      ...conflict,
    },
    async handle({ params, body, identity }, deps: ApiDeps) {
      const stack = params['id'] ?? '';
      const write = await writeFiles(deps, { stack, ...body }, identity);
      return ok({ ...toStackWrite(write, stack, null), files: write.files });
    },
  }),
];

function toFile({ isMain, isSecret, isMasked, link, ...file }: StackFile) {
  return { ...file, main: isMain, encrypted: isSecret, masked: isMasked, link: link ?? null };
}
