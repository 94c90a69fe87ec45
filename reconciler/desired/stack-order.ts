import type { DocumentDiagnostic } from '../base/document-diagnostic.ts';
import { suggest } from '../base/nearest.ts';
import type { StackDependency } from '../config/kombination/stack-dependencies.ts';

/** The part of a stack that the order between stacks has to know. */
export interface OrderedStack {
  readonly name: string;
  readonly dependsOn: readonly StackDependency[];
}

/** The order of stacks that wait for others; run/decide/gates.ts holds them. Costs nothing for stacks that wait for none and that none waits for. */
export interface StackOrder {
  link(stack: OrderedStack): void;
  unlink(stack: OrderedStack): void;
  /** Stacks that wait for this one, those that left the description while it was known included; sorted. */
  dependantsOf(name: string): readonly string[];
  /** Returns what a stack waited for when it was described last. */
  formerDependencies(name: string): readonly string[];
  /** Adds all described stacks that wait for one of these, and those that wait for them, and so on. */
  addDependants(names: Set<string>, isDescribed: (name: string) => boolean): void;
  /** Names that are not there, and circles. */
  diagnosticsOf(stack: OrderedStack, directory: StackDirectory): readonly DocumentDiagnostic[];
}

export interface StackDirectory {
  find(name: string): OrderedStack | undefined;
  names(): readonly string[];
}

export function createStackOrder(): StackOrder {
  /** The waiting stacks by the stack they wait for, with the number of descriptions that say so (two files may bear one name). */
  const dependants = new Map<string, Map<string, number>>();
  const former = new Map<string, readonly string[]>();
  const count = (dependency: string, name: string, by: 1 | -1): void => {
    const users = dependants.get(dependency) ?? new Map<string, number>();
    const next = (users.get(name) ?? 0) + by;
    if (next > 0) users.set(name, next);
    else users.delete(name);
    if (users.size > 0) dependants.set(dependency, users);
    else dependants.delete(dependency);
  };
  const forget = (name: string): void => {
    for (const dependency of former.get(name) ?? []) count(dependency, name, -1);
    former.delete(name);
  };
  return {
    link({ name, dependsOn }) {
      forget(name);
      for (const dependency of dependsOn) count(dependency.name, name, 1);
    },
    unlink({ name, dependsOn }) {
      for (const dependency of dependsOn) count(dependency.name, name, -1);
      if (dependsOn.length === 0) return;
      // Should it not come back, what it waited for still has to be removed after it.
      forget(name);
      former.set(
        name,
        dependsOn.map((dependency) => dependency.name),
      );
      for (const dependency of dependsOn) count(dependency.name, name, 1);
    },
    dependantsOf: (name) => [...(dependants.get(name)?.keys() ?? [])].sort(),
    formerDependencies: (name) => former.get(name) ?? [],
    addDependants(names, isDescribed) {
      // A set shows what is added to it while it is walked through.
      for (const name of names) {
        for (const user of dependants.get(name)?.keys() ?? []) if (isDescribed(user)) names.add(user);
      }
    },
    diagnosticsOf: (stack, directory) =>
      stack.dependsOn.flatMap((one) => diagnosticOf(stack, one, directory)),
  };
}

function diagnosticOf(
  stack: OrderedStack,
  { name, path }: StackDependency,
  directory: StackDirectory,
): DocumentDiagnostic[] {
  const severity = 'error' as const;
  if (directory.find(name) === undefined) {
    const message = `${stack.name} depends on the stack ${name}, which is not in this repository`;
    const others = directory.names().filter((other) => other !== stack.name);
    const hint = suggest(name, others);
    return [{ severity, code: 'UNKNOWN_STACK', path, message, ...(hint === undefined ? {} : { hint }) }];
  }
  const circle = findCircle(stack.name, name, directory);
  if (circle === null) return [];
  const message = `stacks wait for each other: ${circle.join(' → ')}`;
  return [
    { severity, code: 'CIRCULAR_DEPENDENCY', path, message, hint: 'take one of them out of dependsOn' },
  ];
}

/** The shortest way from a stack through this dependency back to it. */
function findCircle(start: string, through: string, directory: StackDirectory): readonly string[] | null {
  const ways = new Map<string, readonly string[]>([[through, [start, through]]]);
  for (const [name, way] of ways) {
    if (name === start) return way;
    for (const next of directory.find(name)?.dependsOn ?? []) {
      if (!ways.has(next.name)) ways.set(next.name, [...way, next.name]);
    }
  }
  return null;
}
