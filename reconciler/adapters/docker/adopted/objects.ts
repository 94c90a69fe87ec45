import type { DesiredResource } from '../../../model/resource.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import { networkSpec, volumeSpec } from '../containers/specs.ts';
import { isOfCompose } from '../labels.ts';
import { isAlike } from './alike.ts';

/* Networks and volumes of a Compose project, held against what is described. What a description leaves to the engine is as the engine made it. */

/** @param network as the engine lists it */
export function sameNetwork(desired: DesiredResource, network: object): boolean {
  const {
    driver = 'bridge',
    internal,
    attachable,
    driverOpts,
    enableIpv6,
    ipam,
    labels,
  } = networkSpec(desired);
  const has = asFields(network);
  return (
    own(has, 'Driver') === driver &&
    isAlike(own(has, 'Internal'), internal) &&
    (driver !== 'overlay' || isAlike(own(has, 'Attachable'), attachable)) &&
    isAlike(own(has, 'EnableIPv6'), enableIpv6) &&
    isWithin(driverOpts, own(has, 'Options')) &&
    samePools(ipam, own(has, 'IPAM')) &&
    sameLabels(labels, own(has, 'Labels'))
  );
}

/** @param volume as the engine lists it */
export function sameVolume(desired: DesiredResource, volume: object): boolean {
  const { driver = 'local', driverOpts, labels } = volumeSpec(desired);
  const has = asFields(volume);
  return (
    own(has, 'Driver') === driver &&
    isAlike(own(has, 'Options'), driverOpts) &&
    sameLabels(labels, own(has, 'Labels'))
  );
}

function isWithin(wanted: Readonly<Record<string, string>> | undefined, has: unknown): boolean {
  return Object.entries(wanted ?? {}).every(([name, value]) => own(asFields(has), name) === value);
}

type Ipam = ReturnType<typeof networkSpec>['ipam'];

function samePools(wanted: Ipam, has: unknown): boolean {
  const pools = asList(own(asFields(has), 'Config')) ?? [];
  return (wanted?.config ?? []).every(({ subnet, gateway, ipRange }) =>
    pools.some((pool) => {
      const told = (key: string) => asString(own(asFields(pool), key)) || undefined;
      return (
        told('Subnet') === subnet &&
        (gateway === undefined || told('Gateway') === gateway) &&
        told('IPRange') === ipRange
      );
    }),
  );
}

function sameLabels(wanted: Readonly<Record<string, string>> | undefined, has: unknown): boolean {
  const others = Object.entries(asFields(has) ?? {}).filter(([name]) => !isOfCompose(name));
  return isAlike(Object.fromEntries(others), wanted);
}
