import type { JsonObject } from '../../../base/json.ts';
import { asFields, asList, asNumber, asString, own } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import { maskArguments } from './mask-arguments.ts';

/**
 * Tells of the containers of a pod, or of what pods are made from.
 *
 * @param status of the pod; `{}`: there is none
 */
export function containersOf(spec: Fields, status: Fields): readonly JsonObject[] {
  const states = new Map(
    (asList(status['containerStatuses']) ?? []).map((item) => [asFields(item)?.['name'], asFields(item)]),
  );
  return (asList(spec['containers']) ?? []).map((item) => {
    const container = asFields(item) ?? {};
    const state = states.get(container['name']) ?? {};
    return {
      name: asString(container['name']) ?? '',
      image: asString(container['image']) ?? '',
      ...maskArguments({ command: texts(container['command']), args: texts(container['args']) }),
      ports: portsOf(container['ports']),
      resources: resourcesOf(asFields(container['resources']) ?? {}),
      restartCount: asNumber(state['restartCount']) ?? 0,
      ready: state['ready'] === true,
      ...stateOf(state),
    };
  });
}

function texts(value: unknown): readonly string[] {
  return (asList(value) ?? []).filter((item) => typeof item === 'string');
}

function portsOf(value: unknown): readonly JsonObject[] {
  return (asList(value) ?? []).map((item) => {
    const port = asFields(item) ?? {};
    const name = asString(port['name']);
    return {
      ...(name === undefined ? {} : { name }),
      containerPort: asNumber(port['containerPort']) ?? 0,
      protocol: asString(port['protocol']) ?? 'TCP',
    };
  });
}

function resourcesOf(resources: Fields): JsonObject {
  const amounts = (['requests', 'limits'] as const).flatMap((side) =>
    (['cpu', 'memory'] as const).flatMap((name) => {
      const value = own(asFields(resources[side]) ?? {}, name);
      const text = asString(value) ?? asNumber(value)?.toString();
      return text === undefined ? [] : [[`${side}${name === 'cpu' ? 'CPU' : 'Memory'}`, text] as const];
    }),
  );
  return Object.fromEntries(amounts);
}

/** `running`, `waiting: ImagePullBackOff`, `terminated: Error`. */
function stateOf(status: Fields): JsonObject {
  const now = describe(asFields(status['state']));
  const before = describe(asFields(status['lastState']));
  const terminated = [status['state'], status['lastState']].map(
    (state) => asFields(asFields(state)?.['terminated'])?.['reason'],
  );
  const reason = terminated.map(asString).find((one) => one !== undefined);
  return {
    state: now,
    ...(before === '' ? {} : { lastState: before }),
    ...(reason === undefined ? {} : { terminationReason: reason }),
  };
}

function describe(state: Fields | undefined): string {
  for (const name of ['running', 'waiting', 'terminated'] as const) {
    const found = asFields(state?.[name]);
    if (found === undefined) continue;
    const reason = asString(found['reason']);
    return reason === undefined ? name : `${name}: ${reason}`;
  }
  return '';
}
