import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replicaName, replicaNumbers } from '../../../reconciler/model/rollout.ts';
import type { MemoryEngine } from '../../support/memory/memory-engine.ts';
import { readNumber } from '../../support/numbers/read-number.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const NAMES = ['a', 'b', 'c', 'd'] as const;

/** One version of the stack: services with an image each, a later one may wait for an earlier one; a volume or none. */
interface Version {
  readonly services: readonly {
    readonly image: string;
    readonly needs: readonly number[];
    readonly how: string;
    readonly scale: number;
    readonly update: string;
  }[];
  readonly data: boolean;
}

const versions: fc.Arbitrary<Version> = fc.record({
  services: fc.array(
    fc.record({
      image: fc.constantFrom('nginx:1.28', 'nginx:1.29'),
      needs: fc.uniqueArray(fc.nat(NAMES.length - 1), { maxLength: 2 }),
      how: fc.constantFrom('service_started', 'service_healthy'),
      scale: fc.integer({ min: 1, max: 3 }),
      update: fc.constantFrom('{}', '{ failure_action: rollback }', '{ parallelism: 2, order: start-first }'),
    }),
    { minLength: 1, maxLength: NAMES.length },
  ),
  data: fc.boolean(),
});

/** Versions pushed one after the other, each with the engine call at which the process dies (0: it lives). */
const lives = fc.array(fc.record({ version: versions, dieAt: fc.nat(30) }), { minLength: 1, maxLength: 4 });

describe('a process that dies at any engine call', () => {
  it('leaves what the next one brings to exactly what is described', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (life) => {
        await using rig = await liveThrough(life);
        const last = life.at(-1)?.version ?? { services: [], data: false };
        const { job } = await rig.apply('shop');
        expect(job).toMatchObject({ status: 'completed', error: null });
        expectExactly(rig.engine().control.engine, last, life);
        const { plan } = await rig.reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, NEVER);
        expect(plan.changes.filter(({ action, verify }) => action !== 'no-op' || verify)).toEqual([]);
        expect((await rig.tags('shop')).length).toBeGreaterThan(0);
      }),
      { numRuns: readNumber('KILL_RUNS', 20) },
    );
  }, 60_000);
});

async function liveThrough(life: readonly { version: Version; dieAt: number }[]): Promise<Rig> {
  let rig = createRig();
  for (const { version, dieAt } of life) {
    rig.source.push({ [file('shop')]: toText(version) });
    const { control } = rig.engine();
    if (dieAt > 0) control.fail(dieAt, 'kill');
    await rig.apply('shop').catch(() => undefined);
    rig = await rig.restart({ store: rig.store });
    control.revive();
  }
  return rig;
}

function toText({ services, data }: Version): string {
  const lines = services.map(({ image, needs, how, scale, update }, index): [string, string] => {
    const waits = needs
      .filter((other) => other < index)
      .map((other) => `${NAMES[other]}: { condition: ${how} }`);
    const mounts = data && index === 0 ? ', volumes: ["data:/data"]' : '';
    const dependsOn = waits.length === 0 ? '' : `, depends_on: { ${waits.join(', ')} }`;
    return [
      NAMES[index] ?? '',
      `image: "${image}"${mounts}${dependsOn}, scale: ${scale}, deploy: { update_config: ${update} }`,
    ];
  });
  return stack('shop', Object.fromEntries(lines), data ? 'volumes: { data: {} }\n' : '');
}

function expectExactly(
  engine: MemoryEngine,
  { services, data }: Version,
  life: readonly { version: Version }[],
) {
  const slots = new Map(
    // A slot that was opened for an object that was never made holds nothing.
    [...(engine.stacks.get('shop') ?? [])].filter(
      ([, { current, next }]) => current !== null || next !== null,
    ),
  );
  const found = [...slots.keys()].filter((id) => !id.includes('/volume/'));
  const wanted = services.flatMap(({ image, scale }, index) =>
    replicaNumbers(scale).map((number) => ({
      image,
      id: container(replicaName(NAMES[index] ?? '', number)),
    })),
  );
  expect(found.sort()).toEqual([...wanted.map(({ id }) => id), 'local/network/default'].sort());
  for (const { id, image } of wanted) {
    expect(slots.get(id)).toMatchObject({ next: null, current: { state: 'running', spec: { image } } });
  }
  const hadData = life.some(({ version }) => version.data);
  const volumes = [...slots.keys()].filter((id) => id.includes('/volume/')).length;
  // Data that a version brought stays when a later one does not mention it.
  expect(volumes).toBeLessThanOrEqual(hadData ? 1 : 0);
  if (data) expect(volumes).toBe(1);
}
