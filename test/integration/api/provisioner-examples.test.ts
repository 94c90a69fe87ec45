import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAnswerChecks } from '../../support/api/answer-check.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { KEYS, startApiServer } from '../../support/api/api-server.ts';
import type { InstancesRig } from '../../support/instances-rig.ts';
import { createInstancesRig } from '../../support/instances-rig.ts';

/* The requests of the provisioner's reference, as written there; only host, port, key and ids are the tests' own. */

const run = promisify(execFile);
const check = createAnswerChecks();
const BASE = 'http://localhost:8081';
const KEY = '<your-api-key>';

const NANO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$/;
const TIME = expect.stringMatching(NANO_TIME);
const NODE_PORT = expect.toSatisfy((port: number) => port >= 31_001 && port <= 32_767);
const PORTS = [{ container_port: 80, protocol: 'TCP', node_port: NODE_PORT }];

const CREATE_BODY = `{
    "target_port": [
        {
            "container_port": 80,
            "protocol": "TCP"
        }
    ],
    "pod_spec": "apiVersion: v1\\nkind: Pod\\nmetadata:\\n  name: challenge\\nspec:\\n  containers:\\n    - name: app\\n      image: nginx:stable\\n      ports:\\n        - containerPort: 80\\n          protocol: TCP\\n      resources:\\n        requests:\\n          cpu: \\"100m\\"\\n          memory: \\"128Mi\\"\\n        limits:\\n          cpu: \\"100m\\"\\n          memory: \\"128Mi\\""
}`;

const POD_SPEC =
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: challenge\nspec:\n  automountServiceAccountToken: false\n  containers:\n  - image: nginx:stable\n    name: app\n    ports:\n    - containerPort: 80\n      protocol: TCP\n    resources:\n      limits:\n        cpu: 100m\n        memory: 128Mi\n      requests:\n        cpu: 100m\n        memory: 128Mi\n    securityContext:\n      allowPrivilegeEscalation: false\n      privileged: false\n      seccompProfile:\n        type: RuntimeDefault\n  enableServiceLinks: false\n  restartPolicy: Never\n  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\nstatus: {}\n';

const STACK_ID = expect.stringMatching(/^stack-[0-9a-f]{16}$/);

function stackAs(status: string) {
  return {
    stack_id: STACK_ID,
    pod_id: STACK_ID,
    namespace: 'stacks',
    node_id: 'memory-node',
    node_public_ip: null,
    pod_spec: POD_SPEC,
    ports: PORTS,
    service_name: expect.stringMatching(/^svc-stack-[0-9a-f]{16}$/),
    status,
    ttl_expires_at: TIME,
    created_at: TIME,
    updated_at: TIME,
    requested_cpu_milli: 100,
    requested_memory_bytes: 134_217_728,
  };
}

interface Example {
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `{stack_id}` and `{job_id}` stand for those of the test. */
  readonly path: string;
  readonly body?: string;
  readonly status: number;
  readonly answer: object;
}

const EXAMPLES: readonly Example[] = [
  { what: 'Health', method: 'GET', path: '/healthz', status: 200, answer: { status: 'ok' } },
  {
    what: 'Stats',
    method: 'GET',
    path: '/stats',
    status: 200,
    answer: {
      total_stacks: 1,
      active_stacks: 1,
      node_distribution: { 'memory-node': 1 },
      used_node_ports: 1,
      reserved_cpu_milli: 100,
      reserved_memory_bytes: 134_217_728,
    },
  },
  {
    what: 'Create Stack',
    method: 'POST',
    path: '/stacks',
    body: CREATE_BODY,
    status: 201,
    answer: stackAs('creating'),
  },
  {
    what: 'List All Stacks',
    method: 'GET',
    path: '/stacks',
    status: 200,
    answer: { stacks: [stackAs('running')] },
  },
  { what: 'Get Stack', method: 'GET', path: '/stacks/{stack_id}', status: 200, answer: stackAs('running') },
  {
    what: 'Get Stack Status',
    method: 'GET',
    path: '/stacks/{stack_id}/status',
    status: 200,
    answer: { stack_id: STACK_ID, status: 'running', ttl: TIME, ports: PORTS, node_public_ip: null },
  },
  {
    what: 'Delete Stack',
    method: 'DELETE',
    path: '/stacks/{stack_id}',
    status: 200,
    answer: { deleted: true, stack_id: STACK_ID },
  },
  {
    what: 'Batch Delete Stacks',
    method: 'POST',
    path: '/stacks/batch-delete',
    body: `{
    "stack_ids": ["stack-1", "stack-2", "stack-3"]
}`,
    status: 202,
    answer: { job_id: expect.stringMatching(/^job-[0-9a-f]{16}$/) },
  },
  {
    what: 'Get Batch Delete Job',
    method: 'GET',
    path: '/stacks/batch-delete/{job_id}',
    status: 200,
    // Two that are there and one that is not; `errors` is left out when there are none.
    answer: {
      job_id: expect.stringMatching(/^job-[0-9a-f]{16}$/),
      status: 'completed',
      total: 3,
      deleted: 2,
      not_found: 1,
      failed: 0,
      created_at: TIME,
      updated_at: TIME,
    },
  },
];

/** The two lines of the chapter on authentication. */
const CURL = [
  'curl -H "X-API-KEY: <your-api-key>" http://localhost:8081/healthz',
  'curl "http://localhost:8081/healthz?api_key=<your-api-key>"',
];

describe('the examples of the provisioner reference', () => {
  let rig: InstancesRig;
  let server: ApiServer;

  beforeEach(async () => {
    rig = createInstancesRig();
    server = await startApiServer({ instances: rig.instances });
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
  });

  async function shell(line: string): Promise<string> {
    const here = line.replaceAll(BASE, server.url).replaceAll(KEY, KEYS.deployer);
    return (await run('bash', ['-c', here])).stdout;
  }

  /** Makes what the example is about, so that it is there and runs. */
  async function fill({ what, path }: Example): Promise<string> {
    if (['Health', 'Create Stack', 'Batch Delete Stacks'].includes(what)) return path;
    const { id } = await rig.create();
    await rig.reaches(id, 'running');
    if (!path.includes('{job_id}')) return path.replace('{stack_id}', id);
    const other = await rig.create();
    const job = rig.instances.deleteBatch([id, other.id, 'stack-3']);
    await expect.poll(() => rig.instances.getBatchDelete(job.id).status).toBe('completed');
    return path.replace('{job_id}', job.id);
  }

  it.each(CURL)('%s', async (line) => {
    expect(JSON.parse(await shell(line))).toEqual({ status: 'ok' });
    expect(JSON.stringify(server.entries)).not.toContain(KEYS.deployer);
  });

  it.each(EXAMPLES)('$what: $method $path', async (example) => {
    const path = await fill(example);
    // A body is sent without saying of what type it is: curl then says that it is a form.
    const data = example.body === undefined ? '' : ` --data-raw '${example.body}'`;
    const line = `curl -s -w '\\n%{http_code}' -X ${example.method} -H "X-API-KEY: ${KEY}" ${BASE}${path}${data}`;
    const output = await shell(line);
    const end = output.lastIndexOf('\n');
    const answer: unknown = JSON.parse(output.slice(0, end));
    expect(output.slice(end + 1)).toBe(String(example.status));
    expect(answer).toEqual(example.answer);
    expect(Object.keys(answer as object)).toEqual(Object.keys(example.answer));
    check(example.method, path, example.status, answer);
  });
});
