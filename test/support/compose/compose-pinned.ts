/*
 * The differences that are allowed (compose-differences.ts), each as it must be, `service field: Compose | Kombinator`. A field that
 * differs in any other way is a bug.
 */

export const PINNED: ReadonlySet<string> = new Set([
  'bind-long-1 HostConfig.Binds: ["/tmp/kombinator-inspect:/made:rw"] | ["/tmp/kombinator-inspect:/made"]',
  'bind-relative-1 HostConfig.Binds: ["DIRECTORY/data:/data:rw"] | ["DIRECTORY/data:/data"]',
  'bind-short-1 HostConfig.Binds: ["/tmp/kombinator-inspect:/host-ro:ro","/tmp/kombinator-inspect:/host:rw","/tmp/kombinator-inspect:/z:rw,z"] | ["/etc:/slave:ro,rslave","/tmp/kombinator-inspect:/host","/tmp/kombinator-inspect:/host-ro:ro","/tmp/kombinator-inspect:/z:z"]',
  'bind-short-1 HostConfig.Mounts: [{"BindOptions":{"Propagation":"rslave"},"ReadOnly":true,"Source":"/etc","Target":"/slave","Type":"bind"}] | undefined',
  'bind-short-1 HostConfig.Mounts: [{"BindOptions":{"CreateMountpoint":true,"Propagation":"rslave"},"ReadOnly":true,"Source":"/etc","Target":"/slave","Type":"bind"}] | undefined',
  'build-1 Config.Image: "kombinator-inspect-built:1" | "PROJECT-build:DIGEST"',
  'capabilities-1 HostConfig.CapAdd: ["CAP_NET_ADMIN","CAP_SYS_TIME"] | ["NET_ADMIN","SYS_TIME"]',
  'capabilities-1 HostConfig.CapDrop: ["CAP_CHOWN","CAP_MKNOD"] | ["CHOWN","MKNOD"]',
  'environment-list-1 Config.Env: ["A=x=y","NOWHERE","PATH=/bin","S=a b","Z=1"] | ["A=x=y","PATH=/bin","S=a b","Z=1"]',
  'mac-1 Config.MacAddress: "02:42:AC:11:65:43" | "02:42:ac:11:65:43"',
  'mac-1 Networks.PROJECT_default.MacAddress: "02:42:AC:11:65:43" | "02:42:ac:11:65:43"',
  'networks-map-1 Networks.PROJECT_front.IPAddress: "10.213.8.77" | ""',
  'networks-map-1 Networks.PROJECT_front.MacAddress: "02:42:0a:d5:07:4d" | ""',
  'ports-one-of-1 HostConfig.PortBindings.80/tcp: [{"HostIp":"","HostPort":"18120-18122"}] | [{"HostIp":"","HostPort":"18120"}]',
  'secrets-1 HostConfig.Mounts: [{"ReadOnly":true,"Source":"DIRECTORY/password.txt","Target":"/run/secrets/password","Type":"bind"}] | [{"ReadOnly":true,"Source":"/run/kombinator/secrets/PROJECT/UUID/run","Target":"/run/secrets","Type":"bind"}]',
  'secrets-1 Mounts./run/secrets.Destination: undefined | "/run/secrets"',
  'secrets-1 Mounts./run/secrets.Propagation: undefined | "rprivate"',
  'secrets-1 Mounts./run/secrets.RW: undefined | false',
  'secrets-1 Mounts./run/secrets.Source: undefined | "/run/kombinator/secrets/PROJECT/UUID/run"',
  'secrets-1 Mounts./run/secrets.Type: undefined | "bind"',
  'secrets-1 Mounts./run/secrets/password.Destination: "/run/secrets/password" | undefined',
  'secrets-1 Mounts./run/secrets/password.Propagation: "rprivate" | undefined',
  'secrets-1 Mounts./run/secrets/password.RW: false | undefined',
  'secrets-1 Mounts./run/secrets/password.Source: "DIRECTORY/password.txt" | undefined',
  'secrets-1 Mounts./run/secrets/password.Type: "bind" | undefined',
  'security-1 HostConfig.SecurityOpt: ["apparmor=unconfined","label:disable","no-new-privileges:true","seccomp:unconfined"] | ["apparmor=unconfined","label=disable","no-new-privileges=true","seccomp=unconfined"]',
  'stop-default-1 Config.StopTimeout: 10 | undefined',
  'stop-short-1 Config.StopTimeout: 1 | 2',
  'volume-external-1 HostConfig.Binds: ["kombinator-inspect-outside:/outside:rw"] | undefined',
  'volume-external-1 HostConfig.Mounts: undefined | [{"Source":"kombinator-inspect-outside","Target":"/outside","Type":"volume"}]',
  'volume-short-1 HostConfig.Binds: ["PROJECT_data:/data:rw","PROJECT_data:/ro:ro"] | undefined',
  'volume-short-1 HostConfig.Mounts: undefined | [{"ReadOnly":true,"Source":"PROJECT_data","Target":"/ro","Type":"volume"},{"Source":"PROJECT_data","Target":"/data","Type":"volume"}]',
  'volumes-from-1 HostConfig.VolumesFrom: ["ID(/PROJECT-volume-anonymous-1)","ID(/PROJECT-volume-short-1)","kombinator-inspect-outside"] | ["PROJECT-volume-anonymous-1:ro","PROJECT-volume-short-1","kombinator-inspect-outside:ro"]',
  'volumes-from-1 Mounts./more.RW: true | false',
  'volumes-from-1 Mounts./scratch.RW: true | false',
]);

/** Spellings of one mount, which depend on the form that it is made in and on the engine. */
const MOUNT_MODES = /^(undefined|"(|z|rw|ro|rw,z|ro,rslave)")$/;

const IDS = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Tells whether a difference is one that is known exactly. */
export function isPinned(container: string, field: string, values: readonly (string | undefined)[]): boolean {
  const [compose = 'undefined', kombinator = 'undefined'] = values;
  if (field.endsWith('.Aliases')) {
    const [theirs, ours] = [namesIn(compose), namesIn(kombinator)];
    const more = theirs.filter((name) => !ours.includes(name));
    return (
      more.length === 1 &&
      [container, `PROJECT-${container}`].includes(more[0] ?? '') &&
      ours.every((name) => theirs.includes(name))
    );
  }
  if (/^Mounts\..*\.Mode$/.test(field)) return [compose, kombinator].every((mode) => MOUNT_MODES.test(mode));
  const line = `${container} ${field}: ${compose} | ${kombinator}`
    .replaceAll(IDS, 'UUID')
    .replaceAll(/"\/[^"]*(\/volumes\/)/g, '"DATA$1')
    .replaceAll(/PROJECT-build:[0-9a-f]{12}/g, 'PROJECT-build:DIGEST');
  return PINNED.has(line);
}

function namesIn(list: string): readonly string[] {
  if (list === 'undefined') return [];
  const names: unknown = JSON.parse(list);
  return Array.isArray(names) ? names.map(String) : [];
}
