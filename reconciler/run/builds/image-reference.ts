import { ReconcilerError } from '../../base/errors.ts';
import type { RegistryEntry } from '../../model/registry-entry.ts';

/* References of images: github.com/distribution/reference. */
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const MAX_LENGTH = 255;

export interface ImageName {
  readonly imageName: string;
  readonly tag: string;
}

/**
 * The reference that an image is pushed to a registry as: its host, what stands behind that in its address, at Docker Hub and GitHub the
 * account, and the name. Throws BAD_OPTIONS for what can be none.
 *
 * @param username account that it is pushed with
 */
export function imageReference(
  { type, host, url }: Pick<RegistryEntry, 'type' | 'host' | 'url'>,
  username: string,
  { imageName, tag }: ImageName,
): string {
  if (imageName.length > MAX_LENGTH || !NAME.test(imageName))
    throw refuse(
      `${JSON.stringify(imageName.slice(0, 100))} cannot be the name of an image: lower-case letters, digits, and . _ - / between them`,
    );
  if (!TAG.test(tag))
    throw refuse(
      `${JSON.stringify(tag.slice(0, 100))} cannot be a tag: letters, digits, and _ . - behind the first, 128 at most`,
    );
  const path = url
    .replace(/^https?:\/\//, '')
    .split('/')
    .slice(1)
    .filter((part) => part !== '' && part !== 'v1' && part !== 'v2')
    .join('/');
  const account = type === 'dockerhub' || type === 'ghcr' ? username.toLowerCase() : path;
  const isWhole = account === '' || imageName.startsWith(`${account}/`);
  const reference = `${host}/${isWhole ? imageName : `${account}/${imageName}`}:${tag}`;
  const repository = reference.slice(host.length + 1, reference.length - tag.length - 1);
  if (reference.length > MAX_LENGTH + tag.length + 1 || !NAME.test(repository))
    throw refuse(`${JSON.stringify(reference.slice(0, 300))} cannot be the reference of an image`);
  return reference;
}

function refuse(message: string): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', message);
}
