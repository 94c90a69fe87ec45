import { expect, it } from 'vitest';
import {
  pluginProblems,
  readKustomization,
} from '../../../reconciler/config/kombination/manifests/kustomization.ts';

it('names what it builds on', () => {
  const text =
    'resources: [a.yaml, ../base]\ncomponents:\n  - ../../part\npatches: [{ path: p.yaml }]\nimages: [{ name: ghcr.io/a/b }]\n';
  expect(readKustomization(text)).toEqual({
    builtOn: ['a.yaml', '../base', '../../part'],
    plugins: [],
    problems: [],
  });
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
  // Kustomize does not mind capitals in keys, and asks servers of this machine past every proxy.
  ['Resources: ["http://127.0.0.1/a"]', 'http://127.0.0.1/a is not in the repository'],
  ['patches: [{ PATH: "http://127.0.0.1/a" }]', 'http://127.0.0.1/a is not in the repository'],
  ['patches: [{ path: "http://127.0.0.1/a?b=c" }]', 'http://127.0.0.1/a?b=c is not in the repository'],
  [
    'configMapGenerator: [{ Files: ["a=HTTP://localhost/b"] }]',
    'HTTP://localhost/b is not in the repository',
  ],
  ['crds: [" http://127.0.0.1/a"]', 'http://127.0.0.1/a is not in the repository'],
  ['openapi: { path: !!binary aHR0cDovLzEyNy4wLjAuMS9h }', 'Unresolved tag'],
  ['HelmCharts: [{ name: a }]', 'helmCharts is not done here'],
  [
    'generators:\n- |\n  kind: ConfigMapGenerator\n  files: ["a=http://127.0.0.1/b"]\n',
    'http://127.0.0.1/b is not in the repository',
  ],
  [
    `generators: ['{ kind: ConfigMapGenerator, files: ["a=http://127.0.0.1/c"] }']`,
    'http://127.0.0.1/c is not in the repository',
  ],
  ['helmCharts: [{ name: a }]', 'helmCharts is not done here: add the chart under charts: of the stack'],
  ['resources: [', 'line 1: '],
])('%s is refused', (text, told) => {
  expect(readKustomization(text).problems.join()).toContain(told);
});

it('tells plugins from what else it builds on', () => {
  const text = 'resources: [a.yaml, t.yaml]\nTransformers: [t.yaml, ./more]\n';
  expect(readKustomization(text)).toMatchObject({
    builtOn: ['a.yaml', 't.yaml', 't.yaml', './more'],
    plugins: ['t.yaml', 't.yaml', './more'],
    problems: [],
  });
  expect(readKustomization('resources: [a.yaml]\npatches: []\n', true)).toMatchObject({
    plugins: ['a.yaml'],
    problems: ['patches is not done where generators and transformers are described'],
  });
});

it('plugins name no addresses, in any of their documents', () => {
  const text =
    'kind: ConfigMapGenerator\nliterals: ["a=http://a.example"]\n---\nkind: PatchTransformer\npath: http://127.0.0.1/p\n';
  expect(pluginProblems(text)).toEqual(['http://127.0.0.1/p is not in the repository']);
  expect(pluginProblems('kind: X\n---\na: [')).toMatchObject([expect.stringMatching(/^line 3: /)]);
});

it('texts in it may hold addresses', () => {
  const text =
    'commonAnnotations: { home: "https://a.example" }\nlabels: [{ pairs: { a: "https://b" } }]\nconfigMapGenerator: [{ literals: ["URL=https://c.example"] }]\nimages: [{ name: a, newName: b.example/c }]\n';
  expect(readKustomization(text).problems).toEqual([]);
});

it('patches that stand in it may hold addresses', () => {
  const text =
    'patches:\n  - patch: |-\n      - op: add\n        path: /spec/url\n        value: https://example.org\n';
  expect(readKustomization(text).problems).toEqual([]);
});
