import { parseDocument } from 'yaml';
import type { Analysis } from '../../config/kombination/analyze.ts';

/**
 * Adds the digests that the builds of running services have: what runs was built by Compose from the very files that are committed with it. The tag of a built
 * image is that digest; see config/kombination/checks/find-builds.ts.
 */
export function withBuilds(kombination: string, { kombination: { adopts }, images }: Analysis): string {
  const built = (adopts?.services ?? []).flatMap((service) => {
    const reference = images.get(service)?.spec.reference;
    return reference === undefined
      ? []
      : [[service, reference.slice(reference.lastIndexOf(':') + 1)] as const];
  });
  if (built.length === 0) return kombination;
  const document = parseDocument(kombination);
  document.setIn(['adopts', 'built'], document.createNode(Object.fromEntries(built)));
  return document.toString({ lineWidth: 0 });
}
