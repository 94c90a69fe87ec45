import type { DescribedKind } from '../model/stack.ts';
import type { StackFacts } from '../ports/desired.ts';

interface FoundBy {
  readonly kind: DescribedKind;
  readonly name: string;
  readonly file: string;
  readonly services: readonly { readonly name: string; readonly image: string; readonly node: string }[];
}

/** Puts together what a stack is searched by. */
export function factsOf({ kind, name, file, services }: FoundBy): StackFacts {
  const nodes = [...new Set(services.map(({ node }) => node))];
  const words = [name, file, ...services.flatMap((service) => [service.name, service.image]), ...nodes];
  return { kind, nodes, text: [...new Set(words)].join('\n').toLowerCase() };
}
