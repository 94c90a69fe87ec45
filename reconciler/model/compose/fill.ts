import type { ComposeNode, Origin } from './node.ts';
import type { Filler } from './interpolate.ts';
import { fillTemplate } from './interpolate.ts';
import type { Environment, Project } from './project.ts';
import { rememberUnset } from './project.ts';

/*
 * Variables of a Compose file. In values of the environment, what no file sets may still be a secret of the daemon's
 * environment: it stays a reference, and is looked up when the stack is rendered.
 */

type Mode = 'env' | 'content' | 'plain';

/** A document with its variables filled in. */
export function fillNodes(project: Project, root: ComposeNode, environment: Environment): ComposeNode {
  return fill(root, []);

  function fill(node: ComposeNode, path: readonly string[]): ComposeNode {
    switch (node.kind) {
      case 'list':
        return { ...node, items: node.items.map((item, index) => fill(item, [...path, String(index)])) };
      case 'map':
        return {
          ...node,
          entries: new Map(
            [...node.entries].map(([key, value]) => [key, fill(value, [...path, key])] as const),
          ),
        };
      case 'scalar': {
        if (typeof node.value !== 'string') return node;
        const mode = modeOf(path);
        if (mode === 'plain' && !node.value.includes('$')) return node;
        const value = fillText(project, node, { environment, mode });
        return value === node.value ? node : { ...node, value };
      }
      default:
        return node satisfies never;
    }
  }
}

function modeOf(path: readonly string[]): Mode {
  if (path[0] === 'services' && path[2] === 'environment' && path.length === 4) return 'env';
  return path[0] === 'configs' && path[2] === 'content' ? 'content' : 'plain';
}

interface FillOptions {
  readonly environment: Environment;
  readonly mode: Mode;
}

function fillText(
  project: Project,
  node: ComposeNode & { readonly kind: 'scalar' },
  options: FillOptions,
): string {
  const text = String(node.value);
  const filled = fillTemplate(text, createFiller(project, node.origin, options));
  if (typeof filled === 'string') return filled;
  project.error('INVALID_FORMAT', node, filled.problem, {
    hint: '$NAME, ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+other}; $$ stands for a dollar sign',
  });
  return '';
}

/** How variables are filled in at one place. */
export function createFiller(project: Project, origin: Origin, { environment, mode }: FillOptions): Filler {
  const node = { origin };
  const lookup = (name: string): string | undefined => environment.get(name);
  if (mode === 'env') return { lookup, ...envFiller(project, origin) };
  const unset = (name: string): string => {
    if (mode === 'content') return `\${secret:env/${name}:-}`;
    project.warning('UNSET_VARIABLE', node, `the variable ${name} is not set: it becomes empty`, {
      hint: `set it in .env, under variables: of the kombination, or give a default with \${${name}:-…}`,
    });
    return '';
  };
  const required = (name: string, message: string): string => {
    if (mode === 'content') return `\${secret:env/${name}}`;
    const reason = message === '' ? '' : `: ${message}`;
    project.error('UNRESOLVED_VARIABLE', node, `\${${name}} has no value${reason}`, {
      hint: `set it in .env, or under variables: of the kombination`,
    });
    return '';
  };
  return { lookup, unset, required };
}

const REFERENCE = /^secret:\/\/(\S+)$/;

/** Texts come out as values of a kombination's environment: `$$` stands for a dollar sign. */
export function envFiller(
  project: Project,
  origin: Origin,
): Omit<Filler, 'lookup'> & Required<Pick<Filler, 'plain'>> {
  return {
    plain: escapeEnv,
    unset(name) {
      rememberUnset(project, origin, name);
      return `\${${name}:-}`;
    },
    required: (name) => `\${${name}}`,
    otherwise: (name, fallback) => (/[}$]/.test(fallback) ? fallback : `\${${name}:-${fallback}}`),
  };
}

/** A text as a value of a kombination's environment. */
export function escapeEnv(text: string): string {
  const [, reference] = REFERENCE.exec(text) ?? [];
  return reference === undefined ? text.replaceAll('$', '$$$$') : `\${secret:${reference}}`;
}
