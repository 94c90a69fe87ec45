import { asBoolean, asString } from '../../../base/values.ts';
import { formatDuration } from '../../../base/units.ts';
import { attribute, configField, honoured, hostField, ignored, option } from './option.ts';
import { readDuration } from './option-values.ts';

const NOTHING_OF_THE_KIND = 'a pod has nothing of the kind';

/** The options on who the process is, where it runs and how it ends. */
export const BASIC_OPTIONS = {
  user: option({
    key: 'user',
    read: (value) => (typeof value === 'number' ? String(value) : asString(value)),
    docker: configField('User'),
    cluster: {
      verdict: 'some are errors',
      how: 'numbers; a name is an error',
      rules: [
        {
          severity: 'error',
          applies: (user) => !/^\d+(:\d+)?$/.test(user),
          message: 'is a name, and a cluster wants its number',
          hint: 'such as 1000 or 1000:1000',
        },
      ],
    },
    tofu: attribute('user'),
  }),
  workingDir: option({
    key: 'working_dir',
    read: asString,
    docker: configField('WorkingDir'),
    cluster: honoured('of the container'),
    tofu: attribute('working_dir'),
  }),
  hostname: option({
    key: 'hostname',
    read: asString,
    docker: configField('Hostname'),
    cluster: {
      verdict: 'some are errors',
      how: 'one that is no DNS label is an error',
      rules: [
        {
          severity: 'error',
          applies: (name) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name),
          message: 'is no name of DNS',
          hint: 'lower-case letters, digits and hyphens',
        },
      ],
    },
    tofu: attribute('hostname'),
  }),
  /** `false` is another word than none: an engine may have one by default. */
  init: option({
    key: 'init',
    read: asBoolean,
    docker: hostField('Init'),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: attribute('init'),
  }),
  readOnly: option({
    key: 'read_only',
    default: false,
    read: asBoolean,
    docker: hostField('ReadonlyRootfs'),
    cluster: honoured('securityContext'),
    tofu: attribute('read_only'),
  }),
  stopSignal: option({
    key: 'stop_signal',
    read: asString,
    docker: configField('StopSignal'),
    cluster: ignored(NOTHING_OF_THE_KIND),
    tofu: attribute('stop_signal'),
  }),
  /** Milliseconds. */
  stopGracePeriodMs: option({
    key: 'stop_grace_period',
    default: 10_000,
    read: readDuration,
    docker: configField('StopTimeout'),
    toDocker: wholeSeconds,
    fromDocker: (seconds) => (typeof seconds === 'number' ? seconds * 1_000 : undefined),
    cluster: honoured('`terminationGracePeriodSeconds`'),
    toCompose: formatDuration,
    tofu: {
      kind: 'attributes',
      write: (milliseconds) => ({ stop_timeout: wholeSeconds(milliseconds) }),
    },
  }),
} as const;

function wholeSeconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000);
}
