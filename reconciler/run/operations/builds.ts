import { ReconcilerError } from '../../base/errors.ts';
import type { RegistryCredentials } from '../../model/registry.ts';
import { findByHost } from '../../model/registry.ts';
import type { TargetReference } from '../../model/target.ts';
import type { BuildSetup } from '../../ports/builds/build-policy.ts';
import type { BuildRecord } from '../../ports/builds/build-records.ts';
import type { Target } from '../../ports/target.ts';
import type { BuildOperations } from '../../public/builds.ts';
import { Builds } from '../builds/builds.ts';
import { findPlaces, giveImage } from '../builds/give-image.ts';
import { imageReference } from '../builds/image-reference.ts';
import { readBuildRequest } from '../builds/read-request.ts';
import type { CheckParts } from '../registries/check-registry.ts';
import { registryLogin } from '../registries/check-registry.ts';
import type { OperationParts } from './parts.ts';

export interface BuildParts extends OperationParts {
  readonly setup: BuildSetup;
  readonly onEnd: (build: BuildRecord) => void;
  readonly checks: CheckParts;
  readonly createTarget: (reference: TargetReference) => Target;
}

export interface BuildWork {
  readonly operations: BuildOperations;
  readonly builds: Builds;
}

/** The builds of this process, which whoever makes them disposes of, and what can be asked of them. */
export function createBuilds(parts: BuildParts): BuildWork {
  const { context, setup, checks, createTarget, onEnd } = parts;
  const { desired } = context;
  const find = (id: string) => {
    const entry = desired.settings().registryEntries.find((one) => one.id === id);
    if (entry === undefined) throw new ReconcilerError('UNKNOWN_REGISTRY', `registry not found: ${id}`);
    return entry;
  };
  const login = (id: string, signal: AbortSignal): Promise<RegistryCredentials> => {
    const entry = find(id);
    return registryLogin(checks, entry, findByHost(entry.host, desired.settings().registries), signal);
  };
  const builds = new Builds({
    ...context,
    ...setup,
    createTarget,
    onEnd,
    login,
    giveImage: ({ record, actor, service }, digest) =>
      giveImage(
        parts,
        { stack: record.stack ?? '', service, image: `${record.image}@${digest}` },
        // The image is pushed: what belongs to it is carried through.
        { actor, signal: new AbortController().signal },
      ),
  });
  return {
    builds,
    operations: {
      async startBuild(asked, actor, signal) {
        const request = readBuildRequest(asked);
        const { stack = null, service = null, registry, owner = actor.email } = asked;
        const repository = await setup.fetcher.check(request.repository);
        const { username } = await login(registry, signal);
        if (stack !== null) findPlaces(desired.get(stack), { stack, service });
        const image = imageReference(find(registry), username, request);
        const record = { owner, stack, repository, registry, image };
        return builds.add({ request, record, service, actor });
      },
      getBuild: (id) => builds.get(id),
      listBuilds: (filter) => builds.list(filter),
      buildLog: (id, afterSequence) => builds.log(id, afterSequence),
      followBuild: (id, signal) => builds.follow(id, signal),
      cancelBuild: (id) => builds.cancel(id),
    },
  };
}
