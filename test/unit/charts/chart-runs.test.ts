import { expect, it } from 'vitest';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import type { ManifestRenderer } from '../../../reconciler/ports/manifest-renderer.ts';
import { createMemoryEngine } from '../../support/memory/memory-engine.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
import { clusterStack } from '../../support/charts/demo-files.ts';
import { createRig } from '../../support/reconciler-rig.ts';

const FILES = {
  'clusters/prod.yaml': 'server: http://127.0.0.1:1\n',
  'kombinations/mon/demo/Chart.yaml': 'name: demo\n',
  'kombinations/mon/kombination.yaml': clusterStack('mon', [
    'charts: { demo: { chart: ./demo, values: { password: secret://env/LOGIN } } }',
  ]),
};

/** A rig whose stack has a chart, with the problem that rendering it has at the moment. */
function createChartRig() {
  const state = { problem: 'the registry is away' as string | null, rendered: 0 };
  const values: Record<string, string> = { 'secret://env/LOGIN': 'correct-horse' };
  const renderer: ManifestRenderer = {
    whyNot: () => null,
    render(request) {
      state.rendered += 1;
      const data = request.kind === 'chart' ? Buffer.from(request.values).toString('base64') : '';
      const text = `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata: { values: ${data} }\n`;
      return Promise.resolve(state.problem === null ? text : { problem: state.problem });
    },
  };
  const source = createMemorySource();
  const desired = createDesiredState({ source, secrets: createFixedSecrets(values), checkSchema, renderer });
  const target = createMemoryTarget({ name: 'prod', engine: createMemoryEngine([]) });
  const rig = createRig({
    source,
    desired,
    resyncMs: 1_000,
    createTarget: () => ({ ...target, async [Symbol.asyncDispose]() {} }),
  });
  return { rig, state, values, source };
}

it('a chart that could not be had is tried again, though nobody asks', async () => {
  const { rig, state, source } = createChartRig();
  await using _ = rig;
  source.push(FILES);
  await rig.reconciler.start();
  await rig.reaches('mon', 'invalid');
  state.problem = null;
  await rig.reaches('mon', 'in_sync');
});

it('a secret that has another value is deployed with the chart that it goes into, though nobody asks', async () => {
  const { rig, state, values, source } = createChartRig();
  await using _ = rig;
  state.problem = null;
  source.push(FILES);
  await rig.reconciler.start();
  await rig.reaches('mon', 'in_sync');
  values['secret://env/LOGIN'] = 'battery-staple';
  const jobs = await rig.ended('mon', 2);
  expect(jobs.map(({ status }) => status)).toEqual(['completed', 'completed']);
});
