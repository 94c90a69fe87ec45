import { parseYaml } from '../../yaml-document.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';

/** Names that the file of an overlay may have, as Kustomize looks for them. */
export const KUSTOMIZATION_FILES: readonly string[] = [
  'kustomization.yaml',
  'kustomization.yml',
  'Kustomization',
];

export interface KustomizationParts {
  /** Files and directories that it builds on, relative to its own directory. */
  readonly builtOn: readonly string[];
  /** Things in it that are not done, in words. */
  readonly problems: readonly string[];
}

/** Keys whose entries may be directories with a kustomization of their own. */
const BUILT_ON = ['resources', 'bases', 'components', 'generators', 'transformers', 'validators'];
/** Keys that need a program besides kustomize, or a network. */
const REFUSED = ['helmCharts', 'helmGlobals', 'helmChartInflationGenerator'];
/** Kustomize takes a text that begins so for an address. */
const REMOTE = /^[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/|:)|^(?:git|ssh)@|^[^/]*\.(?:com|org|net|io)[/:]|[?&]ref=/;

/**
 * Reads what a kustomization builds on (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/). Addresses of other places
 * are problems, wherever they stand: what an overlay is made of is in the repository.
 */
export function readKustomization(text: string): KustomizationParts {
  const { value, problems: syntax } = parseYaml(text);
  const [first] = syntax;
  if (first !== undefined) return { builtOn: [], problems: [`line ${first.line}: ${first.message}`] };
  const fields = asFields(value) ?? {};
  const listed = BUILT_ON.flatMap((key) => asList(own(fields, key)) ?? []);
  const written = listed.flatMap((item) => asString(item) ?? []);
  // A generator or transformer may be written in place.
  const builtOn = written.filter((item) => !item.includes('\n') && !REMOTE.test(item));
  const remote = [...written.filter((item) => REMOTE.test(item)), ...pathsIn(fields)];
  const refused = REFUSED.filter((key) => own(fields, key) !== undefined);
  return {
    builtOn,
    problems: [
      ...[...new Set(remote)].map((item) => `${shorten(item)} is not in the repository`),
      ...refused.map((key) => `${key} is not done here: add the chart under charts: of the stack`),
    ],
  };
}

/** Keys that say where something is, at any depth. */
const PLACES = new Set([
  'path',
  'paths',
  'files',
  'envs',
  'env',
  'crds',
  'configurations',
  'patchesStrategicMerge',
]);

/** Addresses at places where Kustomize expects a file. */
function pathsIn(value: unknown, key = ''): readonly string[] {
  if (typeof value === 'string') {
    const place = value.includes('\n') ? '' : (value.split('=').at(-1) ?? '');
    return PLACES.has(key) && place.includes('://') ? [place] : [];
  }
  const list = asList(value);
  if (list) return list.flatMap((item) => pathsIn(item, key));
  return Object.entries(asFields(value) ?? {}).flatMap(([name, item]) => pathsIn(item, name));
}

function shorten(text: string): string {
  // A password in an address is none of a finding's business.
  const plain = text.replace(/\/\/[^/@]*@/, '//');
  return plain.length > 120 ? `${plain.slice(0, 120)}…` : plain;
}
