import type { LRUCache } from 'lru-cache';
import type { NodeKinds } from '../model/node-kind.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import type { RegistrySetting } from '../model/registry.ts';
import type { RegistryEntry } from '../model/registry-entry.ts';
import type { Seal } from '../model/seal.ts';
import type { TargetReference } from '../model/target.ts';
import type { FoundManifest } from '../config/kombination/manifests/find-manifests.ts';
import type { PlacedFile } from '../config/kombination/checks/service-files.ts';
import type { PluginCatalogue } from '../model/catalogue.ts';
import type { ProxyPlaces } from '../config/kits/proxy-claim.ts';
import type { KitCatalogue } from '../config/kits/kit-catalogue.ts';
import type { TreeDirectory } from '../config/file-tree.ts';
import type { SchemaCheck } from '../config/schema-check.ts';
import type { DesiredStack, ShownStack } from '../model/stack.ts';
import type { TemplateElement } from '../config/templates/read-elements.ts';
import type { Source } from '../ports/source.ts';
import type { ManifestCache } from './manifests/manifest-cache.ts';
import type { ListedElements } from './templates/listed-elements.ts';
import type { SecretCache } from './secret-cache.ts';
import type { StackEntry, StackIndex } from './stack-index.ts';
import type { LoadLimits, RepositoryState } from './repository-state.ts';

/** State that the parts of the desired state share. */
export interface Core {
  readonly source: Source;
  readonly secretCache: SecretCache;
  readonly manifestCache: ManifestCache;
  readonly limits: LoadLimits;
  readonly checkSchema: SchemaCheck;
  /** Kinds of targets that were registered. */
  readonly kinds: NodeKinds;
  readonly policy: OperatorPolicy;
  /** Credentials that were given over the API for what `kombinator.yaml` names. */
  readonly keptRegistry: (entry: RegistryEntry) => RegistrySetting | undefined;
  /** Key for digests of secrets; left out: they are written as they are. */
  readonly seal?: Seal;
  readonly index: StackIndex;
  /** Stacks rendered last, by file. */
  readonly rendered: LRUCache<string, Rendered>;
  /** The part of stacks that lists show, by file. */
  readonly shown: LRUCache<string, Rendered<ShownStack>>;
  /** Contents that stand in documents, of stacks rendered last, by blob id. */
  readonly inline: LRUCache<string, Uint8Array>;
  /** Texts of a work tree by id, where one is looked at and not the repository. */
  readonly texts?: Pick<ReadonlyMap<string, string>, 'get'>;
  /** Replaced as a whole by a load. */
  state: RepositoryState;
}

export interface Rendered<Stack = DesiredStack> {
  readonly entry: StackEntry;
  /** Digests of the secrets that went in. */
  readonly signature: string;
  readonly stack: Stack;
}

/** An entry, and the repository files it copies, whose sizes have to be looked at. */
export interface BuiltEntry {
  readonly entry: StackEntry;
  readonly files: readonly PlacedFile[];
  /** Files whose content is wanted, by service: it becomes a part of an object of a cluster. */
  readonly embedded?: ReadonlyMap<string, readonly PlacedFile[]>;
  /** Charts and overlays; left out: none. */
  readonly manifests?: readonly FoundManifest[];
}

/** The sources that an entry is made from besides its own text. */
export interface EntryContext {
  readonly tree: TreeDirectory;
  readonly nodes: ReadonlyMap<string, TargetReference | null>;
  readonly kits: KitCatalogue;
  readonly plugins: PluginCatalogue;
  readonly checkSchema: SchemaCheck;
  readonly policy: OperatorPolicy;
  /** Proxies of other stacks that routes of a stack, by its key, lead through. Default: none. */
  readonly placesOf?: (key: string) => ProxyPlaces | undefined;
}

export interface EntrySource {
  /** Default: the file. */
  readonly key?: string;
  readonly file: string;
  /** Element of the template that the file is. */
  readonly element?: TemplateElement;
  /** The template is for all nodes that the repository shares. */
  readonly isOfAllNodes?: boolean;
  /** The file that its elements stand in; left out: they stand in the template. */
  readonly listed?: ListedElements;
  readonly realFile: string;
  readonly blob: string | null;
  /** Paths that were followed to find the text. */
  readonly visited: readonly string[];
  /** Name the file had before. */
  readonly previous: string | undefined;
  /** Texts of Compose files and their env files, by blob id. */
  readonly texts?: ReadonlyMap<string, string>;
}
