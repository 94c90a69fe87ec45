import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import { diagnose, renderText } from '../../support/kubernetes/workflow-texts.ts';

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
