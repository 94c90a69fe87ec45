import type { ContainerInspectInfo } from 'dockerode';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import type { Json, JsonObject } from '../../../base/json.ts';
import type { ContainerSpec } from '../../../model/docker/docker-spec.ts';
import type { DesiredResource, ResourceId } from '../../../model/resource.ts';
import { createTextMask, isSensitiveName, MASK, Secret } from '../../../model/secret.ts';
import type { Adapter, SecretTexts } from '../adapter.ts';
import { appliedKey } from '../adapter.ts';
import { isContainerSpec } from '../containers/specs.ts';
import { readOwner } from '../labels.ts';
import { splitVariable } from './differing.ts';
import { readFileInside } from './read-back.ts';

/*
 * Values that must not be read in what a container says: those that it was given, whatever is described by now. Its variables are told by the engine, its
 * label says which of them are masked. Files are read back from it; those that it has written to itself are no longer what it was given, but
 * values that were described while this process lived are remembered. Specs are masked by `maskSpec` of model/secret.ts, before labels.ts writes them.
 */

/** Shorter words of a secret file would mask what is no secret. */
const MIN_WORD_LENGTH = 6;
/** Old values count for a while: the container that had them may still be talking. */
const MAX_TEXTS_KEPT = 200;

const NOTHING: SecretTexts = { values: [], words: [] };

/** Remembers the values that are described now. */
export function rememberSecretTexts(
  adapter: Adapter,
  stack: string,
  desired: readonly DesiredResource[],
): void {
  for (const { id, spec } of desired) {
    const texts = isContainerSpec(spec) ? describedTexts(spec) : NOTHING;
    if (texts.values.length === 0) continue;
    const key = appliedKey(stack, id);
    adapter.secretTexts.set(key, merge(texts, adapter.secretTexts.get(key) ?? NOTHING));
  }
}

function describedTexts({ secrets = [], files = [], env = {} }: ContainerSpec): SecretTexts {
  const contents = [...secrets, ...files].flatMap((file) => ('content' in file ? [file.content] : []));
  const variables = Object.values(env).flatMap((value) => (value instanceof Secret ? [value] : []));
  const values = [...variables, ...contents].flatMap((value) => value.texts());
  return { values, words: contents.flatMap(wordsOf) };
}

function wordsOf(content: Secret): readonly string[] {
  if (!content.isText()) return [];
  return content
    .reveal()
    .split(/[\s"'=,]+|: /)
    .filter((word) => word.length >= MIN_WORD_LENGTH);
}

function merge(one: SecretTexts, other: SecretTexts): SecretTexts {
  const join = (key: keyof SecretTexts) =>
    [...new Set([...one[key], ...other[key]])].slice(0, MAX_TEXTS_KEPT);
  return { values: join('values'), words: join('words') };
}

interface Place {
  readonly stack: string;
  readonly id: ResourceId;
}

/**
 * Takes the secret values of a container out of texts of its own making.
 *
 * @param what `message`: single words of its files as well
 */
export async function maskOf(
  adapter: Adapter,
  { stack, id }: Place,
  { inspect, what }: { readonly inspect: ContainerInspectInfo; readonly what: 'log' | 'message' },
  signal: AbortSignal,
): Promise<(text: string) => string> {
  const created = readOwner(inspect.Config.Labels)?.spec ?? {};
  const described = adapter.secretTexts.get(appliedKey(stack, id)) ?? NOTHING;
  const given = await givenTexts(adapter, inspect, created, signal);
  const texts = [...variableTexts(inspect, created), ...given.values, ...described.values];
  return createTextMask(what === 'log' ? texts : [...texts, ...given.words, ...described.words]);
}

/** Values of variables that are masked in the label or sensitive by name. */
function variableTexts({ Config }: ContainerInspectInfo, created: JsonObject): readonly string[] {
  const labelled = asFields(created['env']) ?? {};
  return (Config.Env ?? [])
    .map(splitVariable)
    .filter(([name]) => own(labelled, name) === MASK || isSensitiveName(name))
    .flatMap(([, value]) => new Secret(value, 'the container').texts());
}

/** Texts of the secret files that a container was given; they are read once, it cannot be given others. */
async function givenTexts(
  { engine, givenTexts: known }: Adapter,
  { Id }: ContainerInspectInfo,
  created: JsonObject,
  signal: AbortSignal,
): Promise<SecretTexts> {
  const before = known.get(Id);
  if (before !== undefined) return before;
  let texts = NOTHING;
  let isWhole = true;
  for (const key of ['secrets', 'files'] as const) {
    for (const path of maskedFiles(created[key])) {
      const inside = await readFileInside(engine, Id, path, signal);
      if (inside === null) isWhole = false;
      if (inside?.asGiven !== true) continue;
      const content = new Secret(inside.content, path);
      // A label does not tell which part of a filled in text is secret.
      const isValue = key === 'secrets' || !content.reveal().trim().includes('\n');
      texts = merge(texts, { values: isValue ? content.texts() : [], words: wordsOf(content) });
    }
  }
  if (isWhole) known.set(Id, texts);
  return texts;
}

function maskedFiles(list: Json | undefined): readonly string[] {
  return (asList(list) ?? []).flatMap((file) => {
    const { content, target } = asFields(file) ?? {};
    return content === MASK ? (asString(target) ?? []) : [];
  });
}
