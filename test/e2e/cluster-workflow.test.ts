import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { asFields, asString } from '../../reconciler/base/values.ts';
import type { Fields } from '../../reconciler/base/values.ts';
import { eventually } from '../support/eventually.ts';
import type { MainJob } from '../support/main-job.ts';
import { createMainJob } from '../support/main-job.ts';
import type { WorkflowCluster } from '../support/kubernetes/workflow-cluster.ts';
import { openWorkflowCluster, startWorkflowDouble } from '../support/kubernetes/workflow-cluster.ts';

/* The example workflow, from `git push` to pods and away again, through the daemon, on a cluster of the operator's. */

const EXAMPLE = join(import.meta.dirname, '../../examples/kombinations/shop-on-cluster/workflows/shop.yaml');
/** Pods are started, and a namespace has to be made first. */
const PATIENCE_MS = 60_000;

describeWorkflow('API double', () => startWorkflowDouble());
describeWorkflow('API double with a default storage class', () => startWorkflowDouble('default class'));
const real = inject('kubernetes');
// A server without nodes has nothing to run pods on.
if (real?.shared === true)
  describeWorkflow(real.title, (namespace) => openWorkflowCluster(real, namespace, 'shop-uploads'));

function describeWorkflow(name: string, open: (namespace: string) => Promise<WorkflowCluster>): void {
  describe(`workflow: ${name}`, () => {
    const stack = `shop-${randomBytes(4).toString('hex')}`;
    let cluster: WorkflowCluster;
    let job: MainJob;
    let text: string;
    let first: string;
    beforeAll(async () => {
      cluster = await open(stack);
      job = await createMainJob(null, {}, `clusters:\n  prod:\n    ${cluster.file}`);
      const secrets = join(job.stateDir, 'secrets');
      await mkdir(secrets, { recursive: true, mode: 0o700 });
      await writeFile(join(secrets, `${stack}.shop-keys.SESSION_KEY`), 'correct-horse\n', { mode: 0o600 });
      const example = await readFile(EXAMPLE, 'utf8');
      const named = example
        .replace(/^name: shop$/m, `name: ${stack}`)
        .replace(/^namespace: shop$/m, `namespace: ${stack}`);
      text = cluster.adapt(named);
    });
    afterAll(async () => {
      await job?.[Symbol.asyncDispose]();
      await cluster?.[Symbol.asyncDispose]();
    });

    const push = (workflow: string, message: string) =>
      job.push({ 'workflows/shop.yaml': workflow }, message);
    const at = (api: string, plural: string, one = 'shop') => `${api}/namespaces/${stack}/${plural}/${one}`;
    const SETTINGS = at('/api/v1', 'configmaps', 'shop-settings');
    const CLAIM = at('/api/v1', 'persistentvolumeclaims', 'shop-uploads');
    const SERVICE = at('/api/v1', 'services');
    const OTHERS: Readonly<Record<string, string>> = {
      Secret: at('/api/v1', 'secrets', 'shop-keys'),
      Service: SERVICE,
      Deployment: at('/apis/apps/v1', 'deployments'),
      Ingress: at('/apis/networking.k8s.io/v1', 'ingresses'),
      HorizontalPodAutoscaler: at('/apis/autoscaling/v2', 'horizontalpodautoscalers'),
    };
    const read = (path: string): Promise<Fields | null> => cluster.hand.read(path).catch(() => null);
    const metadataOf = async (path: string) => asFields((await read(path))?.['metadata']) ?? {};
    const level = async () => asFields((await read(SETTINGS))?.['data'])?.['LOG_LEVEL'];
    const becomes = async (value: string) =>
      expect(await eventually(level, (found) => found === value, PATIENCE_MS)).toBe(value);
    /** Reads from which commit every object was last written. */
    const revisions = async () => {
      const marks = Object.entries({ ...OTHERS, ConfigMap: SETTINGS, PersistentVolumeClaim: CLAIM });
      const found = await Promise.all(
        marks.map(async ([kind, path]) => {
          const annotations = asFields((await metadataOf(path))['annotations']) ?? {};
          return [kind, asString(annotations['kombinator.io/revision'])];
        }),
      );
      return Object.fromEntries(found) as Record<string, string>;
    };
    /** Kinds that nobody but us writes to. */
    const versions = async () => {
      const { Deployment: _pods, HorizontalPodAutoscaler: _scale, ...quiet } = OTHERS;
      const all = Object.entries({ ...quiet, PersistentVolumeClaim: CLAIM });
      const found = all.map(async ([kind, path]) => [kind, (await metadataOf(path))['resourceVersion']]);
      return Object.fromEntries(await Promise.all(found)) as Record<string, unknown>;
    };

    /** Jobs that put right what was changed by hand. */
    const repairs = async () => {
      const { stdout } = await job.runRemote('jobs', '--stack', stack, '--json');
      const jobs: readonly Fields[] = JSON.parse(stdout).jobs;
      return jobs.filter(({ type, trigger }) => type === 'apply' && trigger !== 'push');
    };

    it('is healthy after a push', async () => {
      first = await push(text, 'Open the shop');
      const view = await job.reaches(stack, 'in_sync', PATIENCE_MS);
      expect(view).toMatchObject({ services: [{ name: 'shop', status: 'healthy' }] });
      expect(await job.tags(stack)).toEqual([`deploy/${stack}/1`]);
      expect((await read(CLAIM))?.['status']).toMatchObject({ phase: 'Bound' });
      expect(new Set(Object.values(await revisions()))).toEqual(new Set([first]));
    });

    it('is changed by a push: only what has changed is written', async () => {
      const before = await versions();
      const second = await push(text.replace('LOG_LEVEL: info', 'LOG_LEVEL: debug'), 'Talk more');
      await becomes('debug');
      await job.job(stack, ({ tag }) => tag === `deploy/${stack}/2`, PATIENCE_MS);
      const { ConfigMap, Deployment, ...others } = await revisions();
      // Its pods read the ConfigMap when they start.
      expect([ConfigMap, Deployment]).toEqual([second, second]);
      expect(new Set(Object.values(others))).toEqual(new Set([first]));
      expect(await versions()).toEqual(before);
    });

    it('is repaired after a hand has changed one object and deleted another', async () => {
      const before = await metadataOf(SERVICE);
      await cluster.hand.edit(SETTINGS, { data: { LOG_LEVEL: 'trace' } });
      await becomes('debug');
      await cluster.hand.remove(SERVICE);
      const again = await eventually(
        () => metadataOf(SERVICE),
        ({ uid }) => uid !== undefined && uid !== before['uid'],
        PATIENCE_MS,
      );
      expect(again['uid']).not.toBe(before['uid']);
      await job.reaches(stack, 'in_sync', PATIENCE_MS);
    });

    it('is left as it is after three rounds with somebody who undoes each repair', async () => {
      const tags = async () => (await job.tags(stack)).length;
      const before = { tags: await tags(), repairs: (await repairs()).length };
      const ending = new AbortController();
      const undo = async () => {
        if ((await level()) !== 'trace')
          await cluster.hand.edit(SETTINGS, { data: { LOG_LEVEL: 'trace' } }, 'other-program');
      };
      const fight = (async () => {
        for (; !ending.signal.aborted; await sleep(50)) await undo();
      })();
      try {
        const view = await job.reaches(stack, 'drifted', PATIENCE_MS);
        expect(view['message']).toContain(
          'data.LOG_LEVEL (other-program): differs again after each of 3 repairs in a row',
        );
        // The hand before was the first round.
        expect((await repairs()).length - before.repairs).toBe(2);
        expect((await tags()) - before.tags).toBeLessThanOrEqual(1);
        const { stdout } = await job.runRemote('history', stack);
        expect(stdout.match(/3 repairs in a row/g)).toHaveLength(1);
        expect(await level()).toBe('trace');
      } finally {
        ending.abort();
        await fight;
      }
      const { code, stderr } = await job.runRemote('apply', '--stack', stack, '--yes');
      expect(code, stderr).toBe(0);
      await becomes('debug');
      await job.reaches(stack, 'in_sync', PATIENCE_MS);
    });

    it('is gone after it was archived, but for the claim, which goes when somebody says so', async () => {
      await push(text.replace('status: published', 'status: archived'), 'Close the shop');
      for (const path of [SETTINGS, ...Object.values(OTHERS)]) {
        expect(
          await eventually(
            () => read(path),
            (found) => found === null,
            PATIENCE_MS,
          ),
          path,
        ).toBeNull();
      }
      expect((await metadataOf(CLAIM))['deletionTimestamp']).toBeUndefined();
      expect((await read(CLAIM))?.['status']).toMatchObject({ phase: 'Bound' });
      const { code, stderr } = await job.runRemote('destroy', '--stack', stack, '--volumes', '--yes');
      expect(code, stderr).toBe(0);
      expect(
        await eventually(
          () => read(CLAIM),
          (found) => found === null,
          PATIENCE_MS,
        ),
      ).toBeNull();
    });
  });
}
