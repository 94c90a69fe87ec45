import { asBoolean, asFields, defined } from '../../../base/values.ts';
import { readPlainPairs } from './pairs.ts';
import {
  attribute,
  configField,
  DOCKER_ELSEWHERE,
  hostField,
  honoured,
  ignored,
  option,
  NO_EFFECT,
  since,
  TOFU_ELSEWHERE,
  TOFU_UNSUPPORTED,
} from './option.ts';
import { readLogging, readTexts } from './option-values.ts';
import {
  annotationNeeds,
  capabilityNeeds,
  loggingNeeds,
  namespaceNeeds,
  PRIVILEGED,
  profileNeeds,
  runtimeNeeds,
} from './option-needs.ts';
import { readSecurity, readSet, readText } from './readers.ts';

const NOTHING_OF_THE_KIND = 'a pod has nothing of the kind';
const SECURITY_CONTEXT = 'securityContext';
const OTHERS_ARE_ERRORS = 'host is honoured, shareable a warning; those of another container are errors';

/** Text that an engine puts there when nothing is said, as none. */
function unlessUsual(value: unknown, usual: string): string | undefined {
  return value === usual ? undefined : readText(value);
}

/** The options on how the process runs: what it shares with others, and what it may do. */
export const PROCESS_OPTIONS = {
  domainname: option({
    key: 'domainname',
    read: readText,
    docker: configField('Domainname'),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: attribute('domainname'),
  }),
  privileged: option({
    key: 'privileged',
    default: false,
    read: asBoolean,
    docker: hostField('Privileged'),
    cluster: honoured(SECURITY_CONTEXT),
    tofu: attribute('privileged'),
    needs: (value) => (value ? [PRIVILEGED] : []),
  }),
  tty: option({
    key: 'tty',
    default: false,
    read: asBoolean,
    docker: configField('Tty'),
    cluster: honoured('of the container'),
    tofu: attribute('tty'),
  }),
  stdinOpen: option({
    key: 'stdin_open',
    default: false,
    read: asBoolean,
    docker: configField('OpenStdin'),
    cluster: honoured('of the container'),
    tofu: attribute('stdin_open'),
  }),
  runtime: option({
    key: 'runtime',
    read: readText,
    docker: hostField('Runtime'),
    fromDocker: (runtime) => unlessUsual(runtime, 'runc'),
    cluster: honoured('`runtimeClassName`'),
    tofu: attribute('runtime'),
    needs: runtimeNeeds,
  }),
  /** `linux/arm64/v8` */
  platform: option({
    key: 'platform',
    read: readText,
    docker: since('1.41', DOCKER_ELSEWHERE),
    cluster: honoured('node selector'),
    tofu: TOFU_ELSEWHERE,
  }),
  /** `none`, `private`, `shareable`, `host` or `container:<name on the engine>`. */
  ipc: option({
    key: 'ipc',
    isShared: true,
    read: readText,
    docker: hostField('IpcMode'),
    fromDocker: (mode) => unlessUsual(mode, 'private'),
    cluster: {
      verdict: 'some are errors',
      how: OTHERS_ARE_ERRORS,
      rules: [
        {
          severity: 'error',
          applies: (mode) => /^(service|container):/.test(mode),
          message: 'is for one engine',
          hint: 'host, or leave it out',
        },
        {
          severity: 'warning',
          applies: (mode) => mode === 'shareable' || mode === 'none',
          message: NO_EFFECT,
        },
      ],
    },
    tofu: attribute('ipc_mode'),
    needs: (mode) => namespaceNeeds('ipc', mode),
  }),
  /** `host` or `container:<name on the engine>`. */
  pid: option({
    key: 'pid',
    isShared: true,
    read: readText,
    docker: hostField('PidMode'),
    cluster: {
      verdict: 'some are errors',
      how: OTHERS_ARE_ERRORS,
      rules: [
        {
          severity: 'error',
          applies: (mode) => mode !== 'host',
          message: 'is for one engine',
          hint: 'host, or leave it out',
        },
      ],
    },
    tofu: attribute('pid_mode'),
    needs: (mode) => namespaceNeeds('pid', mode),
  }),
  usernsMode: option({
    key: 'userns_mode',
    read: readText,
    docker: hostField('UsernsMode'),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: attribute('userns_mode'),
    needs: (mode) => namespaceNeeds('user', mode),
  }),
  cgroup: option({
    key: 'cgroup',
    read: (value) => (value === 'host' || value === 'private' ? value : undefined),
    docker: since('1.41', hostField('CgroupnsMode')),
    fromDocker: (mode) => (mode === 'host' || mode === 'private' ? mode : undefined),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: attribute('cgroupns_mode'),
    needs: (mode) => namespaceNeeds('cgroup', mode),
  }),
  cgroupParent: option({
    key: 'cgroup_parent',
    read: readText,
    docker: hostField('CgroupParent'),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: TOFU_UNSUPPORTED,
    needs: (parent) => [{ grant: 'hostNamespaces', value: `cgroup:${parent}` }],
  }),
  uts: option({
    key: 'uts',
    read: readText,
    docker: hostField('UTSMode'),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: TOFU_UNSUPPORTED,
    needs: (mode) => namespaceNeeds('uts', mode),
  }),
} as const;

/** The options on what the process may do, and what is noted of it. */
export const SECURITY_OPTIONS = {
  groupAdd: option({
    key: 'group_add',
    read: readSet,
    docker: hostField('GroupAdd'),
    cluster: {
      verdict: 'some are errors',
      how: 'numbers; a name is an error',
      rules: [
        {
          severity: 'error',
          applies: (groups) => groups.some((group) => !/^\d+$/.test(group)),
          message: 'has a name, and a cluster wants numbers',
          hint: 'such as 999',
        },
      ],
    },
    tofu: attribute('group_add'),
  }),
  securityOpt: option({
    key: 'security_opt',
    read: readSecurity,
    docker: hostField('SecurityOpt'),
    // The file `check-cluster.ts` says which ones.
    cluster: {
      verdict: 'some are errors',
      how: 'no-new-privileges, seccomp=unconfined and apparmor=… are honoured',
      rules: [],
    },
    tofu: attribute('security_opts'),
    needs: profileNeeds,
  }),
  capAdd: option({
    key: 'cap_add',
    read: readSet,
    docker: hostField('CapAdd'),
    cluster: honoured(SECURITY_CONTEXT),
    tofu: { kind: 'block', block: 'capabilities', attribute: 'add' },
    needs: capabilityNeeds,
  }),
  capDrop: option({
    key: 'cap_drop',
    read: readSet,
    docker: hostField('CapDrop'),
    cluster: honoured(SECURITY_CONTEXT),
    tofu: { kind: 'block', block: 'capabilities', attribute: 'drop' },
  }),
  sysctls: option({
    key: 'sysctls',
    read: readPlainPairs,
    docker: hostField('Sysctls'),
    cluster: honoured(SECURITY_CONTEXT),
    tofu: attribute('sysctls'),
  }),
  storageOpt: option({
    key: 'storage_opt',
    read: readTexts,
    docker: hostField('StorageOpt'),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: attribute('storage_opts'),
  }),
  logging: option({
    key: 'logging',
    read: readLogging,
    docker: hostField('LogConfig'),
    toDocker: ({ driver = '', options = {} }) => ({ Type: driver, Config: options }),
    fromDocker(value) {
      const { Type, Config } = asFields(value) ?? {};
      const options = readTexts(Config);
      const driver = unlessUsual(Type, options ? '' : 'json-file');
      return driver === undefined && options === undefined ? undefined : defined({ driver, options });
    },
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: {
      kind: 'attributes',
      write: ({ driver, options }) => ({ log_driver: driver, log_opts: options }),
    },
    needs: loggingNeeds,
  }),
  annotations: option({
    key: 'annotations',
    read: readPlainPairs,
    docker: since('1.43', hostField('Annotations')),
    cluster: {
      verdict: 'some are warnings',
      how: 'annotations of the pods; a key that Kubernetes refuses is a warning',
      rules: [],
    },
    tofu: TOFU_UNSUPPORTED,
    needs: annotationNeeds,
  }),
} as const;
