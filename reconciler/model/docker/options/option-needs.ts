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
  return Object.values(options).flatMap((value): readonly Need[] => {
    const [, path] = /^(?:[a-z]+:\/\/)?(\/.*)$/s.exec(value) ?? [];
    return path === undefined ? [] : [{ grant: 'binds', value: normalisePath(path) }];
  });
}
