import type { Problem } from '../../base/problem.ts';

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  `^(?:[A-Za-z0-9.-]+(?::\\d+)?/)?${COMPONENT}(?:/${COMPONENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
);

/**
 * The familiar form of an image reference: `:latest` is added, `docker.io/` and `library/` of the default registry
 * are left out, so that the same image is always written in the same way.
 */
export function normaliseImage(reference: string): string | Problem {
  if (reference.length > 512 || !REFERENCE.test(reference)) {
    const hint = /[A-Z]/.test(reference.split(/[:@]/)[0] ?? '')
      ? 'names of images are in lower case'
      : 'such as nginx:1.29 or registry.example.org/team/app:2.0';
    return { problem: `"${reference}" is not an image reference`, hint };
  }
  const familiar = reference.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, '').replace(/^library\//, '');
  const named = /[:@]/.test(familiar.slice(familiar.lastIndexOf('/') + 1));
  return named ? familiar : `${familiar}:latest`;
}

/** The same image with another tag. */
export function withTag(reference: string, tag: string): string {
  return `${repositoryOf(reference)}:${tag}`;
}

/** A reference without its tag and digest; a port of its host is neither. */
export function repositoryOf(reference: string): string {
  const start = reference.lastIndexOf('/') + 1;
  return reference.slice(0, start) + (reference.slice(start).split(/[:@]/)[0] ?? '');
}
