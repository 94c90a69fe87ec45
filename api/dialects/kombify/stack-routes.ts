import { created, defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import type { JsonSchema } from '../../http/shape.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import {
  createStack,
  deleteStack,
  getStack,
  replaceStack,
  rollbackStack,
  updateStack,
} from '../../operations/stacks.ts';
import type { PageQuery } from '../../http/page.ts';
import { ALL_OR_PAGE, pageParameters, takePage } from '../../http/page.ts';
import { answers, listSchema } from './answers.ts';
import { MESSAGE, ROLLBACK_PREVIEW } from './files/file-schemas.ts';
import { refer } from './schemas.ts';
import { buildDocument, buildUpdate, CREATE_STACK, UPDATE_STACK } from './stack-document.ts';
import { toHistoryEntry, toStackDetail, toStackWrite } from './stack-view.ts';

const TAG = 'Stacks';
export const STACK_ID = { id: 'Name of the stack.' };

const getQuery = shape<{ readonly refresh?: boolean }>({
  type: 'object',
  properties: { refresh: { type: 'boolean', description: 'Ask the targets first. Default false.' } },
});
interface RollbackBody {
  readonly to: number;
  readonly preview?: boolean;
  readonly message?: string;
}

const rollbackBody = shape<RollbackBody>({
  type: 'object',
  required: ['to'],
  additionalProperties: false,
  properties: {
    to: { type: 'integer', minimum: 1, description: 'Number of the deployment.' },
    preview: { type: 'boolean', description: 'Say what it would do, and write nothing. Default false.' },
    message: { ...MESSAGE, description: 'Message of the commit. Default: from what to what it goes back.' },
  },
});
const DEPLOYMENTS_PER_PAGE = 50;
const deploymentList: JsonSchema = listSchema('deployments', refer('HistoryEntry'));

export const stackRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/stacks',
    id: 'createStack',
    tag: TAG,
    summary: 'Create a new stack',
    description:
      'A commit on the config repository, authored by the caller; what it describes is then reconciled.',
    access: 'deployer',
    body: { json: CREATE_STACK },
    responses: { 201: answers('The stack, and the commit that added it.', refer('StackWrite')) },
    async handle({ body, identity }, deps: ApiDeps) {
      const document = buildDocument(body, body.name);
      return created(
        toStackWrite(await createStack(deps, body.name, document, identity), body.name, document),
      );
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks/:id',
    id: 'getStack',
    tag: TAG,
    summary: 'Get stack details',
    access: 'viewer',
    params: STACK_ID,
    query: getQuery,
    responses: { 200: answers('The stack with its document.', refer('StackDetail')) },
    async handle({ params, query, signal }, deps: ApiDeps) {
      return ok(toStackDetail(await getStack(deps, params['id'] ?? '', query.refresh ?? false, signal)));
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/stacks/:id',
    id: 'updateStack',
    tag: TAG,
    summary: 'Update stack configuration',
    description:
      'A commit that replaces the top-level keys of the document that are given; null removes one. With spec, the whole document is replaced.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: UPDATE_STACK },
    responses: { 200: answers('The stack, and the commit that changed it.', refer('StackWrite')) },
    async handle({ params, body, identity }, deps: ApiDeps) {
      const name = params['id'] ?? '';
      const keys = body.spec === undefined ? buildUpdate(body, name) : buildDocument(body, name);
      const write = body.spec === undefined ? updateStack : replaceStack;
      return ok(toStackWrite(await write(deps, name, keys, identity), name, keys));
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/stacks/:id',
    id: 'deleteStack',
    tag: TAG,
    summary: 'Delete a stack',
    description:
      'A commit that removes its files; what runs is removed by reconciling, volumes only after a confirmed apply.',
    access: 'deployer',
    params: STACK_ID,
    responses: { 200: answers('The commit that removed it.', refer('Removal')) },
    async handle({ params, identity }, deps: ApiDeps) {
      const name = params['id'] ?? '';
      const { commit, file } = await deleteStack(deps, name, identity);
      return ok({ id: name, name, status: 'deleting', commit, file });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/deployments',
    id: 'listDeployments',
    tag: TAG,
    summary: 'List the deployments of a stack',
    access: 'viewer',
    params: STACK_ID,
    description: ALL_OR_PAGE,
    query: shape<PageQuery>({ type: 'object', properties: pageParameters(1_000) }),
    responses: {
      200: answers('Newest first: from the deployment tags, and failed ones from the store.', deploymentList),
    },
    async handle({ params, query }, deps: ApiDeps) {
      const deployments = (await deps.reconciler.history(params['id'] ?? '')).toReversed();
      const { items, pagination } = takePage(deployments, query, DEPLOYMENTS_PER_PAGE);
      return ok({ deployments: items.map(toHistoryEntry), pagination });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/rollback',
    id: 'rollbackStack',
    tag: TAG,
    summary: 'Go back to an earlier deployment',
    description:
      "A commit that puts the stack's files back to what that deployment had, and is then deployed.",
    access: 'deployer',
    params: STACK_ID,
    body: { json: rollbackBody },
    responses: {
      200: answers('The stack, the commit, and the files it changed; with preview what would differ.', {
        anyOf: [refer('StackRollback'), ROLLBACK_PREVIEW],
      }),
    },
    async handle({ params, body, identity, signal }, deps: ApiDeps) {
      const name = params['id'] ?? '';
      const { to, preview = false, message } = body;
      if (preview) {
        const { diff: files, ...rest } = await deps.reconciler.previewRollback(name, to, signal);
        return ok({ files, ...rest });
      }
      const target = message === undefined ? to : { to, message };
      const write = await rollbackStack(deps, name, target, identity);
      return ok({ ...toStackWrite(write, name, null), files: write.files });
    },
  }),
];
