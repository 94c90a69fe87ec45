import { ReconcilerError } from '../../base/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import { createMask } from '../../model/secret.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { LogLine, LogOptions } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import type { StackView } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { mergeLogs } from './merge-logs.ts';
import { resourcesOf } from './service-health.ts';

interface ServiceOf {
  readonly view: StackView;
  readonly service: string;
}

/** Finds where a service runs, and as what. Throws BAD_OPTIONS when the stack has no such service. */
export function placeOf(
  { desired, pool }: Pick<RunContext, 'desired' | 'pool'>,
  { view, service }: ServiceOf,
): { readonly target: Target; readonly resource: ResourceId; readonly ids: readonly ResourceId[] } {
  const { name: stack, services } = view;
  const found = services.find(({ name }) => name === service);
  const known = services.map(({ name }) => name).join(', ');
  const description = desired.get(stack);
  const ids = found === undefined ? [] : resourcesOf(found);
  const resource = description?.resources.find(({ id }) => ids.includes(id));
  const reference = description?.targets.find(({ name }) => name === resource?.target);
  if (resource === undefined || reference === undefined) {
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${stack} has no service ${service}; it has: ${known || 'none'}`,
    );
  }
  return { target: pool.get(reference), resource: resource.id, ids };
}

/** Reads what the containers of a service printed, without what the stack keeps secret. */
export async function* readServiceLogs(
  context: RunContext,
  place: ServiceOf,
  options: LogOptions,
): AsyncIterable<LogLine> {
  const { target, ids } = placeOf(context, place);
  const source = requireCapability(target, 'logs');
  const [first] = ids;
  const stack = place.view.name;
  const specs = context.desired.get(stack)?.resources.map(({ spec }) => spec) ?? [];
  const mask = createMask(specs);
  const lines =
    ids.length === 1 && first !== undefined
      ? source.logs(stack, first, options)
      : mergeLogs(ids, (id, own) => source.logs(stack, id, own), options);
  for await (const line of lines) yield { ...line, text: mask(line.text) };
}
