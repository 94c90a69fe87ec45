import type { ContainerSpec } from '../../model/docker/docker-spec.ts';
import type { Spec } from '../../model/secret.ts';
import { nonEmptySpecOf } from './fields.ts';

/** Returns who the container is, and what it may do: for the pod and for the container. */
export function securityOf(spec: ContainerSpec): {
  readonly pod: Spec | undefined;
  readonly container: Spec | undefined;
} {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(spec.user ?? '') ?? [];
  const owner = gid ?? (uid === '0' ? undefined : uid);
  const claims = (spec.mounts ?? []).some(({ type }) => type === 'volume');
  const groups = (spec.groupAdd ?? []).filter((group) => /^\d+$/.test(group)).map(Number);
  const sysctls = Object.entries(spec.sysctls ?? {}).map(([name, value]) => ({ name, value }));
  const { quiet, seccomp, apparmor } = readOptions(spec.securityOpt ?? []);
  const pod = nonEmptySpecOf({
    // A cluster gives to this group what an engine gives to the user of the image with a fresh volume.
    ...(claims && owner !== undefined
      ? { fsGroup: Number(owner), fsGroupChangePolicy: 'OnRootMismatch' }
      : {}),
    supplementalGroups: groups.length > 0 ? groups : undefined,
    sysctls: sysctls.length > 0 ? sysctls : undefined,
  });
  const container = nonEmptySpecOf({
    runAsUser: uid === undefined ? undefined : Number(uid),
    runAsGroup: gid === undefined ? undefined : Number(gid),
    privileged: spec.privileged,
    readOnlyRootFilesystem: spec.readOnly,
    allowPrivilegeEscalation: quiet ? false : undefined,
    // An engine has its profile on unless told otherwise, a cluster off.
    seccompProfile: spec.privileged === true ? undefined : seccomp,
    appArmorProfile: apparmor,
    capabilities: nonEmptySpecOf({ add: spec.capAdd?.map(capability), drop: spec.capDrop?.map(capability) }),
  });
  return { pod, container };
}

/** Kubernetes leaves out the CAP_. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

interface Options {
  readonly quiet: boolean;
  readonly seccomp: Spec;
  readonly apparmor: Spec | undefined;
}

function readOptions(options: readonly string[]): Options {
  const valueOf = (key: string): string | undefined =>
    options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
  const profile = valueOf('apparmor');
  const apparmor: Spec =
    profile === 'unconfined'
      ? { type: 'Unconfined' }
      : { type: 'Localhost', localhostProfile: profile ?? '' };
  const seccomp: Spec = { type: valueOf('seccomp') === 'unconfined' ? 'Unconfined' : 'RuntimeDefault' };
  return {
    quiet: options.some((option) => /^no-new-privileges(=true)?$/.test(option)),
    seccomp,
    apparmor: profile === undefined ? undefined : apparmor,
  };
}
