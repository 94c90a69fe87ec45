import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { ServiceFields } from '../kombination.ts';
import { optionalNumber, readDuration } from '../../../model/docker/options/option-values.ts';
import type { FailureAction, RolloutModel, RolloutOrder } from '../../../model/rollout.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, defined, own } from '../../../base/values.ts';

/** More containers of one service than this on one engine are a slip of the finger. */
const MAX_REPLICAS = 1_000;

/** Reads how many containers there are, and how they are replaced: `scale`, `deploy.replicas`, `update_config` and `rollback_config`. */
export function readRollout(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Pick<ServiceFields, 'replicas' | 'update' | 'rollback'> {
  const deploy = asFields(fields['deploy']) ?? {};
  const at = (key: string): DocumentPath => [...path, 'deploy', key];
  const update = asFields(deploy['update_config']);
  const rollback = asFields(deploy['rollback_config']);
  return defined({
    replicas: readReplicas(fields, path, diagnostics),
    update: update && readConfig(update, at('update_config'), diagnostics),
    rollback: rollback && readRollback(rollback, at('rollback_config'), diagnostics),
  });
}

function readReplicas(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): number | undefined {
  const deploy = asFields(fields['deploy']);
  const scale = optionalNumber(fields['scale']);
  const replicas = optionalNumber(deploy?.['replicas']);
  const place = scale === undefined ? [...path, 'deploy', 'replicas'] : [...path, 'scale'];
  if (scale !== undefined && replicas !== undefined && scale !== replicas) {
    diagnostics.error('INVALID_VALUE', place, `scale says ${scale}, deploy.replicas says ${replicas}`, {
      hint: 'keep one of them',
    });
  }
  const count = scale ?? replicas;
  if (count === undefined) return undefined;
  if (Number.isInteger(count) && count >= 0 && count <= MAX_REPLICAS) return count;
  diagnostics.error('OUT_OF_RANGE', place, `${count} is not a number of containers`, {
    hint: `0 to ${MAX_REPLICAS}`,
  });
  return undefined;
}

function readConfig(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): RolloutModel {
  const ratio = optionalNumber(fields['max_failure_ratio']);
  if (ratio !== undefined && (ratio < 0 || ratio > 1)) {
    const message = `${ratio} is not a share of the containers`;
    diagnostics.error('OUT_OF_RANGE', [...path, 'max_failure_ratio'], message, { hint: '0 to 1' });
  }
  return defined({
    parallelism: optionalNumber(fields['parallelism']),
    delayMs: readDuration(fields['delay']),
    order: readOrder(fields['order']),
    failureAction: readAction(fields['failure_action']),
    monitorMs: readDuration(fields['monitor']),
    maxFailureRatio: ratio,
  });
}

/** Reads the rollback. What is put back was well before: it is not watched again, and takes the place of the new one as that one came. */
function readRollback(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): RolloutModel {
  for (const key of ['monitor', 'max_failure_ratio', 'order']) {
    if (own(fields, key) === undefined) continue;
    diagnostics.warning('UNSUPPORTED_KEY', [...path, key], `${key} has no effect in rollback_config`, {
      hint: 'the old container, which was kept, is started again and the new one removed',
      at: 'key',
    });
  }
  const config = readConfig(fields, path, diagnostics);
  if (config.failureAction !== 'rollback') return config;
  const message = 'what is being rolled back cannot be rolled back again';
  diagnostics.error('INVALID_VALUE', [...path, 'failure_action'], message, { hint: 'pause or continue' });
  return { ...config, failureAction: 'pause' };
}

/** Everything else has been reported by the schema. */
function readOrder(value: unknown): RolloutOrder | undefined {
  return value === 'stop-first' || value === 'start-first' ? value : undefined;
}

function readAction(value: unknown): FailureAction | undefined {
  return value === 'pause' || value === 'continue' || value === 'rollback' ? value : undefined;
}
