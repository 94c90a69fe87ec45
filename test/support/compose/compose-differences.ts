import { DEFINITIONS } from './compose-definitions.ts';

/*
 * The differences that are left between a container that docker-compose creates and the one that Kombinator creates from the same file. The
 * same list is in docs/compose.md, "How it differs from Compose".
 */

export interface AllowedDifference {
  /** Fields of engine inspect; `*` stands for one part of a name. */
  readonly fields: readonly string[];
  /** Definitions; left out: all. */
  readonly services?: readonly string[];
  /** Exactly these values, as JSON. Left out: those of compose-pinned.ts. */
  readonly values?: { readonly compose: string | undefined; readonly kombinator: string | undefined };
  readonly reason: string;
}

const saysNoRestart = Object.keys(DEFINITIONS).filter(
  (name) => !/^restart|restart_policy/m.test(DEFINITIONS[name] ?? ''),
);

export const ALLOWED: readonly AllowedDifference[] = [
  {
    fields: ['Config.AttachStdout', 'Config.AttachStderr'],
    values: { compose: 'true', kombinator: 'false' },
    reason: 'only tells whether the client that creates the container watches its output',
  },
  {
    fields: ['HostConfig.RestartPolicy.Name'],
    services: saysNoRestart,
    values: { compose: '"no"', kombinator: '"on-failure"' },
    reason:
      'without `restart` a service is brought back after a failure; say `restart: "no"` for Compose\'s default',
  },
  {
    fields: ['Networks.*.Aliases'],
    reason: 'the name of the container is no alias: the engine resolves it in these networks anyway',
  },
  {
    fields: ['Config.Env'],
    services: ['environment-list'],
    reason:
      'a variable that only passes on an unset one is left out; Compose takes it away from the image too',
  },
  {
    fields: ['Config.StopTimeout'],
    services: ['stop-default', 'stop-short'],
    reason: 'the default of 10s is not said, and fractions of a second are rounded up, not down',
  },
  {
    fields: ['HostConfig.PortBindings.*'],
    services: ['ports-one-of'],
    reason: 'of a range for one port the first is taken, so that the plan can say which',
  },
  {
    fields: ['Config.MacAddress', 'Networks.*.MacAddress'],
    services: ['mac'],
    reason: 'hardware addresses are written in small letters',
  },
  {
    fields: ['Config.Image'],
    services: ['build'],
    reason: 'an image that is built is named after what it is built from',
  },
  {
    fields: ['HostConfig.DnsSearch'],
    services: ['dns-search-empty'],
    values: { compose: '[""]', kombinator: '["."]' },
    reason:
      'an empty `dns_search` is the dot that the engine itself knows: no domains, not even those of the machine',
  },
  {
    fields: ['HostConfig.CapAdd', 'HostConfig.CapDrop'],
    services: ['capabilities'],
    reason:
      'capabilities are called as they are written; Compose puts CAP_ before them, the same to the engine',
  },
  {
    fields: ['HostConfig.SecurityOpt'],
    services: ['security'],
    reason: 'name=value instead of name:value, an older spelling of the same',
  },
  {
    fields: ['HostConfig.Isolation'],
    services: ['isolation'],
    values: { compose: '"default"', kombinator: '""' },
    reason: 'default is the only one there is on Linux',
  },
  {
    fields: ['HostConfig.VolumesFrom', 'Mounts.*.RW'],
    services: ['volumes-from'],
    reason: 'containers are called by name, not by id, and `:ro` counts; Compose 2.40 loses it',
  },
  {
    fields: ['HostConfig.Binds', 'HostConfig.Mounts', 'Mounts.*.Mode'],
    services: ['volume-short', 'volume-external', 'volumes-from', 'bind-short', 'bind-long', 'bind-relative'],
    reason: 'the same mount in the other of the two forms that the engine has',
  },
  {
    fields: ['HostConfig.Mounts', 'Mounts.*.*'],
    services: ['secrets'],
    reason: 'secrets are kept in the memory of the node, not in files beside the Compose file (decision 006)',
  },
  {
    fields: ['Networks.*.IPAddress', 'Networks.*.MacAddress'],
    services: ['networks-map'],
    reason:
      'Compose says a fixed address twice; both fields are filled by the engine when the container starts',
  },
];

const OWN = 'a word of kombinations that Compose does not have';
const REFUSED = 'most engines refuse it, and then both containers are missing';

/** Keys of a service that no definition says, and why. */
export const NOT_COMPARED: Readonly<Record<string, string>> = {
  name: OWN,
  enabled: OWN,
  node: OWN,
  env: OWN,
  files: OWN,
  needs: OWN,
  resources: OWN,
  route: OWN,
  config: OWN,
  type: OWN,
  kind: OWN,
  restartPolicy: OWN,
  environmentSecrets: OWN,
  network: OWN,
  storage: OWN,
  preferred_node: OWN,
  database: OWN,
  image_update: OWN,
  cpu_rt_period: `${REFUSED}: it needs a kernel with real-time groups`,
  cpu_rt_runtime: `${REFUSED}: it needs a kernel with real-time groups`,
  storage_opt: `${REFUSED}: it needs a storage driver with quotas`,
};

/** The rows of the table in docs/compose.md. */
export function formatAllowed(): string {
  const rows = ALLOWED.map(({ fields, reason }) => {
    const names = fields.map((field) => `\`${field}\``).join(', ');
    return `| ${names} | ${reason} |`;
  });
  return ['| field | reason |', '| --- | --- |', ...rows].join('\n');
}
