/* The model of what a config repository describes: values only. What should run follows from it, without asking Kombinator. */

export interface ServiceModel {
  /** Value of the variable `REV`; no two descriptions of a service share one. */
  readonly revision: number;
  /** Number in the file that is mounted into it. */
  readonly content: number;
  readonly image: 1 | 2;
  readonly volume: string | null;
  /** A network besides the default one. */
  readonly network: string | null;
  /** Another service of the stack. */
  readonly dependsOn: string | null;
  readonly isProbed: boolean;
  /** Name of its container, where it has one of its own; a service that is renamed keeps it. */
  readonly containerName: string | null;
}

/** Name of the container of a service. */
export function containerOf(stack: string, service: string, { containerName }: ServiceModel): string {
  return containerName ?? `${stack}-${service}-1`;
}

/** The reason why a description cannot be carried out: its file is no YAML, has a key that is none, or one service does not become well. */
export type Breakage =
  | { readonly kind: 'yaml' | 'schema' }
  | { readonly kind: 'unhealthy' | 'image'; readonly service: string; readonly revision: number };

export interface StackModel {
  /** Folder of its files, from the root of the repository. */
  readonly directory: string;
  readonly services: Readonly<Record<string, ServiceModel>>;
  /** Stacks that have to be well before it. */
  readonly needs: readonly string[];
  readonly breakage: Breakage | null;
}

export interface WorldModel {
  readonly stacks: Readonly<Record<string, StackModel>>;
  /** Numbers that were given out, for revisions and contents. */
  readonly counter: number;
  /** Names of stacks that were given out: none is used twice. */
  readonly names: number;
}

export const EMPTY_WORLD: WorldModel = { stacks: {}, counter: 0, names: 0 };

export const IMAGES = { 1: 'kombinator-chaos/busybox:1', 2: 'kombinator-chaos/busybox:2' } as const;

/** Tells two descriptions of a stack apart; those that ask for the same containers are one. */
export function fingerprint(stack: StackModel): string {
  const services = Object.entries(stack.services).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(
    services.map(([name, service]) => [
      name,
      service.revision,
      service.content,
      service.image,
      service.volume,
      service.network,
      service.isProbed,
      service.dependsOn,
      service.containerName,
    ]),
  );
}

/** Tells whether a stack is broken, or waits for one that is: nothing can be demanded of it but that what ran goes on. */
export function isHindered(model: WorldModel, name: string, seen: readonly string[] = []): boolean {
  const stack = model.stacks[name];
  if (stack === undefined || stack.breakage !== null) return true;
  if (seen.includes(name)) return false;
  return stack.needs.some((needed) => isHindered(model, needed, [...seen, name]));
}

/** Tells whether one file cannot be read, so that nobody can tell which stacks left the repository. */
export function hasUnreadable(model: WorldModel): boolean {
  return Object.values(model.stacks).some(({ breakage }) => breakage?.kind === 'yaml');
}

export function isAnyBroken(model: WorldModel): boolean {
  return Object.values(model.stacks).some(({ breakage }) => breakage !== null);
}

/** Names of the stacks that have to run as described. */
export function soundStacks(model: WorldModel): string[] {
  return Object.keys(model.stacks).filter((name) => !isHindered(model, name));
}
