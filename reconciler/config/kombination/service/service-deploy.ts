import type { RestartSpec } from '../../../model/docker/docker-spec.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { ServiceFields } from '../kombination.ts';
import { optionalNumber } from '../../../model/docker/options/option-values.ts';
import { nearest } from '../../../base/nearest.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';

/*
 * The keys that bring a service out: what Compose says for a cluster, and what of it one engine can do. Resources and replicas are read
 * elsewhere (`service-resources.ts`, `service-rollout.ts`).
 */

/** Keys that change nothing on a single engine, with what to say about them. */
const IGNORED: Readonly<Record<string, string>> = {
  labels: 'a Swarm has them on its service, where no container has them; move them to labels of the service',
  endpoint_mode: 'it is for clusters',
};

/** Reports what of `deploy` is not honoured. */
export function readDeploy(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  const deploy = asFields(fields['deploy']) ?? {};
  const at = (...keys: readonly string[]): DocumentPath => [...path, 'deploy', ...keys];
  for (const [key, hint] of Object.entries(IGNORED)) {
    if (own(deploy, key) !== undefined) ignore(at(key), key, hint, diagnostics);
  }
  readPlacement(deploy, at('placement'), diagnostics);
  if (deploy['mode'] === 'global') {
    const hint =
      'one container runs, on the node of the service; write it once for each node that is to have one';
    ignore(at('mode'), 'mode: global', hint, diagnostics);
  } else if (deploy['mode'] !== undefined && deploy['mode'] !== 'replicated') {
    diagnostics.error('UNSUPPORTED_KEY', at('mode'), `mode: ${asString(deploy['mode'])} is not supported`, {
      hint: 'replicas says how many containers run',
    });
  }
  const policy = asFields(deploy['restart_policy']) ?? {};
  for (const key of Object.keys(BETWEEN_RESTARTS)) {
    if (own(policy, key) === undefined) continue;
    ignore(at('restart_policy', key), key, own(BETWEEN_RESTARTS, key) ?? '', diagnostics);
  }
  const reservations = asFields(asFields(deploy['resources'])?.['reservations']) ?? {};
  for (const key of ['cpus', 'generic_resources', 'pids']) {
    if (own(reservations, key) === undefined) continue;
    ignore(at('resources', 'reservations', key), key, 'an engine cannot set it aside', diagnostics);
  }
  for (const key of ['cpu_count', 'cpu_percent']) {
    if (own(fields, key) !== undefined)
      ignore([...path, key], key, 'it is for Windows; use cpus', diagnostics);
  }
  if (fields['develop'] !== undefined)
    ignore([...path, 'develop'], 'develop', 'it is for compose watch', diagnostics);
}

const BETWEEN_RESTARTS: Readonly<Record<string, string>> = {
  delay:
    'the engine waits 100 ms before it starts a container again, and each time twice as long, up to a minute',
  window: 'the engine begins to count anew once a container has run for 10 s',
};

/** Constraints that hold wherever there is but one engine. */
const ALWAYS_MET = /^node\.role\s*==\s*manager$/;
const NAMED_NODE = /^node\.hostname\s*==\s*(\S+)$/;

/** A Swarm chooses a node by these; a kombination names it. */
function readPlacement(deploy: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  const placement = asFields(deploy['placement']);
  if (placement === undefined) return;
  for (const key of Object.keys(placement).filter((one) => one !== 'constraints' && !one.startsWith('x-')))
    ignore([...path, key], key, 'nothing is spread: node says where a service runs', diagnostics);
  for (const [index, item] of (asList(placement['constraints']) ?? []).entries()) {
    const constraint = (asString(item) ?? '').trim();
    if (ALWAYS_MET.test(constraint)) continue;
    const name = NAMED_NODE.exec(constraint)?.[1];
    const hint = name === undefined ? 'node says where a service runs' : `node: ${name} says the same`;
    const message = `the constraint ${constraint} has no effect`;
    diagnostics.warning('UNSUPPORTED_KEY', [...path, 'constraints', index], message, { hint });
  }
}

function ignore(path: DocumentPath, key: string, hint: string, diagnostics: DiagnosticCollector): void {
  diagnostics.warning('UNSUPPORTED_KEY', path, `${key} has no effect`, { hint, at: 'key' });
}

const CONDITIONS: Readonly<Record<string, RestartSpec['policy']>> = {
  none: 'no',
  'on-failure': 'on-failure',
  any: 'always',
  'unless-stopped': 'unless-stopped',
};

/** `restart`, or Compose's `deploy.restart_policy` where it is not said. */
export function readRestart(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): RestartSpec | undefined {
  const restart = fields['restart'];
  const deploy = asFields(asFields(fields['deploy'])?.['restart_policy']);
  if (restart === undefined) return deploy && readRestartPolicy(deploy);
  if (deploy) {
    const place = [...path, 'deploy', 'restart_policy'];
    ignore(place, 'restart_policy', 'restart is said as well, and counts', diagnostics);
  }
  const [, policy, times] =
    /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(asString(restart) ?? '') ?? [];
  if (policy === 'on-failure') return times ? { policy, maxRetries: Number(times) } : { policy };
  return policy === 'no' || policy === 'always' || policy === 'unless-stopped' ? { policy } : undefined;
}

function readRestartPolicy(fields: Fields): RestartSpec {
  const policy = own(CONDITIONS, asString(fields['condition']) ?? 'any') ?? 'always';
  const maxRetries = optionalNumber(fields['max_attempts']);
  return policy === 'on-failure' && maxRetries ? { policy, maxRetries } : { policy };
}

/** Reads the pull policy. One that goes by time pulls every time: the engine does not say when it last asked. */
export function readPullPolicy(
  fields: Fields,
  service: DocumentPath,
  diagnostics: DiagnosticCollector,
): ServiceFields['pullPolicy'] | undefined {
  const value = fields['pull_policy'];
  const path = [...service, 'pull_policy'];
  if (typeof value !== 'string') return undefined;
  if (fields['build'] !== undefined) return readPolicyOfBuild(value, path, diagnostics);
  if (value === 'if_not_present') return 'missing';
  if (value === 'missing' || value === 'always' || value === 'never') return value;
  if (value === 'build') {
    diagnostics.error('INVALID_VALUE', path, 'pull_policy: build needs something to build', {
      hint: 'add build, or choose missing, always or never',
    });
  } else if (PULLED_BY_TIME.test(value)) {
    diagnostics.warning('UNSUPPORTED_KEY', path, `pull_policy: ${value} is read as always`, {
      hint: 'pull_policy: always looks for a newer image with every plan',
    });
    return 'always';
  } else reportPolicy(value, path, diagnostics);
  return undefined;
}

const PULLED_BY_TIME = /^(refresh|daily|weekly|every_.+)$/;
const POLICIES = ['missing', 'if_not_present', 'always', 'never', 'daily', 'weekly', 'build'];

function reportPolicy(value: string, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  const near = nearest(value, POLICIES);
  diagnostics.error('INVALID_VALUE', path, `"${value}" is not a pull policy`, {
    hint: near === undefined ? 'missing, always or never' : `did you mean ${near}?`,
  });
}

/** Reads the policy of an image that is built, and so not pulled. */
function readPolicyOfBuild(value: string, path: DocumentPath, diagnostics: DiagnosticCollector): undefined {
  if (value === 'always' || PULLED_BY_TIME.test(value)) {
    diagnostics.warning(
      'UNSUPPORTED_KEY',
      path,
      `pull_policy: ${value} has no effect on an image that is built`,
      {
        hint: 'build.pull: true looks for newer base images whenever it is built',
      },
    );
  } else if (!POLICIES.includes(value)) reportPolicy(value, path, diagnostics);
}
