import type { TreeDirectory, TreeFile } from '../../file-tree.ts';
import type { SchemaCheck } from '../../schema-check.ts';
import type { ComposeNode } from '../node.ts';
import type { Environment, Project, Texts } from '../project.ts';

/** One line of the report. */
export interface ImportNote {
  readonly kind: 'mapped' | 'changed' | 'left out' | 'dropped';
  /** The file it is about, from the directory of the first Compose file. Left out: that file itself. */
  readonly file?: string;
  /** Line in it, from 1. */
  readonly line: number;
  /** `services.web.env_file` */
  readonly path: string;
  readonly message: string;
}

export interface ImportOptions {
  /** Paths of Compose files in the tree, later ones over earlier ones; the first says where relative paths start. */
  readonly files: readonly string[];
  readonly tree: TreeDirectory;
  readonly texts: Texts;
  /** Name of the stack, whatever the project says. Default: what it says. */
  readonly name?: string | undefined;
  /** Name of the stack where the project says none. */
  readonly fallbackName: string;
  /** The project is under version control. Default false. */
  readonly isVersioned?: boolean;
  /** Tells files under version control. Default: none is. */
  readonly isTracked?: (path: string) => boolean;
  /** Default: a new one. */
  readonly checkSchema?: SchemaCheck;
}

/** State that the parts of an import share. */
export interface Import extends Required<Omit<ImportOptions, 'name'>> {
  readonly name: string;
  readonly project: Project;
  /** Variables whose values may stand in the kombination. */
  readonly environment: Environment;
  /** Directory of the first Compose file. */
  readonly directory: string;
  note(kind: ImportNote['kind'], node: Pick<ComposeNode, 'origin'>, message: string, path?: NotePath): void;
  /** Files that belong beside the kombination, by the path that they have there. */
  readonly copies: Map<string, TreeFile>;
  /** Paths from the root of the tree that some service may write to. */
  readonly written: ReadonlySet<string>;
  /** Paths of data, from the directory of the first Compose file. */
  readonly data: Set<string>;
  /** Directories that images are built from. */
  readonly contexts: readonly string[];
}

/** Place of something in the report. Default: where it is written. */
export type NotePath = readonly (string | number)[];
