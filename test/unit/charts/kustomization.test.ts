import { expect, it } from 'vitest';
import { readKustomization } from '../../../reconciler/config/kombination/manifests/kustomization.ts';

it('names what it builds on', () => {
  const text =
    'resources: [a.yaml, ../base]\ncomponents:\n  - ../../part\npatches: [{ path: p.yaml }]\nimages: [{ name: ghcr.io/a/b }]\n';
  expect(readKustomization(text)).toEqual({ builtOn: ['a.yaml', '../base', '../../part'], problems: [] });
});

it.each([
  ['resources: [https://example.org/a.yaml]', 'https://example.org/a.yaml is not in the repository'],
  ['resources: ["https://me:word@example.org/a"]', 'https://example.org/a is not in the repository'],
  [
    'resources: [github.com/acme/app//deploy?ref=v1]',
    'github.com/acme/app//deploy?ref=v1 is not in the repository',
  ],
  ['resources: ["git@github.com:acme/app.git"]', 'git@github.com:acme/app.git is not in the repository'],
  ['bases: ["git::https://example.org/a"]', 'git::https://example.org/a is not in the repository'],
  ['components: ["file:///etc"]', 'file:///etc is not in the repository'],
  [
    'patches: [{ path: "https://example.org/p.yaml" }]',
    'https://example.org/p.yaml is not in the repository',
  ],
  [
    'configMapGenerator: [{ name: a, files: ["k=https://example.org/f"] }]',
    'https://example.org/f is not in the repository',
  ],
  ['openapi: { path: "http://example.org/o.json" }', 'http://example.org/o.json is not in the repository'],
  ['helmCharts: [{ name: a }]', 'helmCharts is not done here: add the chart under charts: of the stack'],
  ['resources: [', 'line 1: '],
])('%s is refused', (text, told) => {
  expect(readKustomization(text).problems.join()).toContain(told);
});

it('patches that stand in it may hold addresses', () => {
  const text =
    'patches:\n  - patch: |-\n      - op: add\n        path: /spec/url\n        value: https://example.org\n';
  expect(readKustomization(text).problems).toEqual([]);
});
