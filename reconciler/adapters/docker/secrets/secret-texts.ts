import type { ContainerSpec } from '../../../model/docker/docker-spec.ts';
import type { DesiredResource, ResourceId } from '../../../model/resource.ts';
import { MASK } from '../../../model/secret.ts';
import type { Adapter } from '../adapter.ts';
import { appliedKey } from '../adapter.ts';
import { isContainerSpec } from '../containers/specs.ts';

/*
 * Values of secret files cannot be read back from the engine. They are remembered while the process lives, so that they
 * can be taken out of what containers say. Specs are masked by `maskSpec` of model/secret.ts, before labels.ts writes them.
 */

/** Shorter ones would mask what is no secret. */
const MIN_MASKED_LENGTH = 6;
/** Old values count for a while: the container that had them may still be talking. */
const MAX_TEXTS_KEPT = 200;

export function rememberSecretTexts(
  adapter: Adapter,
  stack: string,
  desired: readonly DesiredResource[],
): void {
  for (const { id, spec } of desired) {
    const texts = isContainerSpec(spec) ? textsOf(spec) : [];
    if (texts.length === 0) continue;
    const key = appliedKey(stack, id);
    const known = adapter.secretTexts.get(key) ?? [];
    adapter.secretTexts.set(key, [...new Set([...texts, ...known])].slice(0, MAX_TEXTS_KEPT));
  }
}

/** A text of a container's own making without the values of its secret files, nor their words. */
export function hideSecretTexts(
  { secretTexts }: Adapter,
  stack: string,
  id: ResourceId,
  text: string,
): string {
  const texts = secretTexts.get(appliedKey(stack, id)) ?? [];
  return texts.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function textsOf({ secrets = [], files = [] }: ContainerSpec): readonly string[] {
  const contents = [...secrets, ...files].flatMap((file) => ('content' in file ? [file.content] : []));
  return contents
    .filter((content) => content.isText())
    .flatMap((content) => [content.reveal().trim(), ...content.reveal().split(/[\s"'=,]+|: /)])
    .filter((text) => text.length >= MIN_MASKED_LENGTH)
    .sort((a, b) => b.length - a.length);
}
