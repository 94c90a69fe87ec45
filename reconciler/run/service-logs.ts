import { ReconcilerError } from '../model/errors.ts';
import type { LogLine, LogOptions } from '../ports/target.ts';
import type { StackView } from '../reconciler.ts';
import type { RunContext } from './context.ts';
import { mergeLogs } from './merge-logs.ts';
import { resourcesOf } from './service-health.ts';

/** What the containers of a service printed. Throws BAD_OPTIONS when the stack has no such service. */
export async function* readServiceLogs(
  { desired, pool }: RunContext,
  { view, service }: { readonly view: StackView; readonly service: string },
  options: LogOptions,
): AsyncIterable<LogLine> {
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
  const target = pool.get(reference);
  if (ids.length === 1) yield* target.logs(stack, resource.id, options);
  else yield* mergeLogs(ids, (id, own) => target.logs(stack, id, own), options);
}
