import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../support/main-job.ts';
import { editYaml, readYaml } from '../../../api/web/screens/workflow/edit/yaml-edit.ts';

const EXAMPLE = readFileSync(
  join(import.meta.dirname, '../../../examples/kombinations/shop-on-cluster/workflows/shop.yaml'),
  'utf8',
);
const TEXT = `# Top\n${EXAMPLE.replace('  - id: web', '  # The web server.\n  - id: web # here')}`;

/** Lines that differ, as `-before` and `+after`, of an edit that says exactly what is wanted. */
function differ(change: (document: Record<string, Json>) => void, text = TEXT): readonly string[] {
  const wanted = readYaml(text) as Record<string, Json>;
  change(wanted);
  const edited = editYaml(text, wanted);
  expect(JSON.stringify(readYaml(edited))).toBe(JSON.stringify(wanted));
  const [before, after] = [text.split('\n'), edited.split('\n')];
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `-${line.trim()}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+${line.trim()}`),
  ];
}

const nodeOf = (document: Record<string, Json>, id: string) =>
  document['nodes'].find((node: { readonly id: string }) => node.id === id);

describe('a text that is brought to another value', () => {
  it('differs in the values alone', () => {
    expect(differ((document) => (nodeOf(document, 'web').data.port = 80))).toEqual([
      '-port: 8000',
      '+port: 80',
    ]);
    expect(differ((document) => (nodeOf(document, 'uploads').data.storage = '2Gi'))).toEqual([
      '-data: { name: shop-uploads, storage: 1Gi, mountPath: /var/lib/shop }',
      '+data: { name: shop-uploads, storage: 2Gi, mountPath: /var/lib/shop }',
    ]);
  });

  it('has new keys at the end of their map, small ones in one line', () => {
    const added = differ((document) => {
      nodeOf(document, 'web').data.args = ['a', 'b: c'];
      nodeOf(document, 'web').position = { x: 1, y: 2 };
    });
    expect(added).toEqual(['+args:', '+- a', '+- "b: c"', '+position: { x: 1, y: 2 }']);
  });

  it('loses a node with the comment above it, and its edges, and nothing else', () => {
    const lost = differ((document) => {
      document['nodes'] = document['nodes'].filter(({ id }: { readonly id: string }) => id !== 'web');
      document['edges'] = document['edges'].filter(
        (edge: Record<string, string>) => edge['source'] !== 'web' && edge['target'] !== 'web',
      );
    });
    expect(lost.filter((line) => line.startsWith('+'))).toEqual([]);
    expect(lost).toContain('-# The web server.');
    expect(lost).toContain('-- { source: web, target: scale }');
  });

  it('keeps comments where an id is changed', () => {
    expect(differ((document) => (nodeOf(document, 'web').id = 'site'))).toEqual([
      '-- id: web # here',
      '+- id: site # here',
    ]);
  });

  it('grows from empty lists', () => {
    const text = 'name: a\ncluster: prod\nnodes: [] # none yet\nedges: []\n';
    const change = (document: Record<string, Json>) => {
      document['nodes'].push({ id: 'n', type: 'job', data: { name: 'x', image: 'y' } });
    };
    expect(differ(change, text)).toEqual([
      '-nodes: [] # none yet',
      '+nodes: # none yet',
      '+- id: n',
      '+type: job',
      '+data:',
      '+name: x',
      '+image: y',
    ]);
  });

  it('says what is wanted, however it is written', () => {
    const texts = [
      '{ name: a, nodes: [{ id: x, data: {} }] }',
      'a: &one { b: 1 }\nc: *one\n',
      'a: |\n  x\n  y\n',
      '',
    ];
    for (const text of texts)
      for (const wanted of [{ name: 'b', nodes: [] }, { a: { b: 2 }, c: { b: 1 } }, { a: 'one\ntwo\n' }])
        expect(readYaml(editYaml(text, wanted))).toEqual(wanted);
  });
});
