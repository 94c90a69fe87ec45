import type { ComposeText, ImportSession } from '../../../../reconciler/index.ts';
import { isReconcilerError, own } from '../../../../reconciler/index.ts';
import type { Identity } from '../../../auth/identity.ts';
import { HttpProblem } from '../../../http/problem.ts';
import type { ServerEvent } from '../../../http/route.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { appendGraph, followImport } from '../../../operations/imports/imports.ts';
import { createWorkflow } from '../../../operations/workflows.ts';
import { answers, answersEvents } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { ownerOf } from '../owner.ts';
import { toFileEdge, toFileNode } from '../graph.ts';
import { GRAPH, record, refer, TEXT } from '../schemas.ts';
import { findWorkflow } from '../workflow-routes.ts';
import { toWorkflow } from '../workflow-view.ts';
import { ANALYZED, SESSION, UPLOADED } from './import-schemas.ts';
import { analysisOf, toAnalysis, toSession } from './import-view.ts';
import { checkFileName, decodeFile, MAX_FILE_BYTES } from './uploaded-file.ts';

const TAG = 'Import';
const ERROR = refer('Error');
const SESSION_ID = { id: 'Id of the session.' };
const NAMESPACE = {
  type: 'string',
  maxLength: 63,
  description: 'Namespace of the objects. Default: that of the workflow.',
};
/** An analysis of a large project comes back as it was given. */
const MAX_GRAPH_BYTES = 4 * 1_048_576;
const BASE64_BYTES = Math.ceil(MAX_FILE_BYTES / 3) * 4;

interface AnalyzeBody {
  readonly source: string;
  readonly url?: string;
  readonly branch?: string;
  readonly fileContent?: string;
  readonly fileName?: string;
  readonly namespace?: string;
}

const analyzeBody = shape<AnalyzeBody>({
  type: 'object',
  properties: {
    source: { ...TEXT, description: 'file, github, gitlab or git_url.' },
    url: {
      type: 'string',
      maxLength: 2_000,
      description: 'Address of the repository, or of a branch’s page.',
    },
    branch: { type: 'string', maxLength: 250 },
    fileContent: { ...TEXT, description: 'Base64, of 1 MB at most.' },
    fileName: { type: 'string', maxLength: 255 },
    namespace: NAMESPACE,
    workflowId: { type: 'string', maxLength: 100, description: 'Has no effect.' },
  },
  required: ['source'],
});

const uploadBody = shape<{ readonly namespace?: string }>({
  type: 'object',
  properties: { namespace: NAMESPACE },
});

interface ApplyBody {
  readonly workflowId: string;
  readonly nodes: readonly object[];
  readonly edges?: readonly object[];
  readonly positions?: Readonly<Record<string, object>>;
}

const POSITIONS = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    properties: { x: { type: 'number' }, y: { type: 'number' } },
    required: ['x', 'y'],
  },
};

const applyBody = shape<ApplyBody>({
  type: 'object',
  properties: { workflowId: TEXT, ...GRAPH, positions: POSITIONS },
  required: ['workflowId', 'nodes'],
});

interface CreateBody {
  readonly name: string;
  readonly clusterId?: string;
  readonly analysis: {
    readonly detectedType?: string;
    readonly suggestedNodes: readonly object[];
    readonly suggestedEdges?: readonly object[];
    readonly layoutPositions?: Readonly<Record<string, object>>;
  };
}

const createBody = shape<CreateBody>({
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 200 },
    clusterId: {
      type: 'string',
      maxLength: 253,
      description: 'Name of a cluster. Default: the default one.',
    },
    analysis: {
      type: 'object',
      properties: {
        detectedType: { type: 'string', maxLength: 50 },
        suggestedNodes: GRAPH.nodes,
        suggestedEdges: GRAPH.edges,
        layoutPositions: POSITIONS,
      },
      required: ['suggestedNodes'],
    },
  },
  required: ['name', 'analysis'],
});

/** Nodes in the words of the file, at the places that were given beside them. */
function toFileNodes(nodes: readonly object[], positions: Readonly<Record<string, object>> = {}) {
  return nodes.map((node) => {
    const { id } = node as { readonly id: string };
    const position = own(positions, id);
    return toFileNode(position === undefined ? node : { ...node, position });
  });
}

function analyze({ reconciler }: WorkflowDeps, file: ComposeText) {
  return toAnalysis(reconciler.analyzeCompose(file));
}

function withNamespace<T extends object>(value: T, namespace: string | undefined) {
  return namespace === undefined || namespace === '' ? value : { ...value, namespace };
}

function readSessionId(params: Readonly<Record<string, string>>): string {
  const id = params['id'] ?? '';
  if (!/^[0-9a-f]{24}$/.test(id)) throw new HttpProblem('BAD_REQUEST', 'Invalid session ID');
  return id;
}

function findSession({ reconciler }: WorkflowDeps, id: string, owner: string): ImportSession {
  try {
    return reconciler.getImport(id, owner);
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_IMPORT')) throw error;
    throw new HttpProblem('NOT_FOUND', 'Import session not found', { cause: error });
  }
}

const SOURCES: Readonly<Record<string, string>> = {
  github: 'https://github.com/',
  gitlab: 'https://gitlab.com/',
  git_url: '',
};

/** The address of a repository; of a forge, its name there will do. */
function readAddress({ source, url = '' }: AnalyzeBody): string {
  const forge = own(SOURCES, source);
  if (forge === undefined)
    throw new HttpProblem(
      'BAD_REQUEST',
      'Invalid request body: source must be file, github, gitlab or git_url',
    );
  if (url.trim() === '') throw new HttpProblem('BAD_REQUEST', 'Invalid request body: url is required');
  return forge !== '' && /^[\w-]+(\/[\w.-]+)+$/.test(url.trim()) ? `${forge}${url.trim()}` : url;
}

const analyzeRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/import/analyze',
    id: 'analyzeImport',
    tag: TAG,
    summary: 'Read a Compose project as a workflow',
    description: 'A file at once; a repository in a session, whose id is answered. Nothing is written.',
    access: 'deployer',
    body: { json: analyzeBody, maxBytes: BASE64_BYTES + 65_536 },
    responses: { 200: answers('What was found, or the session.', ANALYZED) },
    handle({ body, identity }, deps: WorkflowDeps) {
      const { source, branch, fileContent, fileName = 'docker-compose.yml', namespace } = body;
      if (source === 'file') {
        const text = decodeFile(readBase64(fileContent), checkFileName(fileName));
        return ok({ async: false, analysis: analyze(deps, withNamespace({ text, fileName }, namespace)) });
      }
      const asked = { address: readAddress(body), ...(branch ? { branch } : {}) };
      const session = deps.reconciler.startImport(withNamespace(asked, namespace), ownerOf(identity));
      return ok({ async: true, sessionId: session.id, message: 'Cloning repository...' });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/import/upload',
    id: 'uploadImport',
    tag: TAG,
    summary: 'Upload a Compose file and read it as a workflow',
    access: 'deployer',
    body: { json: uploadBody, form: true, maxBytes: MAX_FILE_BYTES + 65_536 },
    responses: { 200: answers('What was found, and the file.', UPLOADED) },
    handle({ body: { namespace }, files }, deps: WorkflowDeps) {
      const file = files.find(({ field }) => field === 'file');
      if (file === undefined)
        throw new HttpProblem('BAD_REQUEST', 'No file uploaded: send it as the field file of a form');
      const fileName = checkFileName(file.name);
      const text = decodeFile(file.bytes, fileName);
      const analysis = analyze(deps, withNamespace({ text, fileName }, namespace));
      const fileContent = Buffer.from(file.bytes).toString('base64');
      return ok({ analysis, fileName, fileSize: file.bytes.byteLength, fileContent });
    },
  }),
];

function readBase64(text: string | undefined): Uint8Array {
  if (text === undefined || text === '')
    throw new HttpProblem('BAD_REQUEST', 'Invalid request body: fileContent is required');
  const bare = text.replaceAll(/\s/g, '');
  if (bare.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(bare))
    throw new HttpProblem('BAD_REQUEST', 'Invalid request body: fileContent is not base64');
  return Buffer.from(bare, 'base64');
}

const writeRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/import/apply',
    id: 'applyImport',
    tag: TAG,
    summary: 'Add nodes and edges to a workflow',
    description: 'One commit behind what the workflow has. Ids that it has already are changed.',
    access: 'deployer',
    body: { json: applyBody, maxBytes: MAX_GRAPH_BYTES },
    responses: {
      200: answers('As it is now.', record({ workflow: refer('Workflow'), message: TEXT })),
      404: answers('There is no such workflow.', ERROR),
    },
    async handle({ body, identity }, deps: WorkflowDeps) {
      const { workflowId, nodes, edges = [], positions } = body;
      const view = findWorkflow(deps, workflowId);
      const part = { nodes: toFileNodes(nodes, positions), edges: edges.map(toFileEdge) };
      const workflow = toWorkflow(deps, await appendGraph(deps, view, part, identity));
      return ok({ workflow, message: 'Import applied successfully' });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/import/create-workflow',
    id: 'createImportedWorkflow',
    tag: TAG,
    summary: 'A new workflow of an analysis, a draft',
    access: 'deployer',
    body: { json: createBody, maxBytes: MAX_GRAPH_BYTES },
    responses: { 200: answers('The workflow.', record({ workflow: refer('Workflow'), message: TEXT })) },
    async handle({ body, identity }, deps: WorkflowDeps) {
      const { name: title, clusterId: cluster = '', analysis } = body;
      const {
        detectedType = 'docker-compose',
        suggestedNodes,
        suggestedEdges = [],
        layoutPositions,
      } = analysis;
      const asked = {
        title,
        cluster,
        description: `Imported from ${detectedType}`,
        tags: ['imported', detectedType],
        nodes: toFileNodes(suggestedNodes, layoutPositions),
        edges: suggestedEdges.map(toFileEdge),
      };
      const workflow = toWorkflow(deps, await createWorkflow(deps, asked, identity));
      return ok({ workflow, message: 'Workflow created successfully from import' });
    },
  }),
];

const sessionRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/import/:id',
    id: 'getImport',
    tag: TAG,
    summary: 'An import of one’s own',
    access: 'deployer',
    params: SESSION_ID,
    responses: {
      200: answers('As it is.', record({ session: SESSION })),
      400: answers('The id is none.', ERROR),
      404: answers('There is none, or it is somebody else’s.', ERROR),
    },
    handle({ params, identity }, deps: WorkflowDeps) {
      const session = findSession(deps, readSessionId(params), ownerOf(identity));
      return ok({ session: toSession(session, ownerOf(identity)) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/import/:id/stream',
    id: 'followImport',
    tag: TAG,
    summary: 'An import as it goes',
    description:
      'Server-sent events: metadata (the session), log and progress, then complete (the analysis) or failed.',
    access: 'deployer',
    params: SESSION_ID,
    responses: {
      200: answersEvents('Until it has ended.'),
      400: answers('The id is none.', ERROR),
      404: answers('There is none, or it is somebody else’s.', ERROR),
    },
    handle({ params, identity, signal }, deps: WorkflowDeps) {
      const id = readSessionId(params);
      findSession(deps, id, ownerOf(identity));
      return { kind: 'events', events: streamImport(deps, id, { identity, signal }) };
    },
  }),
];

async function* streamImport(
  deps: WorkflowDeps,
  id: string,
  { identity, signal }: { readonly identity: Identity; readonly signal: AbortSignal },
): AsyncGenerator<ServerEvent> {
  const key = `import:${id}`;
  const event = (type: string, data: object): ServerEvent => ({
    event: type,
    data: { type, stream_key: key, event_type: type, timestamp: new Date().toISOString(), data },
  });
  let isFirst = true;
  for await (const session of followImport(deps, { id, owner: ownerOf(identity) }, signal)) {
    const { status, stage, progress, error } = session;
    const analysis = analysisOf(session);
    if (isFirst) {
      yield { event: 'metadata', data: toSession(session, ownerOf(identity)) };
      if (analysis !== null) yield { event: 'complete', data: analysis };
      if (error !== null) yield { event: 'failed', data: { error: error.message } };
      isFirst = false;
      continue;
    }
    const level = error === null ? 'info' : 'error';
    yield event('log', { stage: status, message: error?.message ?? stage, level });
    yield event('progress', { status, current_stage: stage, progress });
    if (analysis !== null) yield event('complete', { analysis });
    if (error !== null) yield event('failed', { error_message: error.message, error_stage: error.stage });
  }
}

/** Imports of Compose projects; fixed paths before those with an id. */
export const importRoutes: readonly Route<WorkflowDeps>[] = [
  ...analyzeRoutes,
  ...writeRoutes,
  ...sessionRoutes,
];
