import type { RestartSpec } from './docker-spec.ts';
import type { DocumentPath } from './document-path.ts';
import type { Issues } from './issue.ts';
import type { ServiceFields } from './kombination.ts';
import { optionalNumber } from './option-values.ts';
import { nearest } from './nearest.ts';
import type { Fields } from './values.ts';
import { asFields, asString } from './values.ts';

/*
 * How a service is brought out: what Compose says for a cluster, and what of it one engine can do. Resources and
 * replicas are read elsewhere (`service-resources.ts`, `service-rollout.ts`).
 */

/** Keys that change nothing on a single engine, with what to say about them. */
const IGNORED: Readonly<Record<string, string>> = {
  labels: 'labels of the service itself are put on its container',
  endpoint_mode: 'it is for clusters',
  placement: 'node says where a service runs',
};

/** Reports what of `deploy` is not honoured. */
export function readDeploy(fields: Fields, path: DocumentPath, issues: Issues): void {
  const deploy = asFields(fields['deploy']) ?? {};
  const at = (...keys: readonly string[]): DocumentPath => [...path, 'deploy', ...keys];
  for (const [key, hint] of Object.entries(IGNORED)) {
    if (deploy[key] !== undefined) ignore(at(key), key, hint, issues);
  }
  if (deploy['mode'] !== undefined && deploy['mode'] !== 'replicated') {
    issues.error('UNSUPPORTED_KEY', at('mode'), `mode: ${asString(deploy['mode'])} is not supported`, {
      hint: 'replicas says how many containers run',
    });
  }
  const policy = asFields(deploy['restart_policy']) ?? {};
  for (const key of ['delay', 'window']) {
    if (policy[key] === undefined) continue;
    ignore(at('restart_policy', key), key, 'the engine chooses the time between restarts', issues);
  }
  const reservations = asFields(asFields(deploy['resources'])?.['reservations']) ?? {};
  for (const key of ['cpus', 'generic_resources', 'pids']) {
    if (reservations[key] === undefined) continue;
    ignore(at('resources', 'reservations', key), key, 'an engine cannot set it aside', issues);
  }
  for (const key of ['cpu_count', 'cpu_percent']) {
    if (fields[key] !== undefined) ignore([...path, key], key, 'it is for Windows; use cpus', issues);
  }
  if (fields['develop'] !== undefined)
    ignore([...path, 'develop'], 'develop', 'it is for compose watch', issues);
}

function ignore(path: DocumentPath, key: string, hint: string, issues: Issues): void {
  issues.warning('UNSUPPORTED_KEY', path, `${key} has no effect`, { hint, at: 'key' });
}

const CONDITIONS: Readonly<Record<string, RestartSpec['policy']>> = {
  none: 'no',
  'on-failure': 'on-failure',
  any: 'always',
  'unless-stopped': 'unless-stopped',
};

/** `restart`, or Compose's `deploy.restart_policy` where it is not said. */
export function readRestart(fields: Fields, path: DocumentPath, issues: Issues): RestartSpec | undefined {
  const restart = fields['restart'];
  const deploy = asFields(asFields(fields['deploy'])?.['restart_policy']);
  if (restart === undefined) return deploy && readRestartPolicy(deploy);
  if (deploy) {
    const place = [...path, 'deploy', 'restart_policy'];
    ignore(place, 'restart_policy', 'restart is said as well, and counts', issues);
  }
  const [, policy, times] =
    /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(asString(restart) ?? '') ?? [];
  if (policy === 'on-failure') return times ? { policy, maxRetries: Number(times) } : { policy };
  return policy === 'no' || policy === 'always' || policy === 'unless-stopped' ? { policy } : undefined;
}

function readRestartPolicy(fields: Fields): RestartSpec {
  const policy = CONDITIONS[asString(fields['condition']) ?? 'any'] ?? 'always';
  const maxRetries = optionalNumber(fields['max_attempts']);
  return policy === 'on-failure' && maxRetries ? { policy, maxRetries } : { policy };
}

/** What is pulled by time is looked for every time: the engine does not say when it last asked. */
export function readPullPolicy(
  value: unknown,
  path: DocumentPath,
  issues: Issues,
): ServiceFields['pullPolicy'] | undefined {
  if (value === 'if_not_present') return 'missing';
  if (value === 'missing' || value === 'always' || value === 'never') return value;
  if (typeof value !== 'string') return undefined;
  if (value === 'build') {
    issues.error('UNSUPPORTED_KEY', path, 'pull_policy: build is not supported', {
      hint: 'build the image elsewhere and name it with image',
    });
  } else if (/^(refresh|daily|weekly|every_.+)$/.test(value)) {
    issues.warning('UNSUPPORTED_KEY', path, `pull_policy: ${value} is read as always`, {
      hint: 'pull_policy: always looks for a newer image with every plan',
    });
    return 'always';
  } else {
    const near = nearest(value, ['missing', 'if_not_present', 'always', 'never', 'daily', 'weekly']);
    issues.error('INVALID_VALUE', path, `"${value}" is not a pull policy`, {
      hint: near === undefined ? 'missing, always or never' : `did you mean ${near}?`,
    });
  }
  return undefined;
}
