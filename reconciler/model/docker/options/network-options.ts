import {
  attribute,
  DOCKER_ELSEWHERE,
  hostField,
  honoured,
  ignored,
  option,
  TOFU_ELSEWHERE,
  TOFU_UNSUPPORTED,
} from './option.ts';
import { asString } from '../../../base/values.ts';
import { readExpose, readExtraHosts, readList } from './readers.ts';

/** Whom the container knows by name, and what it listens on. */
export const NETWORK_OPTIONS = {
  dns: option({
    key: 'dns',
    read: readList,
    docker: hostField('Dns'),
    cluster: {
      verdict: 'warning',
      how: 'asked only where the name server of the cluster does not answer',
      rules: [
        {
          severity: 'warning',
          message: 'is only asked where the name server of the cluster does not answer',
          isCarried: true,
        },
      ],
    },
    tofu: attribute('dns'),
  }),
  dnsOpt: option({
    key: 'dns_opt',
    read: readList,
    docker: hostField('DnsOptions'),
    cluster: honoured('added to what the cluster gives'),
    tofu: attribute('dns_opts'),
  }),
  dnsSearch: option({
    key: 'dns_search',
    read: readList,
    docker: hostField('DnsSearch'),
    cluster: honoured('added to what the cluster gives'),
    tofu: attribute('dns_search'),
  }),
  /** `3000/tcp` */
  expose: option({
    key: 'expose',
    read: readExpose,
    docker: DOCKER_ELSEWHERE,
    cluster: honoured('ports of the Service'),
    tofu: TOFU_ELSEWHERE,
  }),
  /** `host:address`; several addresses are several entries. */
  extraHosts: option({
    key: 'extra_hosts',
    read: readExtraHosts,
    docker: hostField('ExtraHosts'),
    cluster: {
      verdict: 'some are errors',
      how: 'hostAliases; host-gateway is an error',
      rules: [
        {
          severity: 'error',
          applies: (entries) => entries.some((entry) => entry.endsWith(':host-gateway')),
          message: 'names the machine, and a pod may be on any',
          hint: 'write an address',
        },
      ],
    },
    toCompose: (entries) => entries.map((entry) => entry.replace(':', '=')),
    tofu: {
      kind: 'blocks',
      block: 'host',
      write: (entries) =>
        entries.map((entry) => {
          const at = entry.indexOf(':');
          return { host: entry.slice(0, at), ip: entry.slice(at + 1) };
        }),
    },
  }),
  macAddress: option({
    key: 'mac_address',
    read: (value) => asString(value)?.toLowerCase(),
    docker: DOCKER_ELSEWHERE,
    cluster: ignored('a pod has nothing of the kind'),
    tofu: TOFU_UNSUPPORTED,
  }),
} as const;
