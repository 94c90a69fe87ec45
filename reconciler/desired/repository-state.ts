import { setImmediate } from 'node:timers/promises';
import type { Diagnostic } from '../base/diagnostic.ts';
import { createBreather as createPacedBreather } from '../base/mutex.ts';
import type { ClusterDocument } from '../config/fleet/cluster-document.ts';
import type { NodeDocument, SettingsDocument } from '../config/fleet/config-documents.ts';
import { NO_SETTINGS } from '../config/fleet/config-documents.ts';
import type { TreeDirectory } from '../config/file-tree.ts';
import { isDirectory, resolvePath } from '../config/file-tree.ts';
import { isProblem } from '../base/problem.ts';
import type { PluginCatalogue } from '../model/catalogue.ts';
import { builtInPlugins } from '../config/catalogue/built-in-plugins.ts';
import type { PluginDocument } from '../config/catalogue/plugin-document.ts';
import type { KitCatalogue } from '../config/kits/kit-catalogue.ts';
import { BUILT_IN_KITS } from '../config/kits/kit-catalogue.ts';
import type { KitDocument } from '../config/kits/kit-document.ts';
import type { SchemaCheck } from '../config/schema-check.ts';
import type { NodeKinds } from '../model/node-kind.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import type { TargetReference } from '../model/target.ts';
import type { Revision, Source } from '../ports/source.ts';
import type { IndexChange, StackIndex } from './stack-index.ts';

export interface LoadLimits {
  /** Largest YAML document, in bytes. */
  readonly documentBytes: number;
  /** Largest file that is copied into a container, in bytes. */
  readonly fileBytes: number;
  /** Most files of stacks: a few objects of Git can make any number of them. */
  readonly stackFiles: number;
}

/** State of the repository at a revision, apart from its stacks. */
export interface RepositoryState {
  readonly revision: Revision | null;
  /** Revision that the tree is of; one that describes no stack is never in force, though its other files count. */
  readonly read: Revision | null;
  readonly tree: TreeDirectory;
  readonly settings: LoadedSettings;
  readonly nodes: LoadedNodes;
  readonly kits: LoadedKits;
  readonly plugins: LoadedPlugins;
}

export interface LoadedSettings {
  /** `null` when there is no such file. */
  readonly blob: string | null;
  /** Settings in force: the last ones without errors. */
  readonly document: SettingsDocument;
  /** Findings in the newest one. */
  readonly diagnostics: SettingsDocument['diagnostics'];
  /** There never was one without errors: nobody knows what may be planned. */
  readonly unknown: boolean;
}

export interface LoadedNodes {
  /** Documents by file. */
  readonly documents: ReadonlyMap<string, NodeDocument | ClusterDocument>;
  readonly blobs: ReadonlyMap<string, string>;
  /** Targets by name; clusters as `clusters/<name>`. */
  readonly references: ReadonlyMap<string, TargetReference | null>;
}

export interface LoadedKits {
  /** Kits by file. */
  readonly documents: ReadonlyMap<string, KitDocument>;
  readonly blobs: ReadonlyMap<string, string>;
  readonly catalogue: KitCatalogue;
  /** Digests by name of a kit that the repository has a part in: changes when the kit does. */
  readonly digests: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
  /** A file of a kit is a symlink: its content may change elsewhere. */
  readonly linked: boolean;
}

export interface LoadedPlugins {
  /** Documents by file. */
  readonly documents: ReadonlyMap<string, PluginDocument>;
  readonly blobs: ReadonlyMap<string, string>;
  /** Plugins by id, of the repository and such as come along. */
  readonly catalogue: PluginCatalogue;
  /** A file is a symlink: its content may change elsewhere. */
  readonly linked: boolean;
}

export const EMPTY_STATE: RepositoryState = {
  revision: null,
  read: null,
  tree: new Map(),
  settings: { blob: null, document: NO_SETTINGS, diagnostics: [], unknown: false },
  nodes: { documents: new Map(), blobs: new Map(), references: new Map() },
  kits: {
    documents: new Map(),
    blobs: new Map(),
    catalogue: BUILT_IN_KITS,
    digests: new Map(),
    diagnostics: [],
    linked: false,
  },
  plugins: {
    documents: new Map(),
    blobs: new Map(),
    get catalogue() {
      return builtInPlugins();
    },
    linked: false,
  },
};

export interface LoadOptions {
  readonly source: Source;
  readonly limits: LoadLimits;
  readonly checkSchema: SchemaCheck;
  readonly kinds: NodeKinds;
  readonly policy: OperatorPolicy;
  readonly index: StackIndex;
  readonly state: RepositoryState;
  readonly signal: AbortSignal;
  /** Files of stacks that are looked at, whatever has changed. Left out: those that changes concern. */
  readonly only?: ReadonlySet<string>;
}

/** The parts that reading small documents needs; a work tree has no source. */
export type ReadOptions = Omit<LoadOptions, 'source'> & { readonly source: Pick<Source, 'readBlobs'> };

export interface Staged {
  readonly state: RepositoryState;
  readonly changes: readonly IndexChange[];
}

/** Contents by blob id, each once; `null` for those that are larger than `maxBytes`. */
export async function* readTexts(
  blobs: readonly string[],
  maxBytes: number,
  { source, signal }: Pick<ReadOptions, 'source' | 'signal'>,
): AsyncGenerator<readonly [string, Uint8Array | null, number]> {
  if (blobs.length === 0) return;
  for await (const { blob, content, size } of source.readBlobs([...new Set(blobs)], maxBytes, signal)) {
    signal.throwIfAborted();
    yield [blob, content, size];
  }
}

/** `null` when the bytes are not UTF-8. */
export function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Text of a small document (settings, nodes), or what stands in the way. */
export async function readSmall(
  blobs: readonly string[],
  options: ReadOptions,
): Promise<ReadonlyMap<string, string | UnreadableDocument>> {
  const texts = new Map<string, string | UnreadableDocument>();
  for await (const [blob, bytes, size] of readTexts(blobs, options.limits.documentBytes, options)) {
    texts.set(blob, toText(bytes, size, options.limits));
  }
  return texts;
}

/** Reason why there is no text. */
export interface UnreadableDocument {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export function toText(
  bytes: Uint8Array | null,
  size: number,
  { documentBytes }: LoadLimits,
): string | UnreadableDocument {
  if (!bytes) {
    const message = `the file has ${size} bytes; at most ${documentBytes} are read`;
    return { code: 'FILE_TOO_LARGE', message, hint: 'split it into several stacks' };
  }
  return (
    decode(bytes) ?? { code: 'NOT_UTF8', message: 'the file is not UTF-8 text', hint: 'save it as UTF-8' }
  );
}

/** Finds where a document really is: the blob behind a path, symlinks followed. */
export function locateDocument(tree: TreeDirectory, path: string) {
  const found = resolvePath(tree, path);
  if (isProblem(found)) return found;
  if (isDirectory(found.node)) {
    const { visited } = found;
    return { code: 'FILE_NOT_FOUND' as const, problem: `${path} leads to a directory`, visited };
  }
  return { blob: found.node.blob, path: found.path, visited: found.visited };
}

/** Lets everybody else have a turn in a long loop. */
export function createBreather(): (signal: AbortSignal) => Promise<void> {
  return createPacedBreather({
    elapsed: () => performance.now(),
    async sleep(_, signal) {
      await setImmediate();
      signal.throwIfAborted();
    },
  });
}

/** The finding about a file that cannot be read. */
export function brokenFile(file: string, problem: UnreadableDocument | undefined): Diagnostic {
  const { code = 'FILE_NOT_FOUND', message = 'the content is not in the repository', hint } = problem ?? {};
  const place = { severity: 'error' as const, file, line: 1, column: 1, path: '' };
  return { ...place, code, message, ...(hint === undefined ? {} : { hint }) };
}
