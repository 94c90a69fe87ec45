import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { DesiredStack } from '../../../reconciler/model/stack.ts';
import type { GiveParts } from '../../../reconciler/run/builds/give-image.ts';
import { giveImage } from '../../../reconciler/run/builds/give-image.ts';
import { ADA } from '../../support/builds/builds-rig.ts';

const IMAGE = 'hub.example.org/app:1@sha256:abc';
const BY = { actor: ADA, signal: new AbortController().signal };
const TEXT = `nodes:
  - id: n1
    type: deployment
    data: &base { name: web, image: old }
  - id: n2
    type: deployment
    data: *base
`;

/** Parts whose first commits are refused so often. */
function partsOf(document: unknown, { refusals = 0, text = '' } = {}) {
  const written: string[] = [];
  let left = refusals;
  let refreshed = 0;
  const parts: GiveParts = {
    context: { desired: { get: (name) => ({ name, kind: 'workflow', document }) as DesiredStack } },
    loop: {
      async refreshForWrite() {
        refreshed += 1;
      },
      written: (write) => write,
    },
    writer: {
      async rewriteStack(_name: string, edit: (text: string) => string) {
        const result = edit(text);
        left -= 1;
        if (left >= 0) throw new ReconcilerError('WRITE_CONFLICT', 'somebody was faster');
        written.push(result);
        return { commit: 'c0ffee', file: 'workflows/shop.yaml' };
      },
    } as unknown as GiveParts['writer'],
  };
  return { parts, written, refreshed: () => refreshed };
}

const DEPLOYMENT = { nodes: [{ id: 'n1', type: 'deployment', data: { name: 'web', image: 'old' } }] };
const PLAIN = 'nodes:\n  - { id: n1, type: deployment, data: { name: web, image: old } }\n';
const given = { stack: 'shop', service: null, image: IMAGE };

describe('giving an image to a workflow', () => {
  it('is tried again on what is there by then when others were faster, and not for ever', async () => {
    const thrice = partsOf(DEPLOYMENT, { refusals: 3, text: PLAIN });
    expect(await giveImage(thrice.parts, given, BY)).toBe('c0ffee');
    expect([thrice.written.length, thrice.refreshed()]).toEqual([1, 4]);
    const always = partsOf(DEPLOYMENT, { refusals: 9, text: PLAIN });
    await expect(giveImage(always.parts, given, BY)).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });
    expect(always.refreshed()).toBe(4);
  });

  it('writes nothing where the image is there already', async () => {
    const document = { nodes: [{ id: 'n1', type: 'deployment', data: { image: IMAGE } }] };
    const { parts, written } = partsOf(document);
    expect(await giveImage(parts, given, BY)).toBeNull();
    expect(written).toEqual([]);
  });

  it.each([
    [
      'has no deployment',
      { nodes: [{ id: 'n1', type: 'service', data: {} }] },
      null,
      'has no deployment that could',
    ],
    ['has no such node', DEPLOYMENT, 'worker', 'shop has no deployment worker'],
    ['is no graph', 'text', null, 'has no deployment'],
    [
      'has strange nodes',
      { nodes: [null, 1, { type: 'deployment', data: null, id: 7 }] },
      'x',
      'has no deployment x',
    ],
  ] as const)('says that it %s', async (_what, document, service, text) => {
    const { parts } = partsOf(document);
    await expect(giveImage(parts, { ...given, service }, BY)).rejects.toThrow(text);
  });

  it('says where the image has to be written by hand', async () => {
    const nodes = [1, 2].map((number) => ({
      id: `n${number}`,
      type: 'deployment',
      data: { name: 'web', image: 'old' },
    }));
    const { parts } = partsOf({ nodes }, { text: TEXT });
    await expect(giveImage(parts, given, BY)).rejects.toThrow(
      /nodes\.\d\.data\.image cannot be changed in place/,
    );
  });
});
