import { canonicalJson } from '../../../base/json.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import { resourceId } from '../../../model/resource.ts';
import { replicaName } from '../../../model/rollout.ts';
import { maskSpec } from '../../../model/secret.ts';
import type { AdoptedProject } from '../../../ports/target.ts';
import type { Labels } from '../labels.ts';
import { COMPOSE, LABEL, readComposePlace } from '../labels.ts';
import { sameNetwork, sameVolume } from './objects.ts';

/*
 * Compose projects that stacks have adopted. What Compose has made cannot be given labels any more, so everything of such a project that has none of
 * ours is shown as if it had them: as the resource that the description has of it. Which stack has which project is told by the repository
 * whenever a stack is observed.
 */

export interface Adoption extends AdoptedProject {
  readonly stack: string;
  /** Name of the node that what is described nowhere is listed under. */
  readonly node: string;
  readonly desired: readonly DesiredResource[];
}

/** The adoptions on one engine. */
export interface Adoptions {
  /** Remembers what a stack has adopted; `null`: nothing. What a stack that is about to leave has adopted stays known until it is gone. */
  put(stack: string, adoption: Adoption | null): void;
  of(project: string): Adoption | undefined;
  ofStack(stack: string): Adoption | undefined;
  /** Projects of one stack, or of every stack. */
  projects(stack: string | null): readonly string[];
}

export function createAdoptions(): Adoptions {
  const byStack = new Map<string, Adoption>();
  return {
    put(stack, adoption) {
      if (adoption === null) byStack.delete(stack);
      else byStack.set(stack, adoption);
    },
    ofStack: (stack) => byStack.get(stack),
    of: (project) => [...byStack.values()].find((one) => one.project === project),
    projects(stack) {
      const all = [...byStack.values()].filter((one) => stack === null || one.stack === stack);
      return all.map(({ project }) => project);
    },
  };
}

/** An object of an engine, as far as its labels and what is compared of it go. */
export interface Labelled {
  readonly Labels?: Labels | null | undefined;
}

type Kind = 'container' | 'network' | 'volume';

/**
 * The labels of an object, with ours where it is of an adopted project and has none. The hash is left empty where a closer look is needed (containers),
 * or where the object is not as it is described.
 *
 * @param name of the object on the engine
 */
export function withOwnLabels(
  adoptions: Adoptions,
  kind: Kind,
  name: string,
  object: Labelled,
): Labels | null | undefined {
  const labels = object.Labels;
  if (!labels || labels[LABEL.stack] !== undefined) return labels;
  const place = readComposePlace(labels);
  const adoption = place === null ? undefined : adoptions.of(place.project);
  if (place === null || adoption === undefined || labels[`${COMPOSE}.oneoff`] === 'True') return labels;
  const found = findResource(adoption, kind, name, labels);
  if (found === null) return labels;
  const { resource, inside } = found;
  const isSame = resource !== undefined && isDescribed(resource, object);
  return {
    ...labels,
    [LABEL.adopted]: adoption.project,
    [LABEL.stack]: adoption.stack,
    [LABEL.resource]: resource?.id ?? resourceId(adoption.node, kind, inside),
    [LABEL.name]: `${kind}/${inside}`,
    [LABEL.hash]: isSame ? resource.hash : '',
    [LABEL.revision]: '',
    [LABEL.branch]: '',
    [LABEL.spec]: canonicalJson({ ...(resource ? maskSpec(resource.spec) : {}), name }),
  };
}

interface Found {
  readonly resource: DesiredResource | undefined;
  /** Name inside the stack. */
  readonly inside: string;
}

/** `null`: it stays the project's own. */
function findResource(
  { desired, services }: Adoption,
  kind: Kind,
  name: string,
  labels: Labels,
): Found | null {
  if (kind !== 'container') {
    const resource = desired.find(
      (one) => one.kind === kind && one.spec['name'] === name && one.spec['external'] !== true,
    );
    return { resource, inside: resource?.name ?? labels[`${COMPOSE}.${kind}`] ?? name };
  }
  const service = labels[`${COMPOSE}.service`] ?? '';
  const inside = replicaName(service, Number(labels[`${COMPOSE}.container-number`] ?? 1) || 1);
  const resource = desired.find((one) => one.kind === kind && one.name === inside);
  return resource !== undefined || services.includes(service) ? { resource, inside } : null;
}

function isDescribed(resource: DesiredResource, object: object): boolean {
  if (resource.kind === 'network') return sameNetwork(resource, object);
  return resource.kind === 'volume' && sameVolume(resource, object);
}
