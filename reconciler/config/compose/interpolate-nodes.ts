import type { ComposeNode, Origin } from './node.ts';
import type { Filler } from './interpolate.ts';
import { fillTemplate } from './interpolate.ts';
import type { Environment, Mode, Project, VariablePlace, VariablePolicy } from './project.ts';
import { rememberDemand, rememberUnset } from './project.ts';
import { MISPLACED, mayHoldSecret } from '../kombination/secret-places.ts';

/*
 * Variables of a Compose file. In values of the environment, what no file sets may still be a secret of the daemon's
 * environment: it stays a reference, and is looked up when the stack is rendered.
 */

/** A document with its variables filled in. */
export function interpolateNodes(
  project: Project,
  root: ComposeNode,
  environment: Environment,
  modeAt: (path: readonly string[]) => Mode = modeOf,
): ComposeNode {
  return interpolateNode(root, []);

  function interpolateNode(node: ComposeNode, path: readonly string[]): ComposeNode {
    switch (node.kind) {
      case 'list':
        return {
          ...node,
          items: node.items.map((item, index) => interpolateNode(item, [...path, String(index)])),
        };
      case 'map':
        return {
          ...node,
          entries: new Map(
            [...node.entries].map(([key, value]) => [key, interpolateNode(value, [...path, key])] as const),
          ),
        };
      case 'scalar': {
        if (typeof node.value !== 'string') return node;
        const mode = modeAt(path);
        if (mode === 'leave' || (mode !== 'env' && !node.value.includes('$'))) return node;
        if (mode === 'own-env' && WHOLE_REFERENCE.test(node.value)) return node;
        const filler = project.variables.fillerAt(project, { origin: node.origin, environment, mode });
        const refuses = !UNDERSTANDS_SECRETS.has(mode) && !mayHoldSecret(path);
        const value = fillText(project, node, refuses ? withoutSecrets(project, node, filler) : filler);
        if (value === node.value) return node;
        project.filled.add(node.origin);
        return { ...node, value };
      }
      default:
        return node satisfies never;
    }
  }
}

/** Reference to a secret that is a whole value, in a map or in a list of `NAME=value`. */
const WHOLE_REFERENCE = /^([A-Za-z_][A-Za-z0-9_]*=)?secret:\/\//;

function modeOf(path: readonly string[]): Mode {
  if (path[0] === 'services' && path[2] === 'environment' && path.length === 4) return 'env';
  return path[0] === 'configs' && path[2] === 'content' ? 'content' : 'plain';
}

const UNDERSTANDS_SECRETS: ReadonlySet<Mode> = new Set(['env', 'own-env', 'content']);

type TextNode = ComposeNode & { readonly kind: 'scalar' };

/** Reports references, also those that are values of variables; a variable that is all of the text is found later. */
function withoutSecrets(project: Project, node: TextNode, filler: Filler): Filler {
  const report = (): void => project.error(MISPLACED.code, node, MISPLACED.message, { hint: MISPLACED.hint });
  const isWhole = /^\$(?:\w+|\{\w+\})$/.test(String(node.value));
  return {
    ...filler,
    lookup(name) {
      const value = filler.lookup(name);
      if (!isWhole && value?.startsWith('secret://')) report();
      return value;
    },
    secret(reference) {
      report();
      return reference;
    },
  };
}

function fillText(project: Project, node: TextNode, filler: Filler): string {
  const text = String(node.value);
  const filled = fillTemplate(text, filler);
  if (typeof filled === 'string') return filled;
  project.error('INVALID_FORMAT', node, filled.problem, {
    hint: '$NAME, ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+other}; $$ stands for a dollar sign',
  });
  return text;
}

/** Variables of an adopted project: what nobody sets may be a secret of the daemon's, or is empty. */
export const ADOPTED: VariablePolicy = { fillerAt, isSecret: () => false };

function fillerAt(project: Project, { origin, environment, mode }: VariablePlace): Filler {
  const lookup = (name: string): string | undefined => environment.get(name);
  switch (mode) {
    case 'env':
      return { lookup, ...envFiller(project, origin) };
    case 'own-env':
      // An unset variable may be a secret of the daemon's; that it is not is found when it is looked up.
      return { lookup, ...envFiller(project, origin), unset: (name) => `\${${name}}` };
    case 'own':
      return { lookup, ...ownFiller(project, origin) };
    case 'shell':
      return { lookup, ...shellFiller(project, origin) };
    default:
      return { lookup, ...composeFiller(project, origin, mode) };
  }
}

type Unset = Pick<Filler, 'unset' | 'required'>;

function composeFiller(project: Project, origin: Origin, mode: Mode): Unset {
  const node = { origin };
  const unset = (name: string): string => {
    if (mode === 'content') return `\${secret:env/${name}:-}`;
    project.warning('UNSET_VARIABLE', node, `the variable ${name} is not set: it becomes empty`, {
      hint: `set it in .env, under variables: of the kombination, or give a default with \${${name}:-…}`,
    });
    return '';
  };
  const required = (name: string, message: string): string => {
    if (mode === 'content') {
      rememberDemand(project, origin, [name, message]);
      return `\${secret:env/${name}}`;
    }
    const reason = message === '' ? '' : `: ${message}`;
    project.error('UNRESOLVED_VARIABLE', node, `\${${name}} has no value${reason}`, {
      hint: `set it in .env, or under variables: of the kombination`,
    });
    return '';
  };
  return { unset, required };
}

function ownFiller(project: Project, origin: Origin): Unset {
  const required = (name: string, message = ''): string => {
    const reason = message === '' ? '' : `: ${message}`;
    project.error('UNRESOLVED_VARIABLE', { origin }, `\${${name}} has no value${reason}`, {
      hint: `set it in .env beside this file, or under variables:, give a default with \${${name}:-…}, or write $\${${name}} to mean it literally`,
    });
    return `\${${name}}`;
  };
  return { unset: (name) => required(name), required };
}

function shellFiller(project: Project, origin: Origin): Unset {
  return {
    ...ownFiller(project, origin),
    unset(name, written) {
      const message = `the variable ${name} is not set here: it is left to the shell of the container`;
      project.warning('UNSET_VARIABLE', { origin }, message, {
        hint: `write $$${name} to say so, or set it in .env beside this file, or under variables:`,
      });
      return written;
    },
  };
}

const REFERENCE = /^secret:\/\/(\S+)$/;

/** Texts come out as values of a kombination's environment: `$$` stands for a dollar sign. */
function envFiller(project: Project, origin: Origin): Omit<Filler, 'lookup'> {
  return {
    plain: escapeEnv,
    unset(name) {
      rememberUnset(project, origin, name);
      return `\${${name}:-}`;
    },
    required(name, message) {
      rememberDemand(project, origin, [name, message]);
      return `\${${name}}`;
    },
    otherwise: (name, fallback, isSet) =>
      isSet || /[}$]/.test(fallback) ? fallback : `\${${name}:-${fallback}}`,
  };
}

/** A text as a value of a kombination's environment. */
export function escapeEnv(text: string): string {
  const [, reference] = REFERENCE.exec(text) ?? [];
  return reference === undefined ? text.replaceAll('$', '$$$$') : `\${secret:${reference}}`;
}
