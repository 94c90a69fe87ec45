import { ReconcilerError } from '../../base/errors.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../../model/resource.ts';
import type { ObserveScope } from '../../ports/target.ts';
import type { Engine } from './engine/engine.ts';
import { fingerprint } from './fingerprint.ts';
import type { ComposePlace, Labels } from './labels.ts';
import { readComposePlace, readOwner } from './labels.ts';

/** Kinds whose objects have names that only one of them can bear. */
const NAMED_KINDS = ['container', 'network', 'volume'] as const;
type NamedKind = (typeof NAMED_KINDS)[number];

/** An object of somebody else that bears a name which a stack needs. */
export interface TakenName {
  readonly kind: NamedKind;
  readonly name: string;
  readonly labels: Labels | null | undefined;
}

/** Reason why an object cannot be made, and what to do about it. */
export interface Refusal {
  readonly reason: string;
  readonly hint: string;
}

/**
 * Observes what is described, is not there, and cannot be made because somebody else's object bears its name: each as missing and refused.
 * One call for each kind of which something is to be made.
 * @param present ids of what the stack has
 */
export async function observeTaken(
  engine: Engine,
  { stack, desired }: ObserveScope,
  present: ReadonlySet<ResourceId>,
  signal: AbortSignal,
): Promise<ObservedResource[]> {
  const found = await Promise.all(
    NAMED_KINDS.map(async (kind) => {
      const absent = desired.filter(
        (resource) =>
          resource.kind === kind && !present.has(resource.id) && resource.spec['external'] !== true,
      );
      if (absent.length === 0) return [];
      const names = new Set(absent.map(nameOf));
      const taken = new Map<string, TakenName>();
      for (const one of await findByName(engine, kind, [...names], signal)) {
        // The stack's own objects under a name that they should not have are put right by the change of their resource.
        if (readOwner(one.labels)?.stack !== stack) taken.set(one.name, one);
      }
      return absent.flatMap((resource) => {
        const one = taken.get(nameOf(resource));
        return one === undefined ? [] : [refused(resource, explainTaken(one))];
      });
    }),
  );
  return found.flat();
}

/** NAME_TAKEN, saying who has the name and what to do. */
export function nameTaken(taken: TakenName): ReconcilerError {
  const { reason, hint } = explainTaken(taken);
  return new ReconcilerError('NAME_TAKEN', `${reason}: ${hint}`);
}

/** The same for a container, which the engine only tells the name of. */
export async function containerNameTaken(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<ReconcilerError> {
  const [taken] = await findByName(engine, 'container', [name], signal);
  return nameTaken(taken ?? { kind: 'container', name, labels: null });
}

async function findByName(
  engine: Engine,
  kind: NamedKind,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly TakenName[]> {
  const taken = await listByName(engine, kind, names, signal);
  return taken.filter(({ name }) => names.includes(name));
}

async function listByName(
  engine: Engine,
  kind: NamedKind,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly TakenName[]> {
  switch (kind) {
    case 'container': {
      const found = await engine.containersNamed(names, signal);
      return found.flatMap(({ Names, Labels }) =>
        Names.map((name) => ({ kind, name: name.replace(/^\//, ''), labels: Labels })),
      );
    }
    case 'network': {
      const found = await engine.networksNamed(names, signal);
      return found.map(({ Name, Labels }) => ({ kind, name: Name, labels: Labels }));
    }
    case 'volume': {
      const found = await engine.volumesNamed(names, signal);
      return found.map(({ Name, Labels }) => ({ kind, name: Name, labels: Labels }));
    }
    default:
      return kind satisfies never;
  }
}

/** Says whose it is, and how the stack can come to it. */
export function explainTaken({ kind, name, labels }: TakenName): Refusal {
  const owner = readOwner(labels);
  const compose = readComposePlace(labels);
  const whose =
    owner !== null
      ? `belongs to the stack ${owner.stack}`
      : compose !== null
        ? `belongs to ${describePlace(compose)}`
        : 'was made by somebody else';
  const hint = owner === null ? adviceFor(kind, name, compose) : adviceFrom(kind, name, owner.stack);
  return { reason: `${kind} ${name} is there already and ${whose}`, hint };
}

function describePlace({ project, service }: ComposePlace): string {
  return `the Compose project ${project}${service === null ? '' : ` (service ${service})`}`;
}

function adviceFrom(kind: NamedKind, name: string, stack: string): string {
  if (kind !== 'volume') return `give it another name, or take it out of ${stack}`;
  return `to use its data beside ${stack}, write external: true and name: ${name} under volumes:; to have it alone, take it out of ${stack}: a stack of this repository hands it over with its data`;
}

function adviceFor(kind: NamedKind, name: string, compose: ComposePlace | null): string {
  if (kind === 'volume')
    return `to go on using its data as it is, write external: true and name: ${name} under volumes:; or remove it by hand, with its data`;
  if (compose === null) return 'remove or rename it by hand, or give ours another name';
  return `docker compose -p ${compose.project} down removes the containers and networks of the project and keeps its volumes; or remove it by hand`;
}

/** Observes what is described as missing, and as something that the engine would not take now. */
export function refused(desired: DesiredResource, { reason, hint }: Refusal): ObservedResource {
  const { id, target, kind, name } = desired;
  return {
    id,
    target,
    kind,
    name,
    hash: null,
    revision: null,
    spec: {},
    health: { status: 'missing', reason },
    fingerprint: fingerprint(['taken', reason]),
    interrupted: false,
    // It is somebody else's: nothing that the stack leaves behind.
    shared: true,
    dryRun: { fields: [], immutable: null, conflicts: [], refused: reason, hint },
  };
}

function nameOf({ spec }: DesiredResource): string {
  return typeof spec['name'] === 'string' ? spec['name'] : '';
}
