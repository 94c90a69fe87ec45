import { ReconcilerError } from '../../base/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import { targetKey } from '../../model/target.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { SessionOptions, TargetWith } from '../../ports/target-capabilities.ts';
import type { StackOperations } from '../../public/reconciler.ts';
import type { SessionOperations, SessionRequest, WorkPlace } from '../../public/sessions/sessions.ts';
import type { RunContext } from '../context.ts';
import { placeOf } from '../observe/service-logs.ts';
import type { SessionKeeper } from '../sessions/session-keeper.ts';
import { createSessionKeeper } from '../sessions/session-keeper.ts';

export interface SessionParts {
  readonly context: Pick<RunContext, 'store' | 'clock' | 'logger' | 'desired' | 'pool'>;
  /** See `SessionKeeperOptions`. */
  readonly sessionIdleMs: number | undefined;
}

export function createSessionOperations(
  { context, sessionIdleMs }: SessionParts,
  { getStack }: Pick<StackOperations, 'getStack'>,
): SessionOperations {
  const { store, clock, logger } = context;
  const keeper = createSessionKeeper({ store, clock, logger, idleMs: sessionIdleMs });
  return {
    openSession: async (stack, service, request) =>
      openInService(context, keeper, { view: getStack(stack), service }, request),
    async openSessionAt(place, request) {
      const { target, at } = reach(context, place);
      const { node, namespace, name } = place;
      const subject = namespace === null ? `container/${node}/${name}` : `pod/${node}/${namespace}/${name}`;
      return keeper.open(subject, request, (signal) =>
        target.openSessionAt(at, { ...optionsOf(request), signal }),
      );
    },
    async *logsAt(place, options) {
      const { target, at } = reach(context, place);
      yield* target.logsAt(at, options);
    },
    listAccesses: (limit) => store.listAccesses(limit),
  };
}

type ServiceOf = Parameters<typeof placeOf>[1];

async function openInService(
  context: SessionParts['context'],
  keeper: SessionKeeper,
  { view, service }: ServiceOf,
  request: SessionRequest,
): ReturnType<SessionOperations['openSession']> {
  const place = placeOf(context, { view, service });
  const target = requireCapability(place.target, 'runsPrograms');
  const options = optionsOf(request);
  const open = (id: ResourceId, given: SessionOptions) =>
    keeper.open(`stack/${view.name}/${service}`, request, (signal) =>
      target.openSession(view.name, id, { ...given, signal }),
    );
  // Pods have containers; on an engine, a service has.
  if (place.resource.split('/')[1] !== 'container') return open(place.resource, options);
  const { pod, container, ...rest } = options;
  if (pod !== undefined)
    throw new ReconcilerError('BAD_OPTIONS', `${service} runs on ${target.name}, which has no pods`);
  if (container === undefined) return open(place.resource, rest);
  return open(resourceNamed(context, { view, service }, { ids: place.ids, container }), rest);
}

/** A container of a service by its own name, or by the one it has in the stack (`web#2`). Throws BAD_OPTIONS. */
function resourceNamed(
  { desired }: SessionParts['context'],
  { view, service }: ServiceOf,
  { ids, container }: { readonly ids: ReturnType<typeof placeOf>['ids']; readonly container: string },
) {
  const resources = (desired.get(view.name)?.resources ?? []).filter(({ id }) => ids.includes(id));
  const found = resources.find(({ name, spec }) => name === container || spec['name'] === container);
  if (found !== undefined) return found.id;
  const known = resources.map(({ name }) => name).join(', ');
  throw new ReconcilerError('BAD_OPTIONS', `${service} has no container ${container}; it has: ${known}`);
}

/** Options of a request that are the target's. */
function optionsOf({ argv, tty, pod, container, signal }: SessionRequest): SessionOptions {
  if (argv.length === 0 || argv[0] === '')
    throw new ReconcilerError('BAD_OPTIONS', 'there is no program to run');
  return {
    argv,
    signal,
    ...(tty === undefined ? {} : { tty }),
    ...(pod === undefined ? {} : { pod }),
    ...(container === undefined ? {} : { container }),
  };
}

/** Finds the target behind a place. Throws BAD_OPTIONS for what belongs to no stack. */
function reach({ pool }: SessionParts['context'], { place, node, namespace, name, stack }: WorkPlace) {
  if (stack === null)
    throw new ReconcilerError('BAD_OPTIONS', `${name} on ${node} belongs to no stack, so it is not reached`);
  const reference = [...pool.all().values()].find((one) => targetKey(one) === place);
  if (reference === undefined)
    throw new ReconcilerError('TARGET_ERROR', `${node} is not known any more`, { retryable: true });
  const target: TargetWith<'reachesPlaces'> = requireCapability(pool.get(reference), 'reachesPlaces');
  return { target, at: { namespace, name, stack } };
}
