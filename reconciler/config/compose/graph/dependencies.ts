import type { ComposeFault } from '../../../model/imports/compose-analysis.ts';
import { suggest } from '../../../base/nearest.ts';
import type { ReadService } from './read-services.ts';
import { toFault } from './read-services.ts';
import type { Remarks } from './remarks.ts';

/** One service that comes after another. */
export interface Order {
  readonly first: string;
  readonly second: string;
}

export interface Dependencies {
  readonly orders: readonly Order[];
  /** Services that others need. */
  readonly needed: ReadonlySet<string>;
  /** Services that others wait for until they have done their work. */
  readonly awaited: ReadonlySet<string>;
}

/** Reads what comes before what. What would close a circle is a fault, and left out. */
export function readDependencies(services: readonly ReadService[], remarks: Remarks): Dependencies {
  const names = new Set(services.map(({ name }) => name));
  const needs = new Map<string, Set<string>>();
  const needed = new Set<string>();
  const awaited = new Set<string>();
  for (const { name, fields } of services) {
    const own = new Set<string>();
    needs.set(name, own);
    for (const { service, until, path } of fields.dependsOn) {
      const message = `${name} depends on ${service}, which is no service of the project`;
      if (!names.has(service)) {
        const hint = suggest(service, [...names]);
        remarks.fault(
          toFault('UNKNOWN_SERVICE', hint === undefined ? message : `${message} (${hint})`, path),
        );
        continue;
      }
      if (until === 'completed') awaited.add(service);
      needed.add(service);
      own.add(service);
    }
  }
  return { orders: withoutCircles(needs, remarks), needed, awaited };
}

/** Circles that are told of: as soon as some are opened, others may be gone. */
const MAX_CIRCLES = 20;

interface Step {
  readonly name: string;
  readonly rest: string[];
}

/** Walks from each service, with a stack of its own: a chain may be long. */
function withoutCircles(needs: ReadonlyMap<string, ReadonlySet<string>>, remarks: Remarks): readonly Order[] {
  const way: Way = { needs, remarks, orders: [], done: new Set(), open: new Set(), circles: 0 };
  for (const start of needs.keys()) {
    const walk = way.done.has(start) ? [] : [stepOf(way, start)];
    while (walk.length > 0) goOn(way, walk);
  }
  return way.orders;
}

interface Way {
  readonly needs: ReadonlyMap<string, ReadonlySet<string>>;
  readonly remarks: Remarks;
  readonly orders: Order[];
  readonly done: Set<string>;
  /** Services of the steps of the walk. */
  readonly open: Set<string>;
  circles: number;
}

function stepOf({ open, needs }: Way, name: string): Step {
  open.add(name);
  return { name, rest: [...(needs.get(name) ?? [])] };
}

/** Looks at one need of the last step, or takes the step back when it has no more. */
function goOn(way: Way, walk: Step[]): void {
  const { open, done, orders, remarks } = way;
  const top = walk.at(-1);
  const next = top?.rest.shift();
  if (top === undefined || next === undefined) {
    walk.pop();
    if (top === undefined) return;
    done.add(top.name);
    open.delete(top.name);
  } else if (open.has(next)) {
    way.circles += 1;
    if (way.circles <= MAX_CIRCLES) remarks.fault(toCircle(walk, next));
  } else {
    orders.push({ first: next, second: top.name });
    if (!done.has(next)) walk.push(stepOf(way, next));
  }
}

/** The fault of a walk that comes back to one of its steps. */
function toCircle(walk: readonly Step[], back: string): ComposeFault {
  const names = walk.slice(walk.findIndex(({ name }) => name === back)).map(({ name }) => name);
  const message = `services depend on each other: ${[...names, back].join(' → ')}`;
  return { code: 'CIRCULAR_DEPENDENCY', message, service: walk.at(-1)?.name ?? back, field: 'depends_on' };
}
