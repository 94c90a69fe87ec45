import { describe, expect, it } from 'vitest';
import type { SeenObject } from '../../../reconciler/ports/inventory/inventory.ts';
import { judgeStep } from '../../../reconciler/run/inventory/object-history.ts';
import { createObjectTable } from '../../../reconciler/run/inventory/object-table.ts';
import { buildObject, createFakeInventory } from '../../support/fakes/fake-inventory.ts';

const NEVER = new AbortController().signal;
const WEB = buildObject({ kind: 'Deployment', name: 'web', generation: 1, facts: { replicas: 1 } });
const image = (name: string, restartCount = 0) => ({
  containers: [{ name: 'web', image: name, restartCount }],
});
const POD = buildObject({ facts: image('nginx:1') });

function judge(before: SeenObject, after: SeenObject) {
  const table = createObjectTable('docker:local', () => 'local');
  table.take([before], 0);
  return table.take([after], 0).map((step) => judgeStep(step, 7));
}

describe('what has happened to an object', () => {
  it.each([
    ['scaled', WEB, { ...WEB, generation: 2, facts: { replicas: 3 } }, 'from 1 to 3'],
    ['updated', WEB, { ...WEB, generation: 2 }, 'its description was changed'],
    ['updated', WEB, { ...WEB, status: 'failed', message: 'no room' }, 'no room'],
    ['updated', POD, { ...POD, facts: image('nginx:2') }, 'its description was changed'],
    ['restarted', POD, { ...POD, facts: image('nginx:1', 2) }, '2 more restarts'],
    ['restarted', POD, { ...POD, uid: 'another' }, 'it was made anew'],
  ] as const)('is that it was %s', (action, before, after, message) => {
    expect(judge(before, after)).toMatchObject([{ action, message, at: 7, after: after.status }]);
  });

  it('is nothing where only its version differs', () => {
    expect(judge(WEB, { ...WEB, version: '2', labels: { a: 'b' } })).toEqual([null]);
    expect(judge(WEB, WEB)).toEqual([]);
  });

  it('is remembered but for what was there in the first place', async () => {
    const { operations, tell, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', [WEB]);
    await operations.openInventory(NEVER);
    const id = operations.listObjects()[0]?.id ?? '';
    tell('prod', [{ ...WEB, facts: { replicas: 2 } }, POD]);
    const pod = operations.listObjects().find(({ kind }) => kind === 'Pod')?.id ?? '';
    tell('prod', []);

    const actions = (of: string) => operations.objectHistory(of).map(({ action }) => action);
    expect(actions(id)).toEqual(['deleted', 'scaled']);
    expect(actions(pod)).toEqual(['deleted', 'created']);
    expect(operations.objectHistory(id)[1]?.changes).toEqual({ replicas: { from: 1, to: 2 } });
  });

  it('is remembered of five hundred objects at once, and fifty times of one', async () => {
    const { operations, tell, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', []);
    await operations.openInventory(NEVER);
    const many = Array.from({ length: 600 }, (_one, index) => buildObject({ name: `web-${index}` }));
    tell('prod', many);
    const ids = operations.listObjects().map(({ id }) => id);
    expect(ids.filter((id) => operations.objectHistory(id).length > 0)).toHaveLength(500);
    for (let round = 0; round < 60; round += 1)
      tell('prod', [buildObject({ facts: { replicas: round }, kind: 'Deployment', name: 'web' })]);
    const web = operations.listObjects()[0]?.id ?? '';
    expect(operations.objectHistory(web)).toHaveLength(50);
  });
});

describe('notes of objects', () => {
  it('are bounded, and of objects that are there', async () => {
    const { operations, tell, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', [POD]);
    await operations.openInventory(NEVER);
    const object = operations.listObjects()[0]?.id ?? '';
    const note = { object, tags: ['a', 'a'], notes: 'mine', isFavorite: true };
    operations.noteObject('ada', note);
    expect(operations.listObjectNotes('ada')).toEqual([{ ...note, tags: ['a'] }]);
    expect(operations.listObjectNotes('ben')).toEqual([]);
    const wrong = (more: object) => () => operations.noteObject('ada', { ...note, ...more });
    expect(wrong({ notes: 'x'.repeat(10_001) })).toThrow('10000 characters at most');
    expect(wrong({ tags: ['x'.repeat(101)] })).toThrow('100 characters at most');
    expect(wrong({ tags: Array.from({ length: 51 }, String) })).toThrow('50 tags at most');
    expect(wrong({ object: '0'.repeat(24) })).toThrow('there is no object');
  });
});
