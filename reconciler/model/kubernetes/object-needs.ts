import type { DocumentPath } from '../../base/document-path.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import type { Need } from '../operator-policy.ts';
import { normalisePath } from '../docker/normalise-path.ts';
import { capabilityNeeds } from '../docker/options/option-needs.ts';

export interface ObjectNeed extends Need {
  readonly path: DocumentPath;
}

const HOST_NAMESPACES: ReadonlyMap<string, string> = new Map([
  ['hostNetwork', 'network'],
  ['hostPID', 'pid'],
  ['hostIPC', 'ipc'],
]);

/**
 * The parts of the data of a workflow's node, or of any description of pods, in which these reach out of their own containers, by the words of the
 * Pod API (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/). Pod templates are found wherever they stand, so
 * also in the objects of operators.
 */
export function podNeeds(value: unknown, path: DocumentPath): readonly ObjectNeed[] {
  const needs: ObjectNeed[] = [];
  visit(value, path, needs);
  return needs;
}

/**
 * The same of a whole Kubernetes object. Kinds that only hold data need nothing, whatever their keys are called: the schema of a definition
 * names the fields of pods as others use them.
 */
export function objectNeeds(object: unknown, path: DocumentPath): readonly ObjectNeed[] {
  return holdsData(object) ? [] : podNeeds(object, path);
}

/** Tells whether nothing ever runs out of an object. */
function holdsData(object: unknown): boolean {
  const { apiVersion, kind } = asFields(object) ?? {};
  if (kind === 'CustomResourceDefinition')
    return asString(apiVersion)?.startsWith('apiextensions.k8s.io/') === true;
  return apiVersion === 'v1' && (kind === 'ConfigMap' || kind === 'Secret');
}

function visit(value: unknown, path: DocumentPath, needs: ObjectNeed[]): void {
  const list = asList(value);
  if (list) {
    for (const [index, item] of list.entries()) visit(item, [...path, index], needs);
    return;
  }
  const fields = asFields(value);
  if (!fields) return;
  for (const [key, member] of Object.entries(fields)) {
    const place = [...path, key];
    needs.push(...keyNeeds(key, member).map((need) => ({ ...need, path: place })));
    visit(member, place, needs);
  }
}

function keyNeeds(key: string, value: unknown): readonly Need[] {
  const namespace = HOST_NAMESPACES.get(key);
  if (namespace !== undefined) return value === true ? [{ grant: 'hostNamespaces', value: namespace }] : [];
  switch (key) {
    case 'privileged':
      return value === true ? [{ grant: 'privileged', value: 'the container' }] : [];
    case 'hostPath':
      return pathNeeds(asString(asFields(value)?.['path']) ?? asString(value));
    case 'local':
      return pathNeeds(asString(asFields(value)?.['path']));
    case 'capabilities':
      return capabilityNeeds(
        (asList(asFields(value)?.['add']) ?? []).filter((name) => typeof name === 'string'),
      );
    case 'seccompProfile':
    case 'appArmorProfile': {
      const type = asString(asFields(value)?.['type']);
      return type === undefined || type === 'RuntimeDefault' ? [] : [unconfined(`${key} ${type}`)];
    }
    case 'seLinuxOptions':
      return asFields(value)?.['type'] === undefined ? [] : [unconfined(key)];
    case 'hostProcess':
      return value === true ? [{ grant: 'privileged', value: 'the container' }] : [];
    case 'flexVolume':
      return [{ grant: 'binds', value: '/' }];
    case 'volumeAttributes': {
      const path = asString(asFields(value)?.['path']);
      return path?.startsWith('/') === true ? pathNeeds(path) : [];
    }
    case 'procMount':
      return value === 'Unmasked' ? [unconfined('procMount Unmasked')] : [];
    default:
      return OLD_PROFILE.test(key) && value !== 'runtime/default' ? [unconfined(key)] : [];
  }
}

/** The annotation that stood where `appArmorProfile` is now. */
const OLD_PROFILE = /^container\.apparmor\.security\.beta\.kubernetes\.io\//;

function unconfined(value: string): Need {
  return { grant: 'unconfined', value };
}

function pathNeeds(path: string | undefined): readonly Need[] {
  if (path === undefined) return [];
  if (!path.startsWith('/')) return [{ grant: 'binds', value: '/' }];
  return [{ grant: 'binds', value: normalisePath(path) }];
}
