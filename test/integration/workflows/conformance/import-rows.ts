import type { Row } from './row.ts';
import { NO_ID } from './row.ts';

const COMPOSE = 'services: { web: { image: "nginx:1.29", ports: ["8080:80"] } }';
const fileContent = Buffer.from(COMPOSE).toString('base64');
const ANALYSIS = [
  'detectedType',
  'services.0.name',
  'services.0.image',
  'services.0.ports.0.containerPort',
  'warnings',
  'errors',
  'suggestedNodes.0.id',
  'suggestedNodes.0.position.x',
  'suggestedNodes.0.data.templateId',
  'suggestedEdges.0.source',
  'layoutPositions',
  'needsBuild',
];
const SESSION = [
  'id',
  'userId',
  'source',
  'url',
  'namespace',
  'status',
  'currentStage',
  'progress',
  'createdAt',
];
const NODES = [{ id: 'conf', type: 'configmap', data: { name: 'conf' } }];
const within = (place: string, members: readonly string[]) => members.map((member) => `${place}.${member}`);

/** Imports of Compose projects. */
export const importRows: readonly Row[] = [
  {
    of: 'POST /import/analyze',
    as: 'deployer',
    body: { source: 'file', fileContent, fileName: 'compose.yml', namespace: 'blue' },
    status: 200,
    has: within('analysis', ANALYSIS),
    like: { async: false },
  },
  {
    of: 'POST /import/analyze',
    body: { source: 'file', fileContent: '?' },
    status: 400,
    error: 'Invalid request body: fileContent is not base64',
  },
  {
    of: 'POST /import/analyze',
    body: { source: 'file', fileContent: 'YTogWw==' },
    status: 400,
    error: /compose\.yaml:1:/,
  },
  { of: 'POST /import/analyze', body: {}, status: 400, error: 'Invalid request data' },
  { of: 'POST /import/analyze', as: 'viewer', body: { source: 'file' }, status: 403, error: /deployer/ },
  {
    of: 'POST /import/analyze',
    as: 'deployer',
    body: { source: 'github', url: 'https://github.com/acme/shop', branch: 'main' },
    status: 200,
    like: { async: true, message: 'Cloning repository...' },
    keep: { session: 'sessionId' },
  },
  {
    of: 'GET /import/:id',
    path: '/import/{session}',
    as: 'deployer',
    status: 200,
    has: within('session', SESSION),
    like: { session: { source: 'github', url: 'https://github.com/acme/shop' } },
  },
  { of: 'GET /import/:id', path: '/import/x', status: 400, error: 'Invalid session ID' },
  { of: 'GET /import/:id', path: `/import/${NO_ID}`, status: 404, error: 'Import session not found' },
  { of: 'GET /import/:id', path: '/import/{session}', status: 404, error: 'Import session not found' },
  {
    of: 'GET /import/:id/stream',
    path: '/import/{session}/stream',
    as: 'deployer',
    status: 200,
    event: ['metadata', ...SESSION],
  },
  {
    of: 'GET /import/:id/stream',
    path: `/import/${NO_ID}/stream`,
    status: 404,
    error: 'Import session not found',
  },
  {
    of: 'POST /import/upload',
    as: 'deployer',
    file: ['docker-compose.yml', COMPOSE],
    status: 200,
    has: [...within('analysis', ANALYSIS), 'fileSize', 'fileContent'],
    like: { fileName: 'docker-compose.yml' },
  },
  {
    of: 'POST /import/upload',
    file: ['a.json', '{}'],
    status: 400,
    error: 'Invalid file type. Only .yml and .yaml files are allowed',
  },
  {
    of: 'POST /import/upload',
    file: ['a.yml', ' '.repeat(1_048_577)],
    status: 400,
    error: 'File too large. Maximum size is 1MB',
  },
  { of: 'POST /import/upload', body: {}, status: 400, error: /^No file uploaded: / },
  {
    of: 'POST /import/create-workflow',
    as: 'deployer',
    body: {
      name: 'Imported',
      clusterId: 'production',
      analysis: { detectedType: 'docker-compose', suggestedNodes: NODES, suggestedEdges: [] },
    },
    status: 200,
    has: ['message'],
    like: {
      workflow: {
        name: 'Imported',
        status: 'draft',
        tags: ['imported', 'docker-compose'],
        description: 'Imported from docker-compose',
      },
    },
    keep: { imported: 'workflow.id' },
  },
  { of: 'POST /import/create-workflow', body: { name: 'x' }, status: 400, error: 'Invalid request data' },
  {
    of: 'POST /import/apply',
    as: 'deployer',
    body: { workflowId: '{imported}', nodes: NODES, edges: [], positions: { conf: { x: 5, y: 6 } } },
    status: 200,
    has: ['message'],
    like: { workflow: { nodes: [{ id: 'conf' }, { id: 'conf-2', position: { x: 5, y: 6 } }] } },
  },
  {
    of: 'POST /import/apply',
    body: { workflowId: NO_ID, nodes: [] },
    status: 404,
    error: 'Workflow not found',
  },
  {
    of: 'POST /import/apply',
    body: { workflowId: 'x', nodes: [] },
    status: 400,
    error: 'Invalid workflow ID',
  },
];
