import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import { CONFIG, manifest } from '../../support/kubernetes/cluster-nodes.ts';
import { diagnose, renderText, workflow } from '../../support/kubernetes/workflow-texts.ts';

it('renders every type of node as it did', async () => {
  const text = readFileSync(join(import.meta.dirname, '../golden/workflow-every-type.yaml'), 'utf8');
  expect(diagnose(text)).toEqual([]);
  const rendered = renderText(text).map(({ id, spec, dependsOn, guarded, shared, origin }) => ({
    id,
    asked: `${origin.line}:${origin.column}`,
    ...(guarded ? { guarded } : {}),
    ...(shared ? { shared } : {}),
    dependsOn: dependsOn.map((dependency) => `${dependency.until} ${dependency.id}`),
    spec: maskSpec(spec),
  }));
  await expect(`${JSON.stringify(rendered, null, 2)}\n`).toMatchFileSnapshot(
    '../golden/workflow-every-type.json',
  );
});

const READER = manifest('reader', {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'reader' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'reader' } },
    template: {
      metadata: { labels: { app: 'reader' } },
      spec: { containers: [{ name: 'c', image: 'i', envFrom: [{ configMapRef: { name: 'conf' } }] }] },
    },
  },
});

function templateOf(nodes: readonly string[]): string {
  const found = renderText(workflow(nodes)).find(({ name }) => name.endsWith('/reader'));
  return JSON.stringify(found?.spec['spec']);
}

it('starts pods anew when what they read as variables changes, and only then', () => {
  const before = templateOf([READER, CONFIG]);
  expect(templateOf([READER, CONFIG.replace('debug', 'info')])).not.toBe(before);
  expect(templateOf([READER, CONFIG, CONFIG.replaceAll('conf', 'other')])).toBe(before);
});

it('leaves the number of pods to an autoscaler, however both are described', () => {
  const scaler = manifest('scaler', {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'any' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'reader' } },
  });
  expect(templateOf([READER])).toContain('"replicas":1');
  expect(templateOf([READER, scaler])).not.toContain('replicas');
});
