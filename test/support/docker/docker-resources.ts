import { blobId } from '../../../reconciler/base/blob-id.ts';
import type {
  BuildSecretSpec,
  ContainerSpec,
  ImageSpec,
  NetworkSpec,
  VolumeSpec,
} from '../../../reconciler/model/docker/docker-spec.ts';
import { CONTAINER_UPDATABLE } from '../../../reconciler/model/docker/docker-spec.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../../../reconciler/model/resource.ts';
import { hashSpec, resourceId } from '../../../reconciler/model/resource.ts';
import type { Spec } from '../../../reconciler/model/secret.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import { diffResource } from '../../../reconciler/plan/diff-resource.ts';
import type { Action } from '../../../reconciler/plan/plan.ts';
import { hasCapability } from '../../../reconciler/ports/target-capabilities.ts';
import type { ApplyContext, ResourceChange, Target } from '../../../reconciler/ports/target.ts';

export const TARGET = 'edge';
export const REVISION = '1'.repeat(40);

/** Desired resources of one stack as the renderer writes them, on the node `edge`. */
export function resourcesOf(stack: string) {
  const make = (
    kind: string,
    name: string,
    spec: Spec,
    more: Partial<DesiredResource> = {},
  ): DesiredResource => {
    const updatable = more.updatable ?? [];
    return {
      id: resourceId(TARGET, kind, name),
      target: TARGET,
      kind,
      name,
      spec,
      hash: hashSpec(spec, updatable),
      updatable,
      dependsOn: [],
      origin: { file: `kombinations/${stack}/kombination.yaml`, line: 1, column: 1 },
      ...more,
    };
  };
  return {
    network: (name: string, spec: Partial<NetworkSpec> = {}) =>
      make('network', name, { name: `${stack}_${name}`, ...spec }, spec.external ? { shared: true } : {}),
    volume: (name: string, spec: Partial<VolumeSpec> = {}) =>
      make('volume', name, { name: `${stack}_${name}`, ...spec }, { guarded: true }),
    image: (reference: string, pullPolicy: ImageSpec['pullPolicy'] = 'missing') =>
      make('image', reference, { reference, pullPolicy }, { shared: true }),
    /** Built from this Dockerfile alone, which the context of the apply has to hold. */
    built: (dockerfile: string, secrets: readonly BuildSecretSpec[] = []) => {
      const reference = `${stack}-web:0123456789ab`;
      const build = { context: 'c', dockerfile: 'Dockerfile' };
      const blob = blobId(new TextEncoder().encode(dockerfile));
      const content = [{ path: 'Dockerfile', type: 'file', blob }] as const;
      return {
        image: make('image', reference, { reference, service: 'web', build, secrets }, { content }),
        blobs: { [blob]: dockerfile },
      };
    },
    container: (service: string, spec: Partial<ContainerSpec> & { readonly image: string }) =>
      make(
        'container',
        service,
        {
          name: `${stack}-${service}-1`,
          service,
          restart: { policy: 'unless-stopped' },
          resources: {},
          ...spec,
        },
        { updatable: CONTAINER_UPDATABLE },
      ),
  };
}

/** A change as a plan would hold it; only what a target reads is filled with care. */
export function changeOf(
  action: Action,
  desired: DesiredResource,
  objectId?: string,
  from?: ResourceId,
): ResourceChange {
  const { id, target, kind, name, origin } = desired;
  const after = action === 'delete' ? null : maskSpec(desired.spec);
  return {
    change: {
      id,
      action,
      target,
      kind,
      name,
      origin,
      after,
      before: null,
      fields: [],
      cause: 'test',
      dependsOn: [],
      verify: false,
      ...(objectId === undefined ? {} : { objectId }),
      ...(from === undefined ? {} : { from }),
    },
    desired: action === 'delete' ? null : desired,
  };
}

export interface TestContext extends ApplyContext {
  readonly messages: string[];
}

export function contextFor(
  stack: string,
  {
    blobs = {},
    signal = new AbortController().signal,
  }: { blobs?: Record<string, string>; signal?: AbortSignal } = {},
): TestContext {
  const messages: string[] = [];
  return {
    stack,
    revision: REVISION,
    branch: 'main',
    signal,
    messages,
    progress: (message) => void messages.push(message),
    readBlob: async (blob) => Buffer.from(blobs[blob] ?? ''),
  };
}

/** Observes, decides as a plan does, and carries it out; resolves to the action. Does not wait for health. */
export async function converge(target: Target, stack: string, desired: DesiredResource): Promise<Action> {
  const observed = await observeOne(target, stack, desired);
  const { action } = diffResource(desired, observed);
  const change = changeOf(action, desired);
  await target.apply(change, contextFor(stack));
  if (hasCapability(target, 'replaces')) await target.settle(change, 'keep', contextFor(stack));
  return action;
}

export async function observeOne(
  target: Target,
  stack: string,
  desired: DesiredResource,
): Promise<ObservedResource | undefined> {
  const { resources } = await target.observe({ stack, desired: [desired] }, new AbortController().signal);
  return resources.find(({ id }) => id === desired.id);
}
