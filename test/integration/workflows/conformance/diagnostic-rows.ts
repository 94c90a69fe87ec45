import type { Row } from './row.ts';
import { NO_ID } from './row.ts';

const BASE = '/workflows/{diagnosed}/nodes';
const FIXED = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { type: ClusterIP, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;
const DIAGNOSTICS = 'GET /workflows/:id/nodes/:nodeId/diagnostics';
const TEMPLATE = 'GET /workflows/:id/nodes/:nodeId/fix-template/:fixType';
const FIX = 'POST /workflows/:id/nodes/:nodeId/fix';

/** Diagnosis of a service, and its repair. */
export const diagnosticRows: readonly Row[] = [
  {
    of: 'POST /import/create-workflow',
    as: 'deployer',
    body: {
      name: 'Diagnosed',
      analysis: {
        suggestedNodes: [
          { id: 's', type: 'service', data: { name: 'web', port: 80, selector: { app: 'wbe' } } },
          { id: 'w', type: 'deployment', data: { name: 'web', image: 'nginx', port: 8080 } },
        ],
        suggestedEdges: [{ source: 's', target: 'w' }],
      },
    },
    status: 200,
    keep: { diagnosed: 'workflow.id' },
  },
  {
    of: DIAGNOSTICS,
    path: `${BASE}/s/diagnostics`,
    as: 'viewer',
    status: 200,
    has: ['checks.0.suggestion', 'timestamp'],
    like: {
      overallStatus: 'error',
      serviceName: 'web',
      namespace: 'default',
      checks: [{ name: 'service-exists', status: 'error', autoFixable: false }],
    },
  },
  { of: DIAGNOSTICS, path: `${BASE}/none/diagnostics`, status: 404, error: 'Node not found' },
  {
    of: DIAGNOSTICS,
    path: `${BASE}/w/diagnostics`,
    status: 400,
    error: 'Diagnostics only supported for service nodes',
  },
  {
    of: DIAGNOSTICS,
    path: `/workflows/${NO_ID}/nodes/s/diagnostics`,
    status: 404,
    error: 'Workflow not found',
  },
  { of: DIAGNOSTICS, path: '/workflows/x/nodes/s/diagnostics', status: 400, error: 'Invalid workflow ID' },
  {
    of: TEMPLATE,
    path: `${BASE}/s/fix-template/selector-fix`,
    as: 'viewer',
    status: 200,
    has: ['name', 'description', 'yaml'],
    like: { applyMethod: 'kubectl-apply', fixType: 'selector-fix' },
  },
  { of: TEMPLATE, path: `${BASE}/s/fix-template/x`, status: 400, error: 'unknown fix type: x' },
  { of: TEMPLATE, path: `${BASE}/s/fix-template/metallb-pool`, status: 400, error: /MetalLB/ },
  {
    of: FIX,
    path: `${BASE}/s/fix`,
    body: { fixType: 'selector-fix', yaml: 'kind: Secret' },
    status: 400,
    error: 'Failed to apply Kubernetes manifest',
    like: { fixType: 'selector-fix', mode: 'manual' },
    has: ['details'],
  },
  { of: FIX, path: `${BASE}/s/fix`, body: {}, status: 400, error: 'Invalid request data' },
  {
    of: FIX,
    path: `${BASE}/s/fix`,
    as: 'deployer',
    body: { fixType: 'selector-fix', yaml: FIXED, mode: 'auto' },
    status: 200,
    has: ['message', 'result.applied_resources'],
    like: { success: true, fixType: 'selector-fix', mode: 'auto', result: { failed: false } },
  },
];
