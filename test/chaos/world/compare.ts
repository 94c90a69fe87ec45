import { textOf } from './describe.ts';
import type { Ledger } from './ledger.ts';
import { containerOf, hasUnreadable, IMAGES, isHindered } from './model.ts';
import type { ServiceModel, WorldModel } from './model.ts';
import type { EngineSnapshot, SeenContainer } from './snapshot.ts';

export interface Difference {
  /** `wrong`: does not run as described; `left`: nobody describes it; `double`: there is more than one. */
  readonly kind: 'wrong' | 'left' | 'double';
  readonly text: string;
}

/** Lists how an engine differs from what the newest commit describes. Pure; empty when nothing does. */
export function compareWorld(model: WorldModel, ledger: Ledger, snapshot: EngineSnapshot): Difference[] {
  return [
    ...compareContainers(model, ledger, snapshot),
    ...findLeftContainers(model, snapshot),
    ...compareNetworks(model, snapshot),
  ];
}

function compareContainers(model: WorldModel, ledger: Ledger, { containers }: EngineSnapshot): Difference[] {
  const wrong: string[] = [];
  for (const [name, stack] of Object.entries(model.stacks)) {
    const isFree = isHindered(model, name);
    for (const [service, described] of Object.entries(stack.services)) {
      const container = containerOf(name, service, described);
      const seen = containers.find((one) => one.name === container);
      if (isFree) wrong.push(...compareHindered(seen, { stack: name, service, container, ledger }));
      else if (seen === undefined) wrong.push(`${container}: missing`);
      else wrong.push(...compareContainer(seen, name, described));
    }
  }
  return wrong.map((text) => ({ kind: 'wrong', text }));
}

function compareContainer(seen: SeenContainer, stack: string, described: ServiceModel): string[] {
  const same = (left: readonly string[], right: readonly string[]) =>
    left.toSorted().join() === right.toSorted().join();
  const volumes = described.volume === null ? [] : [`${stack}_${described.volume}`];
  const networks = [
    `${stack}_default`,
    ...(described.network === null ? [] : [`${stack}_${described.network}`]),
  ];
  const differences: readonly (readonly [boolean, string])[] = [
    [seen.stack === stack, `is labelled ${seen.stack}`],
    [seen.status === 'running', `is ${seen.status}`],
    [
      seen.revision === String(described.revision),
      `runs revision ${seen.revision}, not ${described.revision}`,
    ],
    [
      seen.content === textOf(described.content),
      `its file says ${seen.content?.trim()}, not ${described.content}`,
    ],
    [seen.image === IMAGES[described.image], `runs the image ${seen.image}`],
    [same(seen.volumes, volumes), `has the volumes ${seen.volumes.join()}, not ${volumes.join()}`],
    [same(seen.networks, networks), `has the networks ${seen.networks.join()}, not ${networks.join()}`],
    [!described.isProbed || seen.health === 'healthy', `its health is ${seen.health}`],
  ];
  return differences.flatMap(([isRight, text]) => (isRight ? [] : [`${seen.name}: ${text}`]));
}

interface Expected {
  readonly stack: string;
  readonly service: string;
  readonly container: string;
  readonly ledger: Ledger;
}

/** A stack that cannot be brought in goes on as it was: what has run still runs, in a version that was described well. */
function compareHindered(
  seen: SeenContainer | undefined,
  { stack, service, container: name, ledger }: Expected,
): string[] {
  if (!ledger.hasRun(stack, service)) return [];
  if (seen === undefined) return [`${name}: gone, although only a broken description asks for a change`];
  if (seen.status !== 'running') return [`${name}: is ${seen.status} while a broken description is in force`];
  const admissible = ledger.admissible(stack, service);
  if (seen.revision !== null && admissible.has(Number(seen.revision))) return [];
  return [
    `${name}: runs revision ${seen.revision}, which was never described well (${[...admissible].join()})`,
  ];
}

function findLeftContainers(model: WorldModel, { containers }: EngineSnapshot): Difference[] {
  const expected = new Set(
    Object.entries(model.stacks).flatMap(([name, { services }]) =>
      Object.entries(services).map(([service, described]) => containerOf(name, service, described)),
    ),
  );
  const names = containers.map(({ name }) => name);
  const left = containers.filter(({ name, stack }) => {
    if (expected.has(name)) return false;
    const owner = stack ?? ownerOf(name);
    // Containers that a broken description takes away may still be there, but never a half-made replacement.
    return !isExcused(model, owner) || name.includes('.next');
  });
  return [
    ...left.map((one): Difference => ({
      kind: 'left',
      text: `container ${one.name} (${one.status}, ${one.stack})`,
    })),
    ...findDoubles(names).map((name): Difference => ({ kind: 'double', text: `container ${name}` })),
  ];
}

function compareNetworks(model: WorldModel, { networks }: EngineSnapshot): Difference[] {
  const expected = Object.entries(model.stacks).flatMap(([name, { services }]) => {
    const more = Object.values(services).flatMap(({ network }) =>
      network === null ? [] : [`${name}_${network}`],
    );
    return [`${name}_default`, ...more];
  });
  const missing = [...new Set(expected)].filter(
    (network) => !networks.includes(network) && !isHindered(model, ownerOf(network)),
  );
  const left = networks.filter(
    (network) => !expected.includes(network) && !isExcused(model, ownerOf(network)),
  );
  return [
    ...missing.map((network): Difference => ({ kind: 'wrong', text: `network ${network}: missing` })),
    ...left.map((network): Difference => ({ kind: 'left', text: `network ${network}` })),
    ...findDoubles(networks).map((network): Difference => ({ kind: 'double', text: `network ${network}` })),
  ];
}

/** Tells whether something may still be there: its stack is described and hindered, or nobody can tell whether it is described. */
function isExcused(model: WorldModel, stack: string): boolean {
  return model.stacks[stack] === undefined ? hasUnreadable(model) : isHindered(model, stack);
}

function ownerOf(name: string): string {
  return name.replace(/[-_].*$/, '');
}

function findDoubles(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
