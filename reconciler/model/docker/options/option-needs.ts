import { normalisePath } from '../normalise-path.ts';
import type { Need } from '../../operator-policy.ts';
import type { LoggingSpec } from './option-types.ts';

export const PRIVILEGED: Need = { grant: 'privileged', value: 'the container' };

/** `host` needs the machine's own, `container:<name>` that of a container that is none of the stack's. */
export function namespaceNeeds(namespace: string, mode: string): readonly Need[] {
  if (mode === 'host') return [{ grant: 'hostNamespaces', value: namespace }];
  const [, other] = /^container:(.*)$/s.exec(mode) ?? [];
  return other === undefined ? [] : [{ grant: 'otherContainers', value: other }];
}

/** Capabilities that containers have anyway (https://docs.docker.com/engine/security/#linux-kernel-capabilities). */
const HAD_ANYWAY = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

export function capabilityNeeds(capabilities: readonly string[]): readonly Need[] {
  return capabilities
    .map((name) => name.toUpperCase().replace(/^CAP_/, ''))
    .filter((name) => !HAD_ANYWAY.has(name))
    .map((value) => ({ grant: 'capabilities', value }));
}

const HARMLESS = /^(no-new-privileges(=(true|false))?|seccomp=builtin|apparmor=docker-default)$/;

/** All others may be less than what a container has without it: also a profile that is written out. */
export function profileNeeds(options: readonly string[]): readonly Need[] {
  return options
    .filter((option) => !HARMLESS.test(option))
    .map((option) => ({
      grant: 'unconfined',
      value: option.length > 40 ? `${option.slice(0, 40)}…` : option,
    }));
}

/** A runtime other than the engine's own may confine less, and may bring devices along. */
export function runtimeNeeds(runtime: string): readonly Need[] {
  return runtime === 'runc' ? [] : [{ grant: 'devices', value: `runtime:${runtime}` }];
}

/** Drivers read the files, and open the sockets, that their options name, as root. */
export function loggingNeeds({ options = {} }: LoggingSpec): readonly Need[] {
  return Object.entries(options).flatMap(([name, value]): readonly Need[] => {
    const path = socketPath(value.trim()) ?? filePath(name, value.trim());
    return path === undefined ? [] : [{ grant: 'binds', value: normalisePath(`/${path}`) }];
  });
}

/** Addresses of sockets, in each form that Go takes for one: in any case, with a host that nobody reads, or without slashes. */
function socketPath(value: string): string | undefined {
  const [, rest] = /^(?:unix|unixgram|unixpacket|file):(.*)$/is.exec(value) ?? [];
  return rest?.replace(/^\/\/[^/]*/, '');
}

/** A path may also be relative to where the engine runs. */
function filePath(name: string, value: string): string | undefined {
  if (value.startsWith('/')) return value;
  return value !== '' && /(?:^|-)(?:capath|cert|key)$/.test(name) ? value : undefined;
}

/** Keys that programs which run containers understand: with them a container may have units of the machine's systemd started, or other devices. */
const UNDERSTOOD =
  /^(?:org\.systemd\.property|run\.oci|org\.crun|io\.katacontainers|dev\.gvisor|cdi\.k8s\.io|io\.kubernetes\.cri|io\.kubernetes\.cri-o|io\.podman|io\.containers|com\.nvidia|nvidia)\b/i;

export function annotationNeeds(annotations: Readonly<Record<string, string>>): readonly Need[] {
  return Object.keys(annotations)
    .filter((key) => UNDERSTOOD.test(key))
    .map((key) => ({ grant: 'unconfined', value: shorten(`the annotation ${key}`) }));
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
