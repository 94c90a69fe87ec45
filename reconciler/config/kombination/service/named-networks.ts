import { emptyRecord } from '../../../base/values.ts';
import type { Kombination, NetworkModel, ServiceModel } from '../kombination.ts';
import { projectOf } from '../kombination.ts';

const WORDS = /^(host|none|bridge)$|:/;

/**
 * A service may join a network by what it is called on the engine, as `docker run --network` does: `network_mode: proxy` is the network `proxy`,
 * one of the stack or one that somebody else makes.
 */
export function withNamedNetworks(kombination: Kombination): Kombination {
  const named = kombination.services.filter(({ networkMode }) => isName(networkMode));
  if (named.length === 0) return kombination;
  const networks = Object.assign(emptyRecord<NetworkModel>(), kombination.networks);
  const keyOf = (service: ServiceModel, name: string): string => {
    const known = Object.entries(networks).find(
      ([key, model]) => nameOf(projectOf(kombination), key, model) === name,
    );
    if (known !== undefined) return known[0];
    if (name === `${projectOf(kombination)}_default`) return 'default';
    const key = Object.hasOwn(networks, name) ? `${name} on the engine` : name;
    networks[key] = { name, external: true, path: [...service.path, 'network_mode'] };
    return key;
  };
  const services = kombination.services.map((service): ServiceModel => {
    const { networkMode, ...rest } = service;
    if (!isName(networkMode)) return service;
    const path = [...service.path, 'network_mode'];
    return { ...rest, networks: [{ name: keyOf(service, networkMode), aliases: [], path }] };
  });
  return { ...kombination, services, networks };
}

function isName(mode: string | undefined): mode is string {
  return mode !== undefined && !WORDS.test(mode);
}

function nameOf(stack: string, key: string, { name, external }: NetworkModel): string {
  return name ?? (external === true ? key : `${stack}_${key}`);
}
