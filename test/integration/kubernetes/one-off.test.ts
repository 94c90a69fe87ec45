import { randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import type { OneOff } from '../../../reconciler/ports/target-capabilities.ts';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import type { ClusterConnector } from '../../support/kubernetes/cluster-double.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { playJobs } from '../../support/kubernetes/cluster-jobs.ts';
import { createHand } from '../../support/kubernetes/cluster-stack.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { contextFor } from '../../support/docker/docker-resources.ts';
import { eventually } from '../../support/eventually.ts';

const quiet = () => new AbortController().signal;

interface Hook {
  readonly stack: string;
  readonly lines: readonly string[];
  readonly oneOff: OneOff;
}

/** The hook of a stack of its own that runs this script with a secret. */
async function describeHook(script: string, timeoutMs = 60_000): Promise<Hook> {
  const stack = `hk${randomBytes(3).toString('hex')}`;
  const { state, push } = createDesiredFixture({ secrets: { 'secret://file/key': 'very-hidden-value' } });
  await push({
    'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n',
    'kombinations/x/note.txt': 'a file\n',
    'kombinations/x/kombination.yaml': `version: "1.0"
meta: { name: ${stack} }
nodes: [{ name: prod, type: kubernetes }]
services:
  web:
    image: local/busybox:1
    env: { KEY: secret://file/key }
    files: [{ source: note.txt, target: /etc/note.txt }]
    volumes: ["data:/data"]
volumes: { data: {} }
hooks: { pre_deploy: [{ name: try, service: web, command: [sh, -c, ${JSON.stringify(script)}] }] }
`,
  });
  const described = state.get(stack);
  const [hook] = described?.hooks ?? [];
  if (!hook) throw new Error(JSON.stringify(described?.diagnostics));
  const lines: string[] = [];
  const { resource, image } = hook;
  return { stack, lines, oneOff: { resource, image, timeoutMs, onLine: (text) => void lines.push(text) } };
}

const jobsOf = async (target: ClusterTarget, stack: string) =>
  (await target.leftovers(quiet())).filter((one) => one.stack === stack);

it('a hook on the double runs as a job, which is taken away', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  playJobs(double.api, ['the key is very-hidden-value']);
  const { stack, lines, oneOff } = await describeHook('true');
  expect(await target.runOneOff(oneOff, contextFor(stack))).toBe(0);
  expect(lines).toEqual(['the key is ***']);
  await using other = double.createTarget();
  expect(await jobsOf(other, stack)).toEqual([]);
  expect(JSON.stringify(double.api.requests)).not.toContain('very-hidden-value');
});

const real = inject('kubernetes');

/** Needs nodes with the image local/busybox:1. */
if (real?.shared)
  describe(`hooks on ${real?.title ?? 'no cluster'}`, () => {
    async function on(
      run: (cluster: ClusterConnector, target: ClusterTarget) => Promise<void>,
      stack: string,
    ) {
      if (real === null) return;
      await using cluster = openRealCluster(real);
      await using target = cluster.createTarget();
      try {
        await run(cluster, target);
      } finally {
        await createHand(cluster.client)
          .remove(`/api/v1/namespaces/${stack}`)
          .catch(() => undefined);
      }
    }

    it('run with what their service has, before there is anything of the stack', async () => {
      const { stack, lines, oneOff } = await describeHook(
        'cat /etc/note.txt; echo "key $KEY"; touch /data/x && echo data; exit 7',
      );
      await on(async (cluster, target) => {
        expect(await target.runOneOff(oneOff, contextFor(stack))).toBe(7);
        expect(lines).toEqual(['a file', 'key ***', 'data']);
        await using other = cluster.createTarget();
        expect(await jobsOf(other, stack)).toEqual([]);
        const hand = createHand(cluster.client);
        // The things that the job owned go with it.
        const left = await eventually(
          async () => JSON.stringify(await hand.read(`/api/v1/namespaces/${stack}/secrets`)),
          (text) => !text.includes('hook'),
          20_000,
        );
        expect(left).not.toContain('hook');
      }, stack);
    });

    it('are ended when they take too long, and nothing is left of them', async () => {
      const { stack, oneOff } = await describeHook('echo begun; sleep 1000', 5_000);
      await on(async (cluster, target) => {
        await expect(target.runOneOff(oneOff, contextFor(stack))).rejects.toMatchObject({
          code: 'HOOK_FAILED',
          message: 'did not end within 5 s',
        });
        await using other = cluster.createTarget();
        expect(await jobsOf(other, stack)).toEqual([]);
      }, stack);
    });

    it('that another process has left are found and removed', async () => {
      const { stack, lines, oneOff } = await describeHook('echo begun; sleep 1000');
      await on(async (cluster, target) => {
        const running = target.runOneOff(oneOff, contextFor(stack)).catch((error: unknown) => error);
        await eventually(
          () => lines.length,
          (count) => count > 0,
        );
        expect(await jobsOf(target, stack)).toEqual([]);
        await using other = cluster.createTarget();
        const [left] = await jobsOf(other, stack);
        expect(left).toMatchObject({ stack, branch: 'main' });
        await other.removeLeftover(left?.id ?? '', quiet());
        expect(await jobsOf(other, stack)).toEqual([]);
        expect(await running).not.toBe(0);
      }, stack);
    });
  });
