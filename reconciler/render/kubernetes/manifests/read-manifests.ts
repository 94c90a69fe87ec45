import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import { asFields, own } from '../../../base/values.ts';
import type { ObjectSpec } from '../../../model/kubernetes/kubernetes-object.ts';
import {
  isClusterScoped,
  qualifiedKind,
  qualifiedName,
} from '../../../model/kubernetes/kubernetes-object.ts';
import { objectNeeds } from '../../../model/kubernetes/object-needs.ts';
import type { Need } from '../../../model/operator-policy.ts';
import type { Spec } from '../../../model/secret.ts';
import { hideSecrets } from './hide-secrets.ts';
import type { WrittenObject } from './read-objects.ts';
import { readObjects } from './read-objects.ts';

export interface ManifestTexts {
  /** Output of the program. */
  readonly text: string;
  /** The same with other values in place of secrets; `null`: there are none. */
  readonly decoy: string | null;
  /** Namespace of objects that say none. */
  readonly namespace: string;
  /** `the chart grafana` */
  readonly title: string;
  /** Treatment of hooks; `none`: the program knows of none, and all that it prints is meant. */
  readonly hooks: 'refuse' | 'leave-out' | 'none';
}

/** A need of one of the objects. */
export interface ObjectNeedOf extends Need {
  /** `the chart grafana (DaemonSet monitoring/agent)` */
  readonly who: string;
}

export interface ReadManifests {
  readonly objects: readonly ObjectSpec[];
  readonly needs: readonly ObjectNeedOf[];
  readonly problems: readonly Problem[];
}

/** Fields of an object that only a server writes. */
const SERVERS = ['creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'selfLink', 'uid'];
/** Hooks that only look whether a release works, when somebody asks for it. */
const TESTS = new Set(['test', 'test-success', 'test-failure']);
/** A definition that charts of old mark as a hook. */
const DEFINITION = 'crd-install';
const MAX_NAMED = 5;

/** Makes objects of what a program has printed. Pure: nobody is asked. */
export function readManifests(texts: ManifestTexts): ReadManifests {
  const written = readObjects(texts.text);
  if (isProblem(written)) return refused({ ...written, problem: `${texts.title}: ${written.problem}` });
  const twins = findTwins(written, texts);
  if (isProblem(twins)) return refused(twins);
  const problems: Problem[] = [...hookProblems(written, texts)];
  const pairs = written.map((object, index) => ({ object, twin: twins?.[index] ?? null }));
  const kept = pairs.filter(({ object }) => texts.hooks === 'none' || isPart(object));
  const needs: ObjectNeedOf[] = [];
  const seen = new Set<string>();
  const objects = kept.map(({ object, twin }): ObjectSpec => {
    const found = hideSecrets(object, twin, texts.title);
    const spec = toObjectSpec(object, found.spec, texts.namespace);
    const name = titleOf(spec);
    const who = `${texts.title} (${name})`;
    if (seen.has(name))
      problems.push({ problem: `${texts.title} makes ${name} twice`, code: 'DUPLICATE_OBJECT' });
    seen.add(name);
    for (const { grant, value } of objectNeeds(object.fields, [])) needs.push({ grant, value, who });
    problems.push(...exposures(found.exposed, who), ...wrongValues(found.wrong, who));
    return spec;
  });
  return { objects, needs: distinct(needs), problems };
}

function refused(problem: Problem): ReadManifests {
  return { objects: [], needs: [], problems: [problem] };
}

/** Returns what stands at the places of these objects when secrets have other values. */
function findTwins(
  written: readonly WrittenObject[],
  { decoy, title }: ManifestTexts,
): readonly WrittenObject[] | Problem | null {
  if (decoy === null) return null;
  const others = readObjects(decoy);
  const isSame =
    !isProblem(others) &&
    others.length === written.length &&
    written.every((one, index) => keyOf(one) === keyOf(others[index] ?? one));
  if (isSame) return others;
  return {
    code: 'SECRET_MISPLACED',
    problem: `${title} makes other objects when a secret has another value, so that it would be known by them`,
    hint: 'give it values whose secrets only end up in Secrets, or the name of a Secret that there is',
  };
}

function keyOf({ apiVersion, kind, namespace, name }: WrittenObject): string {
  return [apiVersion, kind, namespace, name].join('\0');
}

function isPart({ hooks }: WrittenObject): boolean {
  return hooks.length === 0 || hooks.includes(DEFINITION);
}

/** Hooks are no part of what should be there: they are commands for moments that a description does not have. */
function hookProblems(
  written: readonly WrittenObject[],
  { hooks, title }: ManifestTexts,
): readonly Problem[] {
  if (hooks !== 'refuse') return [];
  const run = written.filter((one) => !isPart(one) && one.hooks.some((hook) => !TESTS.has(hook)));
  if (run.length === 0) return [];
  const named = run.slice(0, MAX_NAMED).map((one) => `${one.kind} ${one.name} (${one.hooks.join(', ')})`);
  const more = run.length > MAX_NAMED ? `, and ${run.length - MAX_NAMED} more` : '';
  return [
    {
      code: 'UNSUPPORTED_KEY',
      problem: `${title} has hooks, which are not run: ${named.join(', ')}${more}`,
      hint: 'turn them off with its values, or say hooks: leave-out if it works without them',
    },
  ];
}

function toObjectSpec(object: WrittenObject, spec: Spec, namespace: string): ObjectSpec {
  const { apiVersion, kind, name } = object;
  const metadata = (spec['metadata'] ?? {}) as Spec;
  const own = Object.entries(metadata).filter(
    ([key, value]) => !SERVERS.includes(key) && key !== 'namespace' && value !== null,
  );
  const place = isClusterScoped({ apiVersion, kind }) ? {} : { namespace: object.namespace ?? namespace };
  return { ...spec, apiVersion, kind, metadata: { ...Object.fromEntries(own), name, ...place } };
}

function titleOf(spec: ObjectSpec): string {
  return `${qualifiedKind(spec)} ${qualifiedName(spec.metadata)}`;
}

function exposures(paths: readonly string[], who: string): readonly Problem[] {
  if (paths.length === 0) return [];
  const named = paths.slice(0, MAX_NAMED).join(', ');
  return [
    {
      code: 'SECRET_MISPLACED',
      problem: `${who} has a secret in ${named}, where everybody can read it who may read the object`,
      hint: 'give the chart values whose secrets only end up in Secrets, or the name of a Secret that there is',
    },
  ];
}

function wrongValues(paths: readonly string[], who: string): readonly Problem[] {
  if (paths.length === 0) return [];
  return [
    {
      code: 'SECRET_MISPLACED',
      problem: `${who} has in ${paths.slice(0, MAX_NAMED).join(', ')} what is no text, or a reference to a secret that nobody looks up`,
      hint: 'references are looked up in values: of a chart alone',
    },
  ];
}

function distinct(needs: readonly ObjectNeedOf[]): readonly ObjectNeedOf[] {
  return [...new Map(needs.map((one) => [`${one.grant} ${one.value} ${one.who}`, one])).values()];
}

/** Tells whether the author of a chart wants an object to stay when the chart goes: then it goes with an explicit yes only. */
export function isKept({ metadata }: ObjectSpec): boolean {
  return own(asFields(metadata['annotations']), 'helm.sh/resource-policy') === 'keep';
}
