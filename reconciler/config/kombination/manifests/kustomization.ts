import { parseYaml, parseYamlStream } from '../../yaml-document.ts';
import { asFields, asList, asString } from '../../../base/values.ts';

/** Names that the file of an overlay may have, as Kustomize looks for them. */
export const KUSTOMIZATION_FILES: readonly string[] = [
  'kustomization.yaml',
  'kustomization.yml',
  'Kustomization',
];

export interface KustomizationParts {
  /** Files and directories that it builds on, relative to its own directory. */
  readonly builtOn: readonly string[];
  /** Files and directories among these that say what generators, transformers and validators do. */
  readonly plugins: readonly string[];
  /** Things in it that are not done, in words. */
  readonly problems: readonly string[];
}

/** Keys whose entries may be directories with a kustomization of their own. */
const BUILT_ON = ['resources', 'bases', 'components'];
/** Keys whose entries say what is done: such a file may name further files, and addresses. */
const PLUGINS = ['generators', 'transformers', 'validators'];
/** Keys that need a program besides kustomize, or a network. */
const REFUSED = ['helmCharts', 'helmGlobals', 'helmChartInflationGenerator'];
/** Keys of a directory of plugins: with others, what they do would be known to kustomize alone. */
const OF_PLUGINS = ['apiversion', 'kind', 'metadata', 'resources'];
/** Kustomize takes a text that begins so for an address. */
const REMOTE =
  /^\s*(?:[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/|:)|(?:git|ssh)@|[^/]*\.(?:com|org|net|io)[/:])|[?&]ref=/i;

/**
 * Reads what a kustomization builds on (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/). Addresses of other places
 * are problems, wherever they stand: what an overlay is made of is in the repository. Capitals in keys make no difference to Kustomize.
 *
 * @param isOfPlugins its resources are plugins
 */
export function readKustomization(text: string, isOfPlugins = false): KustomizationParts {
  const { value, problems: syntax } = parseYaml(text);
  const [first] = syntax;
  if (first !== undefined)
    return { builtOn: [], plugins: [], problems: [`line ${first.line}: ${first.message}`] };
  const fields = Object.entries(asFields(value) ?? {});
  const listed = (keys: readonly string[]) =>
    fields.flatMap(([key, value]) => (keys.includes(key.toLowerCase()) ? textsIn(value) : []));
  const [bases, plugins] = [listed(BUILT_ON), listed(PLUGINS)];
  const written = [...bases, ...plugins];
  // A plugin may be written in place: Kustomize tries that first.
  const inPlace = plugins.filter((item) => /[\n{:]/.test(item));
  const paths = written.filter((item) => !item.trim().includes('\n'));
  const remote = [...paths.filter((item) => REMOTE.test(item)), ...addressesIn(value)];
  const builtOn = paths.filter((item) => !REMOTE.test(item));
  const refused = REFUSED.filter((key) => fields.some(([name]) => isSame(name, key)));
  const more = isOfPlugins ? fields.filter(([key]) => !OF_PLUGINS.includes(key.toLowerCase())) : [];
  return {
    builtOn,
    plugins: builtOn.filter((item) => isOfPlugins || plugins.includes(item)),
    problems: [
      ...[...new Set(remote)].map((item) => `${shorten(item)} is not in the repository`),
      ...inPlace.flatMap(pluginProblems),
      ...refused.map((key) => `${key} is not done here: add the chart under charts: of the stack`),
      ...more.map(([key]) => `${shorten(key)} is not done where generators and transformers are described`),
    ],
  };
}

/** Says what a text that describes generators or transformers asks of other places. */
export function pluginProblems(text: string): readonly string[] {
  const documents = parseYamlStream(text);
  return documents.flatMap((document) => {
    const [first] = document.problems;
    if (first !== undefined) return [`line ${first.line}: ${first.message}`];
    return [...new Set(addressesIn(document.value))].map(
      (item) => `${shorten(item)} is not in the repository`,
    );
  });
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function textsIn(value: unknown): readonly string[] {
  return (asList(value) ?? []).flatMap((item) => asString(item) ?? []);
}

/** Keys below which a text is a text, and no place that Kustomize reads. */
const TEXTS = new Set([
  'literals',
  'labels',
  'commonlabels',
  'annotations',
  'commonannotations',
  'images',
  'options',
  'patch',
  // Looked at by themselves.
  ...BUILT_ON,
  ...PLUGINS,
]);
/** An address, which may have a name before it: `key=https://…`. */
const ADDRESS = /^\s*(?:[^=\s:/]*=)?\s*([A-Za-z][A-Za-z0-9+.-]*:\/\/\S*)/;

function addressesIn(value: unknown): readonly string[] {
  const address = typeof value === 'string' ? ADDRESS.exec(value)?.[1] : undefined;
  if (address !== undefined) return [address];
  const list = asList(value);
  if (list) return list.flatMap(addressesIn);
  const fields = Object.entries(asFields(value) ?? {});
  return fields.flatMap(([key, item]) => (TEXTS.has(key.toLowerCase()) ? [] : addressesIn(item)));
}

function shorten(text: string): string {
  // A password in an address is none of a finding's business.
  const plain = text.replace(/\/\/[^/@]*@/, '//');
  return plain.length > 120 ? `${plain.slice(0, 120)}…` : plain;
}
