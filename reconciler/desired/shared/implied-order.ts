import type { DocumentPath } from '../../base/document-path.ts';
import type { StackDependency } from '../../config/kombination/stack-dependencies.ts';
import { createMultiMap } from './multi-map.ts';

/** A network or volume on an engine that a stack uses and somebody else makes. */
export interface SharedUse {
  readonly key: string;
  readonly path: DocumentPath;
}

/** Networks and volumes of a stack that others may use, and those of others that it uses; left out: none. */
export interface SharedObjects {
  /** Keys as `sharedKey` has them. */
  readonly makes?: readonly string[];
  readonly uses?: readonly SharedUse[];
}

/** The part of an entry that the implied order has to know. */
interface Sharing extends SharedObjects {
  readonly file: string;
  readonly name: string;
  readonly dependsOn: readonly StackDependency[];
}

/**
 * The order that follows from what stacks share: one that uses a network or volume which it does not make comes after the stack that makes it.
 * What would close a circle is left out, since a circle may be one of what runs already.
 */
export interface ImpliedOrder<E extends Sharing = Sharing> {
  link(entry: E): void;
  /** Leaves what was implied for it in place until `settle`. */
  unlink(entry: E): void;
  /** Stacks that come first and that the entry does not name itself, as of the last `settle`. */
  dependenciesOf(entry: E): readonly StackDependency[];
  makerFor(entry: E, key: string): string | undefined;
  /** Finds the order anew after changes; returns entries for which it is another one, with what was implied before. */
  settle(find: (name: string) => E | undefined): readonly Settled<E>[];
}

interface Settled<E> {
  readonly entry: E;
  readonly before: readonly StackDependency[];
}

const NONE: readonly StackDependency[] = [];

export function createImpliedOrder<E extends Sharing>(): ImpliedOrder<E> {
  const makers = createMultiMap<E>();
  const users = createMultiMap<E>();
  const using = new Set<E>();
  const implied = new Map<E, readonly StackDependency[]>();
  let isSettled = true;
  const touch = ({ makes = [], uses = [], dependsOn }: E): void => {
    const isShared = uses.length + dependsOn.length > 0 || makes.some((key) => users.get(key).size > 0);
    if (isShared) isSettled = false;
  };
  const wanted = (entry: E): readonly StackDependency[] => {
    const named = new Set([entry.name, ...entry.dependsOn.map(({ name }) => name)]);
    const found = new Map<string, StackDependency>();
    for (const { key, path } of entry.uses ?? []) {
      for (const { name } of makers.get(key)) if (!named.has(name)) found.set(name, { name, path });
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  return {
    link(entry) {
      for (const key of entry.makes ?? []) makers.add(key, entry);
      for (const { key } of entry.uses ?? []) users.add(key, entry);
      if (entry.uses !== undefined) using.add(entry);
      touch(entry);
    },
    unlink(entry) {
      touch(entry);
      for (const key of entry.makes ?? []) makers.remove(key, entry);
      for (const { key } of entry.uses ?? []) users.remove(key, entry);
      using.delete(entry);
      implied.delete(entry);
    },
    dependenciesOf: (entry) => implied.get(entry) ?? NONE,
    makerFor(entry, key) {
      const names = new Set([...(implied.get(entry) ?? []), ...entry.dependsOn].map(({ name }) => name));
      return [...makers.get(key)].map(({ name }) => name).find((name) => names.has(name));
    },
    settle(find) {
      if (isSettled) return [];
      isSettled = true;
      const changed: Settled<E>[] = [];
      for (const [entry, kept] of withoutCircles(
        new Map([...using].map((one) => [one, wanted(one)])),
        find,
      )) {
        const before = implied.get(entry) ?? NONE;
        implied.set(entry, kept);
        if (namesIn(before) !== namesIn(kept)) changed.push({ entry, before });
      }
      return changed;
    },
  };
}

/** Leaves out what leads back to where it comes from. */
function withoutCircles<E extends Sharing>(
  graph: ReadonlyMap<E, readonly StackDependency[]>,
  find: (name: string) => E | undefined,
): ReadonlyMap<E, readonly StackDependency[]> {
  const next = (name: string): readonly StackDependency[] => {
    const entry = find(name);
    return entry === undefined ? NONE : [...entry.dependsOn, ...(graph.get(entry) ?? NONE)];
  };
  const names = [...graph.keys()].map(({ name }) => name);
  const circling = circlingNames(names, next);
  return new Map(
    [...graph].map(([entry, all]) => {
      const isOpen = ({ name }: StackDependency) => !leadsTo(name, entry.name, next);
      return [entry, circling.has(entry.name) ? all.filter(isOpen) : all];
    }),
  );
}

function namesIn(dependencies: readonly StackDependency[]): string {
  return dependencies.map(({ name }) => name).join(' ');
}

type Next = (name: string) => readonly StackDependency[];

/** Names on circles and such as lead into one: what is left when those that wait for nobody are taken away, again and again. */
function circlingNames(starts: readonly string[], next: Next): ReadonlySet<string> {
  const waiting = new Map<string, number>();
  const waitedBy = new Map<string, string[]>();
  const seen = new Set(starts);
  for (const name of seen) {
    const others = new Set(next(name).map((dependency) => dependency.name));
    waiting.set(name, others.size);
    for (const other of others) {
      const users = waitedBy.get(other);
      if (users === undefined) waitedBy.set(other, [name]);
      else users.push(name);
      seen.add(other);
    }
  }
  const free = [...waiting].filter(([, count]) => count === 0).map(([name]) => name);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    waiting.delete(name);
    for (const user of waitedBy.get(name) ?? []) {
      const count = (waiting.get(user) ?? 0) - 1;
      waiting.set(user, count);
      if (count === 0) free.push(user);
    }
  }
  return new Set(waiting.keys());
}

function leadsTo(from: string, to: string, next: Next): boolean {
  const seen = new Set([from]);
  for (const name of seen) {
    if (name === to) return true;
    for (const dependency of next(name)) seen.add(dependency.name);
  }
  return false;
}
