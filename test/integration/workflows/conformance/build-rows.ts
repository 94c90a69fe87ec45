import type { Row } from './row.ts';
import { NO_ID, refusals } from './row.ts';

const BUILD = [
  'id',
  'userId',
  'repoUrl',
  'branch',
  'buildContext',
  'useNixpacks',
  'registryId',
  'imageName',
  'imageTag',
  'status',
  'currentStage',
  'progress',
  'createdAt',
];
const within = (place: string) => BUILD.map((member) => `${place}.${member}`);
const ASKED = { repoUrl: 'https://git.example.org/app', registryId: '{hub}', imageName: 'team/app' };
const start = { of: 'POST /builds/start', as: 'deployer' } as const;
const HUB = {
  name: 'builds',
  registryType: 'custom',
  registryUrl: 'hub.example.org',
  credentials: { username: 'ada', password: 'correct-horse' },
};

export const buildRows: readonly Row[] = [
  { of: 'POST /admin/registries', body: HUB, status: 201, keep: { hub: 'registry.id' } },
  {
    ...start,
    body: ASKED,
    status: 201,
    has: within('build'),
    like: { message: 'Build started successfully', build: { imageTag: 'latest', buildContext: '.' } },
    keep: { build: 'build.id' },
  },
  { ...start, body: { ...ASKED, repoUrl: '' }, status: 400, error: 'Invalid request: repoUrl is required' },
  {
    ...start,
    body: { ...ASKED, registryId: NO_ID },
    status: 404,
    error: `Failed to start build: registry not found: ${NO_ID}`,
  },
  { ...start, as: 'viewer', body: ASKED, status: 403, error: /deployer/ },
  {
    of: 'GET /builds',
    as: 'deployer',
    status: 200,
    has: within('builds.0'),
    like: { total: 1, limit: 20, offset: 0 },
  },
  {
    of: 'GET /builds/:id',
    path: '/builds/{build}',
    as: 'deployer',
    status: 200,
    has: within('build'),
  },
  ...refusals('GET /builds/:id', [
    { path: '/builds/x', status: 400, error: 'Invalid build ID' },
    { path: `/builds/${NO_ID}`, status: 404, error: 'Build not found' },
  ]),
  { of: 'GET /builds/:id', path: '/builds/{build}', as: 'viewer', status: 404, error: 'Build not found' },
  {
    of: 'GET /builds/:id/stream',
    path: '/builds/{build}/stream',
    as: 'deployer',
    status: 200,
    event: ['metadata', ...BUILD],
  },
  ...refusals('GET /builds/:id/stream', [
    { path: `/builds/${NO_ID}/stream`, status: 404, error: 'Build not found' },
  ]),
  {
    ...start,
    body: { ...ASKED, repoUrl: 'https://git.example.org/slow' },
    status: 201,
    keep: { slow: 'build.id' },
  },
  {
    of: 'POST /builds/:id/cancel',
    path: '/builds/{slow}/cancel',
    as: 'deployer',
    status: 200,
    has: ['message'],
  },
  ...refusals('POST /builds/:id/cancel', [
    {
      path: '/builds/{slow}/cancel',
      status: 400,
      error: 'build is already in terminal state: cancelled',
    },
    { path: `/builds/${NO_ID}/cancel`, status: 404, error: 'build not found' },
  ]),
];
