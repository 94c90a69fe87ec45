import type { Diagnostic } from '../base/diagnostic.ts';
import type {
  DescribedKind,
  DesiredStack,
  ServiceView,
  ShownStack,
  StackPolicy,
  WorkflowSummary,
} from '../model/stack.ts';
import type { KitView, PluginCatalogue } from '../model/catalogue.ts';
import type { AskedFor } from '../model/operator-policy.ts';
import type { Fields } from '../base/values.ts';
import type { RegistrySetting } from '../model/registry.ts';
import type { ImageUpdates } from '../model/docker/image-update.ts';
import type { RegistryEntry } from '../model/registry-entry.ts';
import type { KubernetesReference, TargetReference } from '../model/target.ts';
import type { GeneratedStack, GenerateRequest } from '../model/generated.ts';
import type { Connection } from '../model/workflow/connection.ts';
import type { AdoptionDraft, AdoptionRequest } from './adopt/adoption-draft.ts';
import type { FileWrite, Revision } from './source.ts';

/** `kombinator.yaml` at the root of the repository; everything in it is optional. */
export interface RepositorySettings {
  /** Defaults for every stack that does not say otherwise. */
  readonly policy: StackPolicy;
  /** Credentials by reference, those that count first. */
  readonly registries: readonly RegistrySetting[];
  /** Registries that `kombinator.yaml` lists, with and without credentials. */
  readonly registryEntries: readonly RegistryEntry[];
  /** `null`: newer images are not looked for. */
  readonly imageUpdates: ImageUpdates | null;
  /** Stacks that were given back to Compose: what they have is nobody's to change or remove. */
  readonly released: readonly string[];
}

/** `nodes/<name>.yaml` */
export interface SharedNode {
  readonly name: string;
  readonly file: string;
  readonly reference: TargetReference;
}

/** `clusters/<name>.yaml`, or a cluster of the operator's configuration. */
export interface SharedCluster {
  readonly name: string;
  /** `null`: the operator's configuration defines it. */
  readonly file: string | null;
  /** `null` while the file has errors. */
  readonly reference: KubernetesReference | null;
  readonly displayName?: string;
  readonly description?: string;
  readonly authType?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isDefault: boolean;
}

export interface DescribedWorkflow extends WorkflowSummary {
  /** Name of the stack. */
  readonly name: string;
  readonly file: string;
}

/** Words that stacks are searched by, known without rendering any. */
export interface StackFacts {
  readonly kind: DescribedKind;
  /** Nodes and clusters of its services, each once. */
  readonly nodes: readonly string[];
  /** Name, file, services, images and nodes in small letters, a line each. */
  readonly text: string;
}

export interface LoadResult {
  /** Stacks whose desired state may differ from before, by name, sorted. */
  readonly changed: readonly string[];
  /** Stacks that are no longer described, sorted. */
  readonly removed: readonly string[];
}

/** A file of a work tree; its id stands for its text. */
export interface FileOnDisk {
  readonly type: 'file' | 'executable' | 'symlink' | 'submodule';
  readonly blob: string;
  /** Path where a symlink leads. */
  readonly link?: string;
  /** Content of a `.dockerignore`. */
  readonly text?: string;
}

export type DirectoryOnDisk = ReadonlyMap<string, FileOnDisk | DirectoryOnDisk>;

/** A work tree as it is on disk. Nothing is looked at before it is asked for. */
export interface FilesOnDisk {
  readonly tree: DirectoryOnDisk;
  /** Texts by id. */
  readonly texts: Pick<ReadonlyMap<string, string>, 'get'>;
}

/** A file about to be written to the repository, already validated. */
export interface Draft {
  readonly path: string;
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Commit that it was made on; left out: the one in force. */
  readonly base?: string;
}

export interface DocumentReport {
  readonly diagnostics: readonly Diagnostic[];
  /** Enabled services in start order. */
  readonly services: readonly string[];
  /** Services that each service depends on. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  /** Meaning of the edges of a workflow. */
  readonly connections?: readonly Connection[];
}

/** A file that describes a stack: its document, one that it names, or one that lies in its directory. */
export interface DescribingFile {
  readonly path: string;
  /** Content, symlinks followed; `null` where they lead nowhere. */
  readonly blob: string | null;
  /** Path where a symlink leads; left out for a file. */
  readonly link?: string;
  /** The file whose place and text tell what the stack is. */
  readonly isMain: boolean;
  /** The stack takes a secret from it. */
  readonly holdsSecret: boolean;
}

export interface DescribingFiles {
  /** Sorted by path, the document first. */
  readonly files: readonly DescribingFile[];
  /** Says why a path is none that is written for the stack; `null`: it may be. */
  whyNot(path: string): string | null;
}

export interface ServicesRequest {
  readonly stack: string;
  /** Its document, and where it is now. */
  readonly files: readonly string[];
}

/** The state that a preview has, and what the files have made of the one in force. */
export interface PreviewedState extends DesiredState {
  readonly result: LoadResult;
}

/**
 * Description of a repository at one revision. Loads incrementally: only files that a commit changed are read and parsed, and only stacks
 * that depend on them are reported as changed.
 */
export interface DesiredState {
  readonly revision: Revision | null;
  /**
   * Moves to a revision. Throws EMPTY_REPOSITORY when it describes no stack at all, or a Source error; the state then
   * stays as it was.
   */
  load(revision: Revision, signal: AbortSignal): Promise<LoadResult>;
  /**
   * Looks again for secrets of a stack that can change without a commit and take a while: commands of the operator, and
   * files that could not be decrypted. `get` sees the environment and the state directory as they are anyway.
   */
  refresh(name: string, signal: AbortSignal): Promise<void>;
  /** Names of all described stacks, sorted; also of those with errors. */
  names(): readonly string[];
  /** Stacks that wait for this one, sorted; also such as are not described any more. */
  dependantsOf(name: string): readonly string[];
  /** Returns what a stack that is not described any more waited for. */
  formerDependencies(name: string): readonly string[];
  /** Files that do not tell which stack they describe (unreadable, say): any stack that seems to be gone may be theirs. */
  nameless(): readonly string[];
  /** Stacks that write this name for a network or volume of their own, on whatever target, sorted. */
  namersOf(kind: 'network' | 'volume', name: string): readonly string[];
  /** Rendered for its targets with secrets resolved. A stack with error diagnostics has no resources. */
  get(name: string): DesiredStack | undefined;
  /** The same without what would be put on targets: for lists, which would otherwise render hundreds. */
  shown(name: string): ShownStack | undefined;
  facts(name: string): StackFacts | undefined;
  /** Every finding of every file, ordered by file and line. */
  diagnostics(): readonly Diagnostic[];
  settings(): RepositorySettings;
  nodes(): readonly SharedNode[];
  /** Clusters by name. */
  clusters(): readonly SharedCluster[];
  /** Every workflow that is described, sorted by name: from memory, whatever their graphs are. */
  workflows(): readonly DescribedWorkflow[];
  /** Plugins of workflows that come along, with those of the repository added or put in their place. */
  plugins(): PluginCatalogue;
  /** Everything that the repository asks for and the operator's policy does not allow. */
  askedFor(signal: AbortSignal): Promise<AskedFor>;
  /**
   * Checks one text alone (its own file, shared nodes and kits, no other stacks): as a kombination, or as what the name of its file
   * says that it is.
   *
   * @param options.alone nothing is said of files and secrets that it names, whether they are there or not. Default false
   */
  check(text: string, file?: string, options?: { readonly alone?: boolean }): DocumentReport;
  /**
   * Checks one text at its place in a work tree, with the shared nodes, kits and other files around it as they are on disk.
   *
   * @param place `path` from the root of the work tree
   */
  checkAround(
    text: string,
    place: FilesOnDisk & { readonly path: string },
    signal: AbortSignal,
  ): Promise<DocumentReport>;
  /** A stack, or a text as if it stood in the repository, in another tool's words. Throws UNKNOWN_STACK, INVALID_CONFIGURATION. */
  generate(request: GenerateRequest): Promise<GeneratedStack>;
  /** A new stack's file from a document (`kombinations/<name>/kombination.yaml`, `workflows/<name>.yaml`). */
  draftStack(name: string, document: object, kind?: DescribedKind): Draft;
  /** The stack's file with the given top-level keys replaced; comments and order of everything else are kept. `null` removes a key. */
  editStack(name: string, keys: object): Promise<Draft>;
  /** The stack's file as `edit` rewrites its text. */
  rewriteStack(name: string, edit: (text: string) => string): Draft;
  /**
   * `kombinator.yaml` with the top-level keys that `edit` makes of what it says now; comments and order of everything else are kept. Throws
   * INVALID_CONFIGURATION where it is no YAML.
   */
  draftSettings(edit: (document: Fields) => object): Promise<Draft>;
  /** `clusters/<name>.yaml` with the given keys replaced, or a new one; `null` removes a key. */
  draftCluster(name: string, keys: object): Promise<Draft>;
  draftNode(name: string, document: object): Draft;
  /**
   * Content that stands in a kombination itself (`files: [{ content: … }]`) by its Git blob id; `undefined` when no stack that is
   * described now has it, and of what a preview is of. Such a blob is not in the repository, so ask here before `Source.readBlob`.
   */
  inlineBlob(blob: string): Uint8Array | undefined;
  /** The stack's own file, and all files in its directory when no other stack lives in or below it. */
  filesOf(name: string): readonly string[];
  /** Says why a path is none that a new file may have; `null`: it may. */
  whyNotNew(path: string): string | null;
  /** Kits without errors, by name. */
  kits(): readonly KitView[];
  /** Files that people read and write to see and change what a stack is; `undefined` when nothing describes it. */
  describing(name: string): DescribingFiles | undefined;
  /** Puts together the files that describe a running Compose project; nothing is committed. Throws BAD_OPTIONS when its Compose files are gone. */
  draftAdoption(request: AdoptionRequest): Promise<AdoptionDraft>;
  /**
   * The services of one stack as they would be with these files on top of the revision that was read last. No other stack is looked at, and
   * nobody is asked for secrets.
   */
  servicesWith(
    writes: readonly FileWrite[],
    request: ServicesRequest,
    signal: AbortSignal,
  ): Promise<readonly ServiceView[]>;
  /** A state of its own, as it would be with these files on top of the revision that was read last. */
  preview(
    writes: readonly FileWrite[],
    signal: AbortSignal,
    options?: {
      /** The operator is taken to allow everything. Default false. */
      readonly everything?: boolean;
      /**
       * The files are somebody's proposal: no command of the operator runs, no file is decrypted, and secrets that nothing in force names have stand-ins.
       * Not together with `everything`. Default false.
       */
      readonly isUntrusted?: boolean;
    },
  ): Promise<PreviewedState>;
}
