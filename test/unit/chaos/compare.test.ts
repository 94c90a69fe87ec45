import { describe, expect, it } from 'vitest';
import { compareWorld } from '../../chaos/world/compare.ts';
import { Ledger } from '../../chaos/world/ledger.ts';
import type { WorldModel } from '../../chaos/world/model.ts';
import { breakWith, removeStack } from '../../chaos/world/mutations.ts';
import type { EngineSnapshot, SeenContainer } from '../../chaos/world/snapshot.ts';
import { buildModel, buildSnapshot } from './builders.ts';

const model = buildModel();
const compare = (snapshot: EngineSnapshot, described: WorldModel = model, ledger = settledLedger()) =>
  compareWorld(described, ledger, snapshot).map(({ kind, text }) => `${kind}: ${text}`);

/** All was well with the model at first. */
function settledLedger(): Ledger {
  const ledger = new Ledger();
  ledger.record('c1', model);
  ledger.settle(model);
  return ledger;
}

function change(name: string, changes: Partial<SeenContainer> | null): EngineSnapshot {
  const snapshot = buildSnapshot(model);
  const containers = snapshot.containers.flatMap((one) =>
    one.name === name ? (changes === null ? [] : [{ ...one, ...changes }]) : [one],
  );
  return { ...snapshot, containers };
}

describe('an engine', () => {
  it('that runs what is described differs in nothing', () => {
    expect(compare(buildSnapshot(model))).toEqual([]);
  });

  it.each([
    { changes: null, says: 'missing' },
    { changes: { status: 'exited' }, says: 'is exited' },
    { changes: { revision: '9' }, says: 'runs revision 9, not 3' },
    { changes: { content: 'content 9\n' }, says: 'its file says content 9, not 4' },
    { changes: { image: 'other' }, says: 'runs the image other' },
    { changes: { volumes: [] }, says: 'has the volumes , not s1_data' },
    { changes: { networks: ['s1_default', 'x'] }, says: 'has the networks s1_default,x' },
    { changes: { stack: 's9' }, says: 'is labelled s9' },
  ])('is told from it where a container $says', ({ changes, says }) => {
    const found = compare(change('s1-v1-1', changes));

    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`wrong: s1-v1-1: ${says}`);
  });

  it('has to find a probed container well', () => {
    expect(compare(change('s3-v0-1', { health: 'starting' }))).toEqual([
      'wrong: s3-v0-1: its health is starting',
    ]);
  });

  it('may have nothing left over, and nothing twice', () => {
    const snapshot = buildSnapshot(model);
    const extra = { ...snapshot.containers[0]!, name: 's1-v0-1.next', id: 'x' };

    expect(compare({ ...snapshot, containers: [...snapshot.containers, extra] })).toEqual([
      'left: container s1-v0-1.next (running, s1)',
    ]);
    expect(compare({ ...snapshot, networks: [...snapshot.networks, 's1_default', 's8_default'] })).toEqual([
      'left: network s8_default',
      'double: network s1_default',
    ]);
  });

  it('has to have let go of a stack that was taken out', () => {
    const found = compare(buildSnapshot(model), removeStack(model, 's2').model);

    expect(found).toEqual([
      'left: container s2-v0-1 (running, s2)',
      'left: network s2_default',
      'left: network s2_side',
    ]);
  });
});

describe('a stack that cannot be brought in', () => {
  const broken = breakWith(model, 's1', { kind: 'unhealthy', service: 'v0', revision: 50 }).model;

  it('goes on as it was, and so does what needs it', () => {
    expect(compare(buildSnapshot(model), broken)).toEqual([]);
  });

  it('may not be taken down, nor run what never became well', () => {
    expect(compare(change('s1-v0-1', null), broken)).toEqual([
      'wrong: s1-v0-1: gone, although only a broken description asks for a change',
    ]);
    expect(compare(change('s1-v0-1', { revision: '50' }), broken)).toEqual([
      'wrong: s1-v0-1: runs revision 50, which was never described well (1)',
    ]);
  });

  it('may run any version that was described well since all was quiet', () => {
    const ledger = settledLedger();
    const services = {
      ...model.stacks['s1']!.services,
      v1: { ...model.stacks['s1']!.services['v1']!, revision: 40 },
    };
    ledger.record('c2', {
      ...broken,
      stacks: { ...broken.stacks, s1: { ...broken.stacks['s1']!, services } },
    });

    expect(compare(change('s1-v1-1', { revision: '40' }), broken, ledger)).toEqual([]);
    expect(compare(change('s1-v1-1', { revision: '41' }), broken, ledger)).toHaveLength(1);
  });

  it('need not run what never ran', () => {
    expect(compare({ containers: [], networks: [], volumes: [] }, onlyBroken(broken), new Ledger())).toEqual(
      [],
    );
  });
});

function onlyBroken({ stacks, ...rest }: WorldModel): WorldModel {
  return { ...rest, stacks: { s1: stacks['s1']! } };
}
