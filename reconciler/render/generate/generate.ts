import type { Blueprint } from './blueprint.ts';
import { generateCompose } from './compose.ts';
import type { Generated, GenerateFormat } from '../../model/generated.ts';
import { generateKubernetes } from './kubernetes.ts';
import { generateOpenTofu } from './opentofu.ts';
import { generateTraefik } from './traefik.ts';

const GENERATORS: Readonly<Record<GenerateFormat, (blueprint: Blueprint) => Generated>> = {
  compose: generateCompose,
  opentofu: generateOpenTofu,
  traefik: generateTraefik,
  kubernetes: generateKubernetes,
};

export const GENERATE_FORMATS: readonly GenerateFormat[] = ['compose', 'opentofu', 'traefik', 'kubernetes'];

/** The files of a stack in another tool's words. Pure: the same stack gives the same bytes, and no secret is in them. */
export function generate(format: GenerateFormat, blueprint: Blueprint): Generated {
  return GENERATORS[format](blueprint);
}
