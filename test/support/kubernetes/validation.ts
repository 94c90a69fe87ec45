import type { Members, Value } from './field-set.ts';
import { isMembers, textOf } from './field-set.ts';
import type { ServedKind } from './kinds.ts';
import { apiVersionOf } from './kinds.ts';
import { at, listAt, membersAt } from './members.ts';
import type { Cause } from './refusal.ts';
import { invalid, Refusal } from './refusal.ts';
import { amountOf } from '../../../reconciler/pods/quantity.ts';

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ['apiVersion', 'kind', 'metadata', 'data', 'binaryData', 'immutable'],
  Secret: ['apiVersion', 'kind', 'metadata', 'data', 'stringData', 'type', 'immutable'],
  Deployment: ['apiVersion', 'kind', 'metadata', 'spec', 'status'],
};
const CONTAINER =
  'name image command args workingDir ports envFrom env resources resizePolicy restartPolicy volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty'.split(
    ' ',
  );
const QUANTITY = /^[+-]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*$/;

/** Checks what an apply does not get past: fields and types that the schema of the kind does not have. As far as tests ask. */
export function checkTyped(config: Members, kind: ServedKind): void {
  const group = `${kind.group}/${kind.version}, Kind=${kind.kind}`;
  const name = textOf(at(config, 'metadata', 'name'));
  const place = `${textOf(at(config, 'metadata', 'namespace') ?? '')}/${name}; ${group}`;
  const complaint = typeComplaint(config, kind);
  if (complaint !== null)
    throw new Refusal(500, '', `failed to create typed patch object (${place}): ${complaint}`);
  const unreadable = conversionComplaint(config, kind);
  if (unreadable === null) return;
  const full = kind.group === '' ? group : `${apiVersionOf(kind)}, Kind=${kind.kind}`;
  const message = `failed to convert new object (${place}) to proper version: unable to convert unstructured object to ${full}: ${unreadable}`;
  throw new Refusal(500, '', message);
}

function typeComplaint(config: Members, kind: ServedKind): string | null {
  const unknown = Object.keys(config).find((key) => KNOWN[kind.kind]?.includes(key) === false);
  if (unknown !== undefined) return `.${unknown}: field not declared in schema`;
  if (kind.kind === 'ConfigMap') {
    const odd = Object.entries(membersAt(config, 'data')).find(([, value]) => typeof value !== 'string');
    if (odd) return `.data.${odd[0]}: expected string, got &value.valueUnstructured{Value:${textOf(odd[1])}}`;
  }
  const replicas = at(config, 'spec', 'replicas');
  if (typeof replicas === 'string') return '.spec.replicas: expected numeric (int or float), got string';
  for (const container of containersOf(config)) {
    const where = `.spec.template.spec.containers[name=${JSON.stringify(container['name'])}]`;
    const odd = Object.keys(container).find((key) => !CONTAINER.includes(key));
    if (odd !== undefined) return `${where}.${odd}: field not declared in schema`;
    const names = listAt(container, 'env').map((one) => one['name']);
    const twice = names.find((one, index) => names.indexOf(one) !== index);
    if (twice !== undefined) return `${where}.env: duplicate entries for key [name=${JSON.stringify(twice)}]`;
  }
  return null;
}

function conversionComplaint(config: Members, kind: ServedKind): string | null {
  if (kind.kind === 'Secret') {
    const values = Object.values(membersAt(config, 'data')).map(textOf);
    if (values.some((value) => !/^[A-Za-z0-9+/\s]*={0,2}$/.test(value)))
      return 'error decoding from json: illegal base64 data at input byte 0';
  }
  const amounts = containersOf(config).flatMap((one) =>
    ['limits', 'requests'].flatMap((key) => Object.values(membersAt(one, 'resources', key))),
  );
  return amounts.every((one) => QUANTITY.test(textOf(one)))
    ? null
    : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
}

function containersOf(config: Members): readonly Members[] {
  return listAt(config, 'spec', 'template', 'spec', 'containers');
}

/** Checks what the kind's own rules refuse, all of it at once. `peers` are the others of a kind where they matter. */
export function checkValid(object: Members, kind: ServedKind, peers: readonly Members[]): void {
  const causes = [...nameCauses(object), ...kindCauses(object, kind, peers)];
  if (causes.length > 0) throw invalid(kind, textOf(at(object, 'metadata', 'name')), ...causes);
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function nameCauses(object: Members): readonly Cause[] {
  const name = textOf(at(object, 'metadata', 'name'));
  if (SUBDOMAIN.test(name) || name.includes(':')) return [];
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  return [wrong('metadata.name', JSON.stringify(name), rule)];
}

function wrong(field: string, value: string, why: string): Cause {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${value}: ${why}` };
}

function required(field: string, detail = ''): Cause {
  return {
    field,
    reason: 'FieldValueRequired',
    message: `Required value${detail === '' ? '' : `: ${detail}`}`,
  };
}

function kindCauses(object: Members, kind: ServedKind, peers: readonly Members[]): readonly Cause[] {
  switch (kind.kind) {
    case 'Deployment':
      return [...selectorCauses(object), ...templateCauses(object)];
    case 'StatefulSet':
    case 'DaemonSet':
      return templateCauses(object);
    case 'Job': {
      const policy = at(object, 'spec', 'template', 'spec', 'restartPolicy');
      const wanted = 'valid values: "OnFailure", "Never"';
      return policy === 'Always' || policy === undefined
        ? [required('spec.template.spec.restartPolicy', wanted)]
        : [];
    }
    case 'Service':
      return serviceCauses(object, peers);
    case 'HorizontalPodAutoscaler': {
      const [least, most] = [at(object, 'spec', 'minReplicas') ?? 1, at(object, 'spec', 'maxReplicas')];
      if (Number(least) <= Number(most)) return [];
      return [wrong('spec.maxReplicas', textOf(most), 'must be greater than or equal to `minReplicas`')];
    }
    default:
      return [];
  }
}

function selectorCauses(object: Members): readonly Cause[] {
  const labels = membersAt(object, 'spec', 'template', 'metadata', 'labels');
  const wanted = Object.entries(membersAt(object, 'spec', 'selector', 'matchLabels'));
  if (wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value)) return [];
  const why = '`selector` does not match template `labels`';
  return [wrong('spec.template.metadata.labels', JSON.stringify(labels), why)];
}

function templateCauses(object: Members): readonly Cause[] {
  const containers = containersOf(object);
  const base = 'spec.template.spec.containers';
  if (containers.length === 0) return [required(base)];
  return containers.flatMap((container, index) => {
    const place = `${base}[${index}]`;
    const image = textOf(container['image'] ?? '') === '' ? [required(`${place}.image`)] : [];
    const limits = membersAt(container, 'resources', 'limits');
    const above = Object.entries(membersAt(container, 'resources', 'requests')).flatMap(([key, value]) => {
      const limit = limits[key];
      if (limit === undefined || amountOf(textOf(value)) <= amountOf(textOf(limit))) return [];
      const why = `must be less than or equal to ${key} limit of ${textOf(limit)}`;
      return [wrong(`${place}.resources.requests`, JSON.stringify(textOf(value)), why)];
    });
    return [...image, ...above];
  });
}

function serviceCauses(object: Members, peers: readonly Members[]): readonly Cause[] {
  const ports = listAt(object, 'spec', 'ports');
  if (
    ports.length === 0 &&
    at(object, 'spec', 'type') !== 'ExternalName' &&
    at(object, 'spec', 'clusterIP') !== 'None'
  )
    return [required('spec.ports')];
  const unnamed =
    ports.length < 2
      ? []
      : ports.flatMap((port, index) =>
          port['name'] === undefined ? [required(`spec.ports[${index}].name`)] : [],
        );
  const taken = new Set<Value>(
    peers.flatMap((one) => listAt(one, 'spec', 'ports')).flatMap((port) => port['nodePort'] ?? []),
  );
  const clashing = ports.flatMap((port, index) =>
    port['nodePort'] !== undefined && taken.has(port['nodePort'])
      ? [
          wrong(
            `spec.ports[${index}].nodePort`,
            textOf(port['nodePort']),
            'provided port is already allocated',
          ),
        ]
      : [],
  );
  return [...unnamed, ...clashing];
}

/** A body that is not for this place. */
export function checkBody(config: Members, kind: ServedKind): void {
  const [group = '', version] = textOf(config['apiVersion'] ?? '').includes('/')
    ? textOf(config['apiVersion']).split('/')
    : ['', textOf(config['apiVersion'] ?? '')];
  const named = textOf(config['kind'] ?? '');
  if (group !== kind.group || version !== kind.version || named !== kind.kind)
    throw new Refusal(400, 'BadRequest', `invalid object type: ${group}/${version}, Kind=${named}`);
  const metadata = config['metadata'];
  if (isMembers(metadata) && metadata['managedFields'] !== undefined)
    throw new Refusal(400, 'BadRequest', 'metadata.managedFields must be nil');
}
