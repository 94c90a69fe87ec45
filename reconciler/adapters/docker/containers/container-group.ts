import type { ContainerInfo } from 'dockerode';
import type { Engine } from '../engine/engine.ts';
import type { Owner } from '../labels.ts';
import { readOwner } from '../labels.ts';

export interface OwnedContainer {
  readonly id: string;
  readonly name: string;
  readonly owner: Owner;
  readonly info: ContainerInfo;
}

/** All containers of one resource. More than a `current` one means that a replace is open or was cut short. */
export interface ContainerGroup {
  readonly current: OwnedContainer | null;
  /** `<name>.next`: takes over once it is healthy. */
  readonly next: OwnedContainer | null;
  /** Ours by their labels, under a name we did not give. */
  readonly strays: readonly OwnedContainer[];
}

export const EMPTY_GROUP: ContainerGroup = { current: null, next: null, strays: [] };

/** Name of a replacement until it takes over. */
export function nextName(name: string): string {
  return `${name}.next`;
}

/**
 * Name of a container that has given up its own for another one to have, until it goes or gets it back. Ends in its id: two that gave up the same
 * name, one after the other, are in nobody's way.
 */
export function asideName(container: OwnedContainer): string {
  return `${ownName(container)}.prev-${container.id.slice(0, 12)}`;
}

/** Tells whether a container has made room for another one. */
export function isAside(container: OwnedContainer): boolean {
  return container.name === asideName(container);
}

/** The name that a container was made for. */
export function ownName({ owner, name }: OwnedContainer): string {
  const given = owner.spec['name'];
  return typeof given === 'string' ? given : name.replace(/\.(next|prev-[0-9a-f]{12})$/, '');
}

export async function readGroup(
  engine: Engine,
  stack: string,
  name: string,
  signal: AbortSignal,
): Promise<ContainerGroup> {
  return groupContainers(await engine.findContainers(stack, name, signal)).get(name) ?? EMPTY_GROUP;
}

/** Finds a container of the stack that bears this name on the engine for the time being: what it is called otherwise is another one. */
export async function findInterim(
  engine: Engine,
  stack: string,
  name: string,
  signal: AbortSignal,
): Promise<OwnedContainer | null> {
  const found = await findNamed(engine, stack, name, signal);
  return found && ownName(found) !== name ? found : null;
}

/** Finds a container of the stack by the name that it bears; `null`: there is none. */
export async function findNamed(
  engine: Engine,
  stack: string,
  name: string,
  signal: AbortSignal,
): Promise<OwnedContainer | null> {
  const named = (await engine.containersNamed([name], signal)).map(toOwned);
  return named.find((one) => one?.name === name && one.owner.stack === stack) ?? null;
}

/** Groups by name of the resource inside the stack. */
export function groupContainers(list: readonly ContainerInfo[]): ReadonlyMap<string, ContainerGroup> {
  const byName = new Map<string, OwnedContainer[]>();
  for (const info of list) {
    const container = toOwned(info);
    if (container === null) continue;
    const { name } = container.owner;
    byName.set(name, [...(byName.get(name) ?? []), container]);
  }
  return new Map([...byName].map(([name, containers]) => [name, classify(containers)]));
}

/** `null`: it is nobody's container. */
function toOwned(info: ContainerInfo): OwnedContainer | null {
  const owner = readOwner(info.Labels);
  return owner?.kind === 'container' ? { id: info.Id, name: nameOf(info), owner, info } : null;
}

export function membersOf({ current, next, strays }: ContainerGroup): readonly OwnedContainer[] {
  return [current, next, ...strays].filter((container) => container !== null);
}

function classify(containers: readonly OwnedContainer[]): ContainerGroup {
  // The newest first: should two bear the right name of different times, it is the one that counts.
  const sorted = [...containers].sort((a, b) => b.info.Created - a.info.Created || (a.id < b.id ? -1 : 1));
  const called = (nameFor: (container: OwnedContainer) => string) =>
    sorted.find((container) => container.name === nameFor(container)) ?? null;
  const current = called(ownName) ?? called(asideName);
  const next = called((container) => nextName(ownName(container)));
  return { current, next, strays: sorted.filter((container) => container !== current && container !== next) };
}

/** Name without the slash, and not one that links of other containers give. */
function nameOf({ Names, Id }: ContainerInfo): string {
  return Names.find((name) => name.lastIndexOf('/') === 0)?.slice(1) ?? Id;
}
