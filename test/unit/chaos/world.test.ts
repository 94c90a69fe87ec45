import { describe, expect, it } from 'vitest';
import { createRandom, seedOfRound } from '../../chaos/random.ts';
import { describeWorld } from '../../chaos/world/describe.ts';
import { fingerprint, hasUnreadable, isHindered, soundStacks } from '../../chaos/world/model.ts';
import type { WorldModel } from '../../chaos/world/model.ts';
import { breakWith, mutate, MUTATIONS, removeStack, SOUND_MUTATIONS } from '../../chaos/world/mutations.ts';
import type { MutationKind } from '../../chaos/world/mutations.ts';
import { createWorldModel } from '../../chaos/world/world.ts';
import { buildModel } from './builders.ts';

describe('a seed', () => {
  it('makes the same decisions again, and another one makes others', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed).next);

    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('of a round depends on that round alone', () => {
    expect(seedOfRound(3, 9)).toBe(seedOfRound(3, 9));
    expect(new Set([1, 2, 3].map((round) => seedOfRound(3, round))).size).toBe(3);
  });
});

describe('changes', () => {
  it('leave a model that describes itself, whichever come after each other', () => {
    const random = createRandom(1);
    let model = createWorldModel(random, 4);
    for (let count = 0; count < 2_000; count += 1) {
      model = mutate(model, random).model;
      expectWhole(model);
    }
  });

  it.each(Object.keys(MUTATIONS) as MutationKind[])('include %s', (kind) => {
    const random = createRandom(5);
    const model = kind === 'repair' ? brokenModel() : withNames(createWorldModel(random, 4));

    const found = Array.from({ length: 50 }, () => MUTATIONS[kind](model, random)).find(
      (one) => one !== null,
    );

    expect(found?.told).toContain(kind === 'needs' ? 'needs' : kind);
    expect(found?.model).not.toEqual(model);
  });

  it('that are sound break nothing', () => {
    const random = createRandom(2);
    let model = createWorldModel(random, 4);
    for (let count = 0; count < 300; count += 1) model = mutate(model, random, SOUND_MUTATIONS).model;

    expect(soundStacks(model)).toEqual(Object.keys(model.stacks));
  });

  it('never give a name out twice', () => {
    const random = createRandom(3);
    let model = createWorldModel(random, 4);
    const gone = new Set<string>();
    for (let count = 0; count < 500; count += 1) {
      const { model: next } = mutate(model, random, ['add-stack', 'remove-stack', 'rename']);
      for (const name of Object.keys(model.stacks)) if (next.stacks[name] === undefined) gone.add(name);
      for (const name of Object.keys(next.stacks)) expect(gone).not.toContain(name);
      model = next;
    }
  });
});

describe('a stack', () => {
  it('is hindered by what is broken, itself or what it needs', () => {
    const model = brokenModel();

    expect(['s1', 's2', 's3', 'none'].map((name) => isHindered(model, name))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(soundStacks(model)).toEqual(['s3']);
  });

  it('is no longer needed when it is gone', () => {
    expect(removeStack(buildModel(), 's1').model.stacks['s2']!.needs).toEqual([]);
  });

  it('has another fingerprint when it asks for other containers, and the same one in another folder', () => {
    const stack = buildModel().stacks['s1']!;
    const changed = {
      ...stack,
      services: { ...stack.services, v0: { ...stack.services['v0']!, revision: 99 } },
    };

    expect(fingerprint({ ...stack, directory: 'elsewhere' })).toBe(fingerprint(stack));
    expect(fingerprint(changed)).not.toBe(fingerprint(stack));
  });
});

describe('files', () => {
  it('say what the model says', () => {
    const files = describeWorld(buildModel());

    expect(JSON.parse(files['kombinations/s2/kombination.yaml']!)).toMatchObject({
      meta: { name: 's2' },
      dependsOn: ['s1'],
      networks: { side: {} },
      services: { v0: { environment: { REV: '5' }, networks: ['default', 'side'] } },
    });
    expect(files['kombinations/s1/v1.conf']).toBe('content 4\n');
  });

  it.each([
    { kind: 'yaml', says: '[not yaml' },
    { kind: 'schema', says: '"servces"' },
    { kind: 'unhealthy', says: '"false"' },
    { kind: 'image', says: 'none:404' },
  ] as const)('of a stack that is broken by $kind cannot be carried out', ({ kind, says }) => {
    const breakage = kind === 'yaml' || kind === 'schema' ? { kind } : { kind, service: 'v0', revision: 90 };
    const { model } = breakWith(buildModel(), 's1', breakage);

    expect(describeWorld(model)['kombinations/s1/kombination.yaml']).toContain(says);
    expect(hasUnreadable(model)).toBe(kind === 'yaml');
  });
});

/** Every container has a name of its own. */
function withNames({ stacks, ...rest }: WorldModel): WorldModel {
  const named = Object.entries(stacks).map(([stack, { services, ...more }]) => {
    const entries = Object.entries(services).map(([key, service]) => [
      key,
      { ...service, containerName: `${stack}-${key}` },
    ]);
    return [stack, { ...more, services: Object.fromEntries(entries) }];
  });
  return { ...rest, stacks: Object.fromEntries(named) };
}

function brokenModel(): WorldModel {
  return breakWith(buildModel(), 's1', { kind: 'schema' }).model;
}

/** Expects whatever is named to be there. */
function expectWhole({ stacks }: WorldModel): void {
  expect(Object.keys(stacks).length).toBeGreaterThan(0);
  for (const { services, needs, breakage } of Object.values(stacks)) {
    expect(Object.keys(services).length).toBeGreaterThan(0);
    for (const needed of needs) expect(stacks).toHaveProperty(needed);
    for (const { dependsOn } of Object.values(services))
      if (dependsOn !== null) expect(services).toHaveProperty(dependsOn);
    const names = Object.values(services).flatMap(({ containerName }) => containerName ?? []);
    expect(new Set(names).size).toBe(names.length);
    if (breakage !== null && 'service' in breakage) expect(services).toHaveProperty(breakage.service);
  }
}
