import type { DeployTag } from '../parts/repository.ts';
import { fingerprint, hasUnreadable } from '../world/model.ts';
import type { Observation } from './observation.ts';

/** Tags that are missing in between, or that are on what could not be deployed. */
export function findFalseTags({ tags, modelOf }: Observation): string[] {
  return [...byStack(tags).values()].flatMap((own) =>
    own.flatMap((tag, index) => [
      ...(tag.number === index + 1 ? [] : [`${tag.name}: there is no number ${index + 1}`]),
      ...findFalseTag(tag, modelOf),
    ]),
  );
}

function findFalseTag(tag: DeployTag, modelOf: Observation['modelOf']): string[] {
  const model = modelOf(tag.commit);
  if (model === undefined) return [`${tag.name}: is on ${tag.commit}, which nobody pushed`];
  const described = model.stacks[tag.stack];
  if (tag.isRemoval)
    return described === undefined ? [] : [`${tag.name}: a removal where the stack is described`];
  if (described === undefined) return [`${tag.name}: a deployment where the stack is not described`];
  return described.breakage === null
    ? []
    : [`${tag.name}: on a broken description (${described.breakage.kind})`];
}

/** Stacks whose newest tag is not what runs. */
export function findFalseNewestTags({ tags, model, modelOf, sound }: Observation): string[] {
  const newest = newestOf(tags);
  const wrong = [...sound.keys()].flatMap((name) => {
    const tag = newest.get(name);
    if (tag === undefined) return [`${name}: runs, and has no tag`];
    if (tag.isRemoval) return [`${name}: runs, and its newest tag ${tag.name} is a removal`];
    const tagged = modelOf(tag.commit)?.stacks[name];
    const isSame = tagged !== undefined && fingerprint(tagged) === fingerprint(model.stacks[name]!);
    return isSame
      ? []
      : [`${name}: its newest tag ${tag.name} on ${tag.commit.slice(0, 8)} is of another description`];
  });
  if (hasUnreadable(model)) return wrong;
  const gone = [...newest].filter(([name, tag]) => model.stacks[name] === undefined && !tag.isRemoval);
  return [
    ...wrong,
    ...gone.map(([name, tag]) => `${name}: was removed, and its newest tag ${tag.name} is no removal`),
  ];
}

/** Deployments of which the daemon says otherwise than its repository. */
export function findFalseHistories({ tags, sound, listedTags }: Observation): string[] {
  const newest = newestOf(tags);
  const names = tags.map(({ name }) => name);
  const histories = [...sound].flatMap(([name, { detail, deployments, isReleaseDeployed }]) => {
    const tag = newest.get(name)?.name ?? null;
    const inHistory = deployments.find((entry) => entry.tag !== null)?.tag ?? null;
    return [
      ...(detail.deployment?.tag === tag
        ? []
        : [`${name}: shows ${detail.deployment?.tag}, the newest tag is ${tag}`]),
      ...(inHistory === tag
        ? []
        : [`${name}: its history begins with ${inHistory}, the newest tag is ${tag}`]),
      ...(isReleaseDeployed
        ? []
        : [`${name}: a release tag on what was deployed last is said not to be deployed`]),
    ];
  });
  const missing = names.filter((name) => !listedTags.includes(name));
  const made = listedTags.filter((name) => !names.includes(name));
  return [
    ...histories,
    ...missing.map((name) => `${name}: is in the repository, and not listed`),
    ...made.map((name) => `${name}: is listed, and not in the repository`),
  ];
}

function byStack(tags: readonly DeployTag[]): ReadonlyMap<string, readonly DeployTag[]> {
  return Map.groupBy(tags, ({ stack }) => stack);
}

function newestOf(tags: readonly DeployTag[]): ReadonlyMap<string, DeployTag> {
  const newest = [...byStack(tags)].flatMap(([stack, own]) =>
    own.slice(-1).map((tag) => [stack, tag] as const),
  );
  return new Map(newest);
}
