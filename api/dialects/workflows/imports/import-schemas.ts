import type { JsonSchema } from '../../../http/shape.ts';
import { ANYTHING, listOf, record, TEXT, TIME } from '../schemas.ts';

/** Named schemas of imports. */
export const ANALYSIS: JsonSchema = {
  type: 'object',
  properties: {
    detectedType: { enum: ['docker-compose'] },
    services: listOf(ANYTHING),
    volumes: listOf(ANYTHING),
    networks: listOf(ANYTHING),
    warnings: {
      ...listOf(TEXT),
      description: 'What has no place in a workflow, each with its service and key.',
    },
    errors: listOf({
      type: 'object',
      properties: { code: TEXT, message: TEXT, service: TEXT, field: TEXT },
      required: ['code', 'message'],
    }),
    suggestedNodes: listOf(ANYTHING),
    suggestedEdges: listOf(ANYTHING),
    layoutPositions: { ...ANYTHING, description: 'By the id of the node.' },
    needsBuild: { type: 'boolean' },
    sourceBuildConfig: ANYTHING,
  },
  required: [
    'detectedType',
    'services',
    'volumes',
    'networks',
    'warnings',
    'errors',
    'suggestedNodes',
    'suggestedEdges',
    'layoutPositions',
    'needsBuild',
  ],
};

export const SESSION: JsonSchema = {
  type: 'object',
  properties: {
    id: TEXT,
    userId: TEXT,
    source: { enum: ['github', 'gitlab', 'git_url'] },
    url: TEXT,
    branch: TEXT,
    fileName: TEXT,
    namespace: TEXT,
    status: { enum: ['pending', 'cloning', 'analyzing', 'completed', 'failed'] },
    currentStage: TEXT,
    progress: { type: 'integer', description: 'Percent.' },
    analysis: ANALYSIS,
    errorMessage: TEXT,
    errorStage: { enum: ['clone', 'analyze'] },
    createdAt: TIME,
    completedAt: TIME,
  },
  required: ['id', 'userId', 'source', 'url', 'namespace', 'status', 'currentStage', 'progress', 'createdAt'],
};

/** Answer of an upload. */
export const UPLOADED: JsonSchema = record({
  analysis: ANALYSIS,
  fileName: TEXT,
  fileSize: { type: 'integer', description: 'Bytes.' },
  fileContent: { ...TEXT, description: 'Base64.' },
});

/** Answer to an analysis, now or later. */
export const ANALYZED: JsonSchema = {
  type: 'object',
  properties: { async: { type: 'boolean' }, analysis: ANALYSIS, sessionId: TEXT, message: TEXT },
  required: ['async'],
};
