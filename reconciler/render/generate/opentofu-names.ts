import type { Blueprint, BlueprintService } from './blueprint.ts';
import type { HclBlock, HclExpression } from './hcl.ts';

/** Names of resources inside of the configuration. */
export interface Labels {
  of(kind: string, node: string, name: string): string;
  /** `provider = docker.<node>` */
  provider(node: string): HclExpression;
}

export function createLabels({ targets }: Blueprint): Labels {
  const several = targets.length > 1;
  const known = new Map<string, string>();
  const taken = new Set<string>();
  return {
    of(kind, node, name) {
      const key = `${kind}\0${node}\0${name}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const base = identifier(several ? `${node}_${name}` : name);
      let label = base;
      for (let number = 2; taken.has(`${kind}\0${label}`); number += 1) label = `${base}_${number}`;
      known.set(key, label);
      taken.add(`${kind}\0${label}`);
      return label;
    },
    provider: (node) => ({ expression: `docker.${identifier(node)}` }),
  };
}

export function identifier(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_-]/g, '_');
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
}

/** Blocks of a label each, as the provider wants them. */
export function labelBlocks(
  labels: Readonly<Record<string, string>> = {},
  block = 'labels',
): readonly HclBlock[] {
  return Object.entries(labels).map(([label, value]) => ({ block, body: { attributes: { label, value } } }));
}

/** Returns what the name of an image resource is made from: `nginx:1.29` → `nginx`, a built one → its service. */
export function imageKey({ spec, name, build }: BlueprintService): string {
  return build ? name : spec.image.replace(/@sha256:.*$/, '');
}
