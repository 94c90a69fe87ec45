import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import { sealResource } from '../../../reconciler/model/resource.ts';
import { Seal } from '../../../reconciler/model/seal.ts';
import type { Plan } from '../../../reconciler/plan/plan.ts';
import type { ClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { manifest, SECRET } from '../../support/kubernetes/cluster-nodes.ts';
import { createClusterStack, createHand } from '../../support/kubernetes/cluster-stack.ts';

const web = (image: string) =>
  manifest('web', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image, envFrom: [{ secretRef: { name: 'sec' } }] }] },
      },
    },
  });
const [OURS, THEIRS] = [1, 2].map((byte) => new Seal(() => new Uint8Array(32).fill(byte)));

describe('digests of secrets on a cluster', () => {
  let double: ClusterDouble;
  beforeAll(async () => {
    double = await startClusterDouble();
  });
  afterAll(() => double[Symbol.asyncDispose]());

  const open = () => {
    const stack = createClusterStack(double.createTarget());
    const describeWith = (seal: Seal | undefined, secret: string, image = 'nginx:1.29') =>
      stack
        .describe([SECRET, web(image)], ['{ source: sec, target: web }'], secret)
        .map((one) => (seal === undefined ? one : sealResource(one, seal)));
    const read = async () => {
      const path = `/apis/apps/v1/namespaces/${stack.namespace}/deployments/web`;
      return createHand(double.client).read(path);
    };
    const content = async () => {
      const template = asFields(asFields((await read())['spec'])?.['template']);
      const annotations = asFields(asFields(template?.['metadata'])?.['annotations']);
      return annotations?.['kombinator.io/content'];
    };
    return { stack, describeWith, read, content };
  };
  const actions = ({ changes }: Plan) =>
    Object.fromEntries(changes.map(({ kind, action }) => [kind, action] as const));

  it('are sealed in what others may read, and in plans', async () => {
    const { stack, describeWith, read } = open();
    const plain = describeWith(undefined, 'hunter2');
    const plan = await stack.apply(describeWith(OURS, 'hunter2'));
    const again = await stack.plan(describeWith(OURS, 'hunter2'));
    const told = JSON.stringify([plan, again, await read()]);
    for (const { hash, kind } of plain.filter((one) => one.kind !== 'Namespace'))
      expect(told, kind).not.toContain(hash);
    // The plan's basis is of the version of the Secret, not of its content.
    const other = await stack.observe(describeWith(OURS, 'hunter2'));
    const secret = other.find(({ kind }) => kind === 'Secret');
    expect(secret?.spec).toMatchObject({ data: { TOKEN: '***' } });
  });

  it.each([
    ['a version that sealed nothing', undefined],
    ['another key', THEIRS],
  ])('of %s make no pod start anew', async (_earlier, seal) => {
    const { stack, describeWith, content } = open();
    await stack.apply(describeWith(seal, 'hunter2'));
    const before = await content();

    expect(actions(await stack.plan(describeWith(OURS, 'hunter2')))).toMatchObject({
      Secret: 'no-op',
      Deployment: 'no-op',
    });
    await stack.apply(describeWith(OURS, 'hunter2', 'nginx:1.30'));
    expect(await content()).toBe(before);

    expect(actions(await stack.apply(describeWith(OURS, 'hunter3', 'nginx:1.30')))).toMatchObject({
      Secret: 'update',
      Deployment: 'update',
    });
    expect(await content()).not.toBe(before);
    expect(actions(await stack.plan(describeWith(OURS, 'hunter3', 'nginx:1.30')))).toMatchObject({
      Deployment: 'no-op',
    });
  });

  it('and their values are masked in the logs of pods, those of before as well', async () => {
    await using target = double.createTarget();
    const stack = createClusterStack(target);
    const apply = (secret: string) => stack.apply(stack.describe([SECRET, web('nginx:1.29')], [], secret));
    await apply('hunter2-old');
    await apply('hunter2-new');
    await createHand(double.client).create(`/api/v1/namespaces/${stack.namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web-1', labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'i' }] },
    });
    const written = ['hunter2-old', 'hunter2-new', Buffer.from('hunter2-new').toString('base64'), 'hello'];
    double.api.logs.set(`${stack.namespace}/web-1/web`, written);
    const read = async (from: ClusterTarget) => {
      const lines: string[] = [];
      const { signal } = new AbortController();
      for await (const { text } of from.logs(stack.stack, stack.id('Deployment', 'web'), { signal }))
        lines.push(text);
      return lines;
    };
    expect(await read(target)).toEqual(['***', '***', '***', 'hello']);
    // Another process knows what the cluster has, whatever is described by now.
    await using fresh = double.createTarget();
    expect((await read(fresh)).slice(1)).toEqual(['***', '***', 'hello']);
  });
});
