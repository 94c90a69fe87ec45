import { own } from '../../../base/values.ts';
import type {
  BuiltImageSpec,
  ContainerSpec,
  ImageSpec,
  NetworkSpec,
  VolumeSpec,
} from '../../../model/docker/docker-spec.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import type { Spec } from '../../../model/secret.ts';

/*
 * A desired resource holds its spec as plain data. These functions give it its type back after a look at what the
 * renderer always writes; anything else is a mistake of ours, not of the configuration.
 */

export function containerSpec(desired: DesiredResource): ContainerSpec {
  const { spec } = desired;
  if (!isContainerSpec(spec)) throw malformed(desired);
  return spec;
}

export function networkSpec(desired: DesiredResource): NetworkSpec {
  const { spec } = desired;
  if (!hasText(spec, 'name')) throw malformed(desired);
  return spec as NetworkSpec;
}

export function volumeSpec(desired: DesiredResource): VolumeSpec {
  const { spec } = desired;
  if (!hasText(spec, 'name')) throw malformed(desired);
  return spec as VolumeSpec;
}

export function imageSpec(desired: DesiredResource): ImageSpec {
  const { spec } = desired;
  if (!hasText(spec, 'reference') || !hasText(spec, 'pullPolicy')) throw malformed(desired);
  return spec as ImageSpec;
}

/** `null`: an image that is pulled. */
export function builtImageSpec({ spec }: Pick<DesiredResource, 'spec'>): BuiltImageSpec | null {
  return spec['build'] !== undefined && hasText(spec, 'reference') ? (spec as BuiltImageSpec) : null;
}

/** Also holds for masked specs: secrets are text there. */
export function isContainerSpec(spec: Spec): spec is ContainerSpec {
  const texts = ['name', 'service', 'image'].every((key) => hasText(spec, key));
  return texts && isRecord(spec['restart']) && isRecord(spec['resources']);
}

function hasText(spec: Spec, key: string): boolean {
  return typeof own(spec, key) === 'string';
}

function isRecord(value: unknown): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function malformed({ id, kind }: DesiredResource): ReconcilerError {
  return new ReconcilerError('TARGET_ERROR', `internal: ${id} does not have the spec of a Docker ${kind}`);
}
