import { relative, sep } from 'node:path';
import { refusalOf } from './layers.ts';

interface Source {
  readonly type: string;
  readonly value?: unknown;
}

interface ImportNode {
  readonly source?: Source | null;
}

interface Context {
  readonly cwd: string;
  readonly filename: string;
  report(problem: { readonly node: unknown; readonly message: string }): void;
}

/** Refuses imports through the walls of `layers.ts`, wherever the imported file is and however the path to it is written. */
const walls = {
  create(context: Context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    function check({ source }: ImportNode): void {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const message = refusalOf(file, source.value);
      if (message !== null) context.report({ node: source, message });
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

// The linter takes a plugin from the default export of its file.
export default { meta: { name: 'house' }, rules: { walls } };
