import { relative, sep } from 'node:path';
import { refusalOf } from './layers.ts';

interface Source {
  readonly type: string;
  readonly value?: unknown;
}

interface ImportNode {
  readonly source?: Source | null;
}

interface Comment {
  readonly type: string;
  readonly value: string;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
}

interface Context {
  readonly cwd: string;
  readonly filename: string;
  readonly sourceCode: { getAllComments(): readonly Comment[] };
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

const OPENINGS = new Set(
  (
    'Of As What Whatever Whether Which Who Whoever Whose Where How Why That Those In Into At By For From On Out Over To Through Under ' +
    'With Within Without Against Along Beside Besides Between'
  ).split(' '),
);

/** Returns the first word of a comment, without the stars of its lines. */
function firstWord({ value }: Comment): string {
  return /^[\s*]*([A-Za-z]+)\b/.exec(value)?.[1] ?? '';
}

/** Refuses comments that keep their subject back: the first word is the thing named, or says what a function does. */
const subjectFirst = {
  create({ sourceCode, report }: Context) {
    return {
      Program() {
        let before: Comment | undefined;
        for (const comment of sourceCode.getAllComments()) {
          const continues =
            comment.type === 'Line' &&
            before?.type === 'Line' &&
            before.loc.end.line + 1 === comment.loc.start.line;
          before = comment;
          const word = firstWord(comment);
          if (continues || !OPENINGS.has(word)) continue;
          const message = `A comment opens with the thing it names, or with what a function does, not with "${word}".`;
          report({ node: comment, message });
        }
      },
    };
  },
};

// The linter takes a plugin from the default export of its file.
export default { meta: { name: 'house' }, rules: { 'subject-first': subjectFirst, walls } };
