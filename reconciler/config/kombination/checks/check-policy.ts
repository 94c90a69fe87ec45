import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { own } from '../../../base/values.ts';
import { normalisePath } from '../../../model/docker/normalise-path.ts';
import { givenOptions } from '../../../model/docker/options/container-options.ts';
import { namespaceNeeds, PRIVILEGED } from '../../../model/docker/options/option-needs.ts';
import type { Need, OperatorPolicy } from '../../../model/operator-policy.ts';
import {
  canBeAllowed,
  describeNeed,
  grantLine,
  missingGrants,
  OPEN_POLICY,
  quote,
} from '../../../model/operator-policy.ts';
import type { Kombination, NetworkModel, ServiceModel, VolumeModel } from '../kombination.ts';
import { checkChannels } from '../notify-policy.ts';
import type { SecretNeed } from './find-secrets.ts';

/** A need, who has it, and where that is written. */
export interface PlacedNeed extends Need {
  /** `web`, `the volume media`. */
  readonly who: string;
  readonly path: DocumentPath;
}

/** Everything in which a kombination reaches out of its own containers; what the operator has not allowed, or has not got, is reported. */
export function checkNeeds(
  policy: OperatorPolicy = OPEN_POLICY,
  kombination: Kombination,
  secrets: readonly SecretNeed[],
  diagnostics: DiagnosticCollector,
): readonly PlacedNeed[] {
  const needs = findNeeds(kombination, secrets);
  checkPolicy(policy, kombination.name, needs, diagnostics);
  checkChannels(kombination.policy.notify, kombination.name, policy, diagnostics);
  return needs;
}

function findNeeds(kombination: Kombination, secrets: readonly SecretNeed[]): readonly PlacedNeed[] {
  const { adopts } = kombination;
  return [
    ...(adopts === undefined
      ? []
      : [{ grant: 'adopts', value: adopts.project, who: 'the stack', path: adopts.path } as const]),
    ...kombination.services.flatMap((service) => serviceNeeds(service, kombination)),
    ...Object.entries(kombination.volumes).flatMap(([name, volume]) =>
      volumeNeeds(volume).map((need) => ({
        ...need,
        who: `the volume ${name}`,
        path: [...volume.path, 'driver_opts'],
      })),
    ),
    ...Object.entries(kombination.networks).flatMap(([name, network]) =>
      interfacesOf(network).map((value): PlacedNeed => ({
        grant: 'devices',
        value: `interface:${value}`,
        who: `the network ${name}`,
        path: [...network.path, 'driver_opts'],
      })),
    ),
    ...secretNeeds(secrets),
  ];
}

/** Interfaces of the machine that a network is put on: its containers are neighbours of whatever else is there. */
function interfacesOf({ driverOpts = {} }: NetworkModel): readonly string[] {
  return ['parent', 'com.docker.network.bridge.name'].flatMap((key) => own(driverOpts, key) || []);
}

/** An error for each need that the operator has not allowed. */
export function checkPolicy(
  policy: OperatorPolicy,
  stack: string,
  needs: readonly PlacedNeed[],
  diagnostics: DiagnosticCollector,
): void {
  for (const need of missingGrants(policy, stack, needs)) {
    const message = `${need.who} ${describeNeed(need)}, which the operator has not allowed`;
    const name = stack === '' ? '"*"' : quote(stack);
    const hint = canBeAllowed(need)
      ? `a line of the operator's configuration allows it: policy: { stacks: { ${name}: { ${grantLine(need)} } } }`
      : "no line of the operator's configuration allows this alone: take * and signs that nobody sees out of it";
    diagnostics.error('NOT_ALLOWED', need.path, message, { hint });
  }
}

function serviceNeeds(service: ServiceModel, kombination: Kombination): readonly PlacedNeed[] {
  const { name: who, path, options, networkMode = '', volumesFrom, links, mounts, build } = service;
  const networks = service.networks ?? (networkMode === '' ? [{ name: 'default', path }] : []);
  const at = (key: string, needs: readonly Need[]): readonly PlacedNeed[] =>
    needs.map((need) => ({ ...need, who, path: [...path, key] }));
  return [
    ...givenOptions(options).flatMap(({ row, value }) => at(row.key, row.needs?.(value) ?? [])),
    ...at('post_start', lifecycleNeeds(service.postStart)),
    ...at('pre_stop', lifecycleNeeds(service.preStop)),
    ...at('network_mode', namespaceNeeds('network', networkMode)),
    ...at('build', namespaceNeeds('network', build?.network ?? '')),
    ...networks
      .filter(({ name }) => isOfMachine(name, kombination.networks))
      .map((entry): PlacedNeed => ({ ...HOST_NETWORK, who, path: entry.path })),
    // Links of the old kind bring the variables of the other container along.
    ...[...volumesFrom, ...(networkMode === 'bridge' ? links : [])]
      .filter(({ external }) => external)
      .map((entry): PlacedNeed => ({ grant: 'otherContainers', value: entry.target, who, path: entry.path })),
    ...mounts.flatMap(({ mount, path: place }): readonly PlacedNeed[] =>
      mount.type === 'bind' ? [{ ...bindNeed(mount.source, mount.readOnly), who, path: place }] : [],
    ),
  ];
}

function lifecycleNeeds(commands: ServiceModel['postStart'] = []): readonly Need[] {
  return commands.some(({ privileged }) => privileged === true) ? [PRIVILEGED] : [];
}

const HOST_NETWORK: Need = { grant: 'hostNamespaces', value: 'network' };

/** Every engine has a network `host`, which is none. */
function isOfMachine(name: string, networks: Readonly<Record<string, NetworkModel>>): boolean {
  const model = own(networks, name);
  if (model === undefined) return false;
  return (model.name ?? (model.external === true ? name : '')) === 'host' || model.driver === 'host';
}

/** A path may end like what is only read; then it is said that it is not. */
function bindNeed(source: string, readOnly = false): Need {
  const mode = readOnly ? ':ro' : source.endsWith(':ro') ? ':rw' : '';
  return { grant: 'binds', value: `${source}${mode}` };
}

const OWN_FILE_SYSTEMS = ['nfs', 'nfs4', 'cifs', 'smb3', 'tmpfs'];

/** The options of a volume are those of a mount, which may be a directory or a disk of the machine. */
function volumeNeeds({ driver = 'local', driverOpts = {} }: VolumeModel): readonly Need[] {
  const { type = '', device = '', o = '' } = driverOpts;
  if (driver !== 'local') return Object.values(driverOpts).filter(isPath).map(pathNeed);
  if (Object.keys(driverOpts).length === 0) return [];
  const flags = o.split(',');
  const rebinds = flags.some((flag) => ['bind', 'rbind', 'remount', 'move'].includes(flag.trim()));
  if (!rebinds && OWN_FILE_SYSTEMS.includes(type)) return [];
  if (!rebinds && type === '' && device === '') return [];
  // A file system of another kind may show anything of the machine: overlay, proc and the like.
  return [isPath(device) ? pathNeed(device) : bindNeed('/')];
}

function isPath(text: string): boolean {
  return text.startsWith('/');
}

function pathNeed(path: string): Need {
  const plain = normalisePath(path);
  return plain.startsWith('/dev/') ? { grant: 'devices', value: plain } : bindNeed(plain);
}

/** Sources of secrets that may be looked up. */
export function allowedSources<S extends { readonly reference: string; readonly file?: unknown }>(
  policy: OperatorPolicy,
  stack: string,
  sources: readonly S[],
): readonly S[] {
  return sources.filter((source) => missingGrants(policy, stack, sourceNeeds(source)).length === 0);
}

const OPERATOR_STORES = /^secret:\/\/(?!(?:sops|age)\/)(.+)$/s;

export function secretNeeds(secrets: readonly SecretNeed[]): readonly PlacedNeed[] {
  return secrets.flatMap(({ source, path }) =>
    sourceNeeds(source).map((need) => ({ ...need, who: 'the stack', path })),
  );
}

/** Secrets that stand in files of the repository are its own. */
function sourceNeeds(source: { readonly reference: string; readonly file?: unknown }): readonly Need[] {
  const [, value] = source.file === undefined ? (OPERATOR_STORES.exec(source.reference) ?? []) : [];
  return value === undefined ? [] : [{ grant: 'secrets', value }];
}
