import type { Json, JsonObject } from '../../base/json.ts';
import { parseJsonWithin } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/json.ts';
import type { DesiredResource, ResourceId } from '../../model/resource.ts';
import { resourceId } from '../../model/resource.ts';
import { replicaNumber } from '../../model/rollout.ts';
import { maskSpec } from '../../model/secret.ts';

/** Labels that make an object ours. */
export const LABEL = {
  stack: 'io.kombinator.stack',
  resource: 'io.kombinator.resource',
  /** `kind/name`, the resource without the node: a node may be renamed. */
  name: 'io.kombinator.name',
  hash: 'io.kombinator.hash',
  revision: 'io.kombinator.revision',
  branch: 'io.kombinator.branch',
  spec: 'io.kombinator.spec',
  /** Stack that a one-off container belongs to; those are no resources. */
  hook: 'io.kombinator.hook',
  /** Compose project of an object that a stack has adopted. Never on the object itself: only shown, with the others (adopted/adoptions.ts). */
  adopted: 'io.kombinator.adopted',
  /** Stack whose data a container was made to reach; it is no resource. */
  data: 'io.kombinator.data',
} as const;

/**
 * Labels of built images have names of their own: a container has the labels of its image, and one that somebody starts
 * from our image is not ours. They are few, because each is a step of the build.
 */
export const IMAGE_LABEL = {
  stack: 'io.kombinator.image.stack',
  /** The values of `LABEL` as JSON. */
  owner: 'io.kombinator.image.owner',
} as const;

/** Prefix of the labels of Compose. */
export const COMPOSE = 'com.docker.compose';

export type Labels = Readonly<Record<string, string>>;

/** Owner of an object, as its labels say. */
export interface Owner {
  readonly stack: string;
  readonly id: ResourceId;
  readonly target: string;
  readonly kind: string;
  readonly name: string;
  readonly hash: string | null;
  readonly revision: string | null;
  readonly branch: string | null;
  /** Masked spec it was created with; empty when the label is missing or damaged. */
  readonly spec: JsonObject;
}

export interface LabelInput {
  readonly stack: string;
  readonly revision: string | null;
  readonly branch: string;
  readonly desired: DesiredResource;
}

/**
 * Labels for a new object: those of the user, then Compose's (so that Compose and everything that reads its labels
 * lists the stack), then ours. Later ones win. Secrets are masked.
 */
export function buildLabels({ stack, revision, branch, desired }: LabelInput): Record<string, string> {
  return {
    ...userLabels(desired),
    ...composeLabels(stack, desired),
    ...ownerLabels({ stack, revision, branch, desired }),
  };
}

/** Labels for an image that is built. */
export function buildImageLabels(input: LabelInput): Record<string, string> {
  return {
    [IMAGE_LABEL.stack]: input.stack,
    [IMAGE_LABEL.owner]: canonicalJson(ownerLabels(input)),
  };
}

/** `null`: not one that we have built. */
export function readImageOwner(labels: Labels | null | undefined): Owner | null {
  const owner = parseSpec(labels?.[IMAGE_LABEL.owner]);
  const texts = Object.entries(owner).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return readOwner(Object.fromEntries(texts));
}

function ownerLabels({ stack, revision, branch, desired }: LabelInput): Record<string, string> {
  return {
    [LABEL.stack]: stack,
    [LABEL.resource]: desired.id,
    [LABEL.name]: `${desired.kind}/${desired.name}`,
    [LABEL.hash]: desired.hash,
    [LABEL.revision]: revision ?? '',
    [LABEL.branch]: branch,
    [LABEL.spec]: canonicalJson(maskSpec(desired.spec)),
  };
}

/** `null`: not one of ours. */
export function readOwner(labels: Labels | null | undefined): Owner | null {
  const stack = labels?.[LABEL.stack];
  const [target, kind, ...rest] = (labels?.[LABEL.resource] ?? '').split('/');
  const name = rest.join('/');
  if (!labels || !stack || !target || !kind || !name) return null;
  return {
    stack,
    id: resourceId(target, kind, name),
    target,
    kind,
    name,
    hash: labels[LABEL.hash] || null,
    revision: labels[LABEL.revision] || null,
    branch: labels[LABEL.branch] || null,
    spec: parseSpec(labels[LABEL.spec]),
  };
}

/** Tells whether a change of a stack may touch an object: it is the stack's own, or was handed over by the one that the change names. */
export function isHeldBy(
  labels: Labels | null | undefined,
  stack: string,
  { madeBy }: { readonly madeBy?: string },
): boolean {
  const maker = readOwner(labels)?.stack;
  return maker !== undefined && (maker === stack || maker === madeBy);
}

/** Place of an object in a Compose project. */
export interface ComposePlace {
  readonly project: string;
  /** Service of a container; networks and volumes have none. */
  readonly service: string | null;
}

/** Tells labels that Compose writes from those of people. */
export function isOfCompose(label: string): boolean {
  return label.startsWith(`${COMPOSE}.`);
}

/** `null`: Compose has not made it. */
export function readComposePlace(labels: Labels | null | undefined): ComposePlace | null {
  const project = labels?.[`${COMPOSE}.project`];
  if (!project) return null;
  return { project, service: labels?.[`${COMPOSE}.service`] || null };
}

function userLabels({ spec }: DesiredResource): Record<string, string> {
  const labels = spec['labels'];
  const entries = labels !== null && typeof labels === 'object' ? Object.entries(labels) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function composeLabels(
  stack: string,
  { kind, name, spec, hash, origin, compose }: DesiredResource,
): Record<string, string> {
  const common = { [`${COMPOSE}.project`]: compose?.project ?? stack, [`${COMPOSE}.version`]: 'kombinator' };
  if (kind !== 'container') return { ...common, [`${COMPOSE}.${kind}`]: name, ...compose?.labels };
  return {
    ...common,
    [`${COMPOSE}.service`]: typeof spec['service'] === 'string' ? spec['service'] : name,
    [`${COMPOSE}.container-number`]: String(replicaNumber(name)),
    [`${COMPOSE}.oneoff`]: 'False',
    [`${COMPOSE}.config-hash`]: hash,
    [`${COMPOSE}.project.config_files`]: origin.file,
    [`${COMPOSE}.project.working_dir`]: '/',
    ...compose?.labels,
  };
}

/** Values of a spec that is worth reading. */
const MAX_VALUES = 100_000;

function parseSpec(text: string | undefined): JsonObject {
  try {
    const value = parseJsonWithin(text ?? '{}', MAX_VALUES);
    return isObject(value) ? value : {};
  } catch (error) {
    // Somebody else wrote this label; what it says is not worth failing for.
    if (error instanceof Error) return {};
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, Json>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
