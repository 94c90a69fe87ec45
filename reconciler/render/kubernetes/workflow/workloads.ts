import type { Spec } from '../../../model/secret.ts';
import { asFields, asList } from '../../../base/values.ts';
import type { FilledNode } from '../../../config/workflow/workflow-values.ts';
import { compact, pick, textOf, toSpecValue } from '../fields.ts';
import { renderPodTemplate, selectorOf } from './pod.ts';

/*
 * Workloads of workflow nodes; that of a kombination's service is made in ../service-workload.ts.
 */

/** @param scaled an autoscaler decides how many pods there are */
export function renderDeployment(node: FilledNode, scaled: boolean): Spec {
  return {
    ...(scaled ? {} : pick(node.data, 'replicas')),
    selector: { matchLabels: selectorOf(node) },
    template: renderPodTemplate(node),
  };
}

/** @param scaled an autoscaler decides how many pods there are */
export function renderStatefulSet(node: FilledNode, scaled: boolean): Spec {
  return {
    ...pick(node.data, 'serviceName'),
    ...renderDeployment(node, scaled),
    ...compact({ volumeClaimTemplates: (asList(node.data['volumeClaimTemplates']) ?? []).map(renderClaim) }),
  };
}

function renderClaim(item: unknown): Spec {
  const fields = asFields(item) ?? {};
  return {
    metadata: pick(fields, 'name'),
    spec: renderClaimSpec(fields),
  };
}

export function renderClaimSpec(fields: Readonly<Record<string, unknown>>): Spec {
  return {
    accessModes: toSpecValue(fields['accessModes'] ?? ['ReadWriteOnce']),
    resources: { requests: { storage: textOf(fields['storage']) ?? '10Gi' } },
    ...pick(fields, 'storageClassName', 'volumeMode'),
  };
}

export function renderDaemonSet(node: FilledNode): Spec {
  const { data } = node;
  const rolling = data['updateStrategy'] === 'RollingUpdate';
  return {
    selector: { matchLabels: selectorOf(node) },
    template: renderPodTemplate(node),
    updateStrategy: {
      type: toSpecValue(data['updateStrategy']),
      ...(rolling ? { rollingUpdate: pick(data, 'maxUnavailable') } : {}),
    },
  };
}

export function renderJob(node: FilledNode): Spec {
  const { data } = node;
  return {
    ...pick(data, 'completions', 'parallelism', 'backoffLimit'),
    ...pick(data, 'activeDeadlineSeconds', 'ttlSecondsAfterFinished'),
    template: renderPodTemplate(node, textOf(data['restartPolicy'])),
  };
}

export function renderCronJob(node: FilledNode): Spec {
  const { data } = node;
  return {
    ...pick(data, 'schedule', 'timeZone', 'concurrencyPolicy', 'suspend'),
    ...pick(data, 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit', 'startingDeadlineSeconds'),
    jobTemplate: { spec: renderJob(node) },
  };
}
