import { hasErrors } from '../../base/diagnostic.ts';
import { formatOrigin } from '../../model/git/source-root.ts';
import { targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { Claims, LabelledObject } from '../../ports/target.ts';
import type { RunContext } from '../context.ts';

type Named = Pick<LabelledObject, 'kind' | 'name'>;
/** `unclear`: its description has errors, or one that may be its cannot be read. */
type Claim = 'own' | 'external' | 'none' | 'unclear';

/** Tells by the descriptions of the repository who has what on a target (decision 037). */
export function claimsOn(
  { desired, source }: Pick<RunContext, 'desired' | 'source'>,
  reference: TargetReference,
): Claims {
  const key = targetKey(reference);
  const claimOf = (stack: string, { kind, name }: Named, anywhere = false): Claim => {
    const description = desired.get(stack);
    if (description === undefined) return desired.nameless().length > 0 ? 'unclear' : 'none';
    if (hasErrors(description.diagnostics)) return 'unclear';
    const here = new Set(
      description.targets.filter((target) => targetKey(target) === key).map(({ name: node }) => node),
    );
    const found = description.resources.filter(
      (one) => one.kind === kind && one.spec['name'] === name && (anywhere || here.has(one.target)),
    );
    if (found.length === 0) return 'none';
    return found.some(({ spec }) => spec['external'] !== true) ? 'own' : 'external';
  };
  const isFromHere = async ({ revision, branch }: LabelledObject) =>
    branch === formatOrigin(source) && revision !== null && (await source.contains(revision)) === true;
  return {
    isExternal: (stack, object) => claimOf(stack, object) === 'external',
    async holderOf(object) {
      const { stack, kind, name } = object;
      const others = desired
        .namersOf(kind, name)
        .filter((other) => other !== stack)
        .map((other) => ({ other, claim: claimOf(other, object) }))
        .filter(({ claim }) => claim === 'own' || claim === 'unclear');
      const [first, second] = others;
      // One machine may have two addresses: what its maker describes on another one may be this.
      const claim = claimOf(stack, object, true);
      if (first === undefined || claim === 'own') return stack;
      if (!(await isFromHere(object))) return stack;
      const isClear = second === undefined && first.claim === 'own' && claim !== 'unclear';
      return isClear ? first.other : null;
    },
  };
}
