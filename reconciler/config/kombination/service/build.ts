import type { BuildModel } from './build-model.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { parseGitContext } from '../../../model/docker/git-context.ts';
import { normaliseImage } from '../../../model/docker/image-reference.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import type { SecretUse } from './secret-use.ts';
import { readUlimits, texts } from '../../../model/docker/options/option-values.ts';
import { readPlainPairs } from '../../../model/docker/options/pairs.ts';
import { readExtraHosts, readSize } from '../../../model/docker/options/readers.ts';
import type { Fields } from '../../../base/values.ts';
import {
  asBoolean,
  asFields,
  asList,
  asString,
  compareText,
  defined,
  own,
  toRecord,
  asText,
} from '../../../base/values.ts';

/** Keys that need a builder that an engine's API does not offer. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  additional_contexts: 'copy the files into the context, or name another image in a FROM',
  entitlements:
    'the engine builds without them: take it out, or build the image elsewhere and name it in image',
  privileged: 'the engine builds without privileges: build the image elsewhere, and name it in image',
  ssh: 'fetch over https, with a token of build.secrets and RUN --mount=type=secret: the engine has no SSH agent to lend',
};

/** Keys that change nothing in the image. */
const IGNORED: Readonly<Record<string, string>> = {
  cache_to: 'the engine keeps its own cache',
  provenance: 'the engine makes no attestations',
  sbom: 'the engine makes no attestations',
};

/** `build` of a service: a path, or a map. What is wrong is reported; `undefined` when nothing can be built. */
export function readBuild(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): BuildModel | undefined {
  const short = asString(value);
  const fields = asFields(value);
  if (short === undefined && !fields) return undefined;
  const settings: Fields = fields ?? { context: short };
  const context = asString(settings['context']) ?? '.';
  const place = fields?.['context'] === undefined ? path : [...path, 'context'];
  const elsewhere = parseGitContext(context);
  if (elsewhere !== null && !accept(elsewhere, place, diagnostics)) return undefined;
  if (elsewhere !== null && settings['dockerfile_inline'] !== undefined) {
    const message = 'an engine takes the Dockerfile of a context from elsewhere out of that context';
    const hint = 'name one that is in there with dockerfile';
    diagnostics.error('UNSUPPORTED_KEY', [...path, 'dockerfile_inline'], message, { hint, at: 'key' });
    return undefined;
  }
  reportUnsupported(settings, path, diagnostics);
  return { ...readSettings(settings, path, diagnostics), context, path };
}

function reportUnsupported(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  for (const [key, hint] of Object.entries(UNSUPPORTED)) {
    const value = own(fields, key);
    const empty = value === undefined || value === false || asList(value)?.length === 0;
    if (!empty)
      diagnostics.error('UNSUPPORTED_KEY', [...path, key], `${key} of a build is not supported`, {
        hint,
        at: 'key',
      });
  }
  for (const [key, hint] of Object.entries(IGNORED)) {
    if (own(fields, key) === undefined || own(fields, key) === false) continue;
    diagnostics.warning('UNSUPPORTED_KEY', [...path, key], `${key} has no effect`, { hint, at: 'key' });
  }
  const isolation = asString(fields['isolation']);
  if (isolation !== undefined && isolation !== 'default') {
    diagnostics.warning('UNSUPPORTED_KEY', [...path, 'isolation'], 'isolation has no effect', {
      hint: 'it is for Windows',
      at: 'key',
    });
  }
}

type Settings = Omit<BuildModel, 'context' | 'path'>;

function readSettings(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): Settings {
  const at = (key: string): DocumentPath => [...path, key];
  const dockerfileInline = asString(fields['dockerfile_inline']);
  if (dockerfileInline !== undefined && fields['dockerfile'] !== undefined) {
    diagnostics.error(
      'INVALID_VALUE',
      at('dockerfile_inline'),
      'says both dockerfile and dockerfile_inline',
      {
        hint: 'use one of them',
        at: 'key',
      },
    );
  }
  const cacheFrom = texts(fields['cache_from']);
  const extraHosts = readExtraHosts(fields['extra_hosts'], { path: at('extra_hosts'), diagnostics });
  const tags = readTags(fields['tags'], at('tags'), diagnostics);
  const secrets = readSecrets(fields['secrets'], at('secrets'), diagnostics);
  return defined({
    dockerfile: asString(fields['dockerfile']),
    dockerfileInline,
    args: readArgs(fields['args'], at('args'), diagnostics),
    target: asString(fields['target']),
    cacheFrom: cacheFrom.length > 0 ? cacheFrom : undefined,
    labels: readPlainPairs(fields['labels'], { path: at('labels'), diagnostics }),
    network: asString(fields['network']),
    shmSize: readSize(fields['shm_size'], { path: at('shm_size'), diagnostics }),
    extraHosts,
    ulimits: readUlimits(fields['ulimits']),
    pull: asBoolean(fields['pull']) || undefined,
    noCache: asBoolean(fields['no_cache']) || undefined,
    platform: readPlatform(fields['platforms'], at('platforms'), diagnostics),
    tags: tags.length > 0 ? tags : undefined,
    secrets: secrets.length > 0 ? secrets : undefined,
  });
}

/** An argument stays in the image's history for everybody to read: no place for secrets. */
function readArgs(value: unknown, path: DocumentPath, diagnostics: DiagnosticCollector): BuildModel['args'] {
  const args = new Map<string, string>();
  for (const [place, name, text] of entriesOf(value)) {
    const at = [...path, place];
    if (text === undefined) {
      diagnostics.warning('INVALID_VALUE', at, `the argument ${name} has no value and is left out`, {
        hint: "write one; nothing is taken from the daemon's own environment",
      });
    } else if (/secret:\/\/|\$\{secret:/.test(text)) {
      diagnostics.error('INVALID_VALUE', at, `the argument ${name} holds a secret`, {
        hint: 'everybody who has the image can read its build arguments; give secrets to the container',
      });
    } else args.set(name, text);
  }
  return args.size > 0 ? toRecord([...args].sort(([a], [b]) => compareText(a, b))) : undefined;
}

function entriesOf(value: unknown): readonly (readonly [string | number, string, string | undefined])[] {
  const list = asList(value)?.map((item, index) => {
    const [name = '', ...rest] = asText(item).split('=');
    return [index, name, rest.length > 0 ? rest.join('=') : undefined] as const;
  });
  const scalar = /^(string|number|boolean)$/;
  return (
    list ??
    Object.entries(asFields(value) ?? {}).map(([name, member]) => {
      return [name, name, scalar.test(typeof member) ? asText(member) : undefined] as const;
    })
  );
}

/** Names, or maps as in Compose; what a step does with a secret's owner and mode is said in the Dockerfile. */
function readSecrets(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly SecretUse[] {
  return (asList(value) ?? []).flatMap((item, index) => {
    const fields: Fields = typeof item === 'string' ? { source: item } : (asFields(item) ?? {});
    const source = asString(fields['source']);
    if (source === undefined) return [];
    for (const key of ['uid', 'gid', 'mode']) {
      if (own(fields, key) === undefined) continue;
      diagnostics.warning(
        'UNSUPPORTED_KEY',
        [...path, index, key],
        `${key} has no effect on a secret of a build`,
        {
          hint: `say it in the Dockerfile: RUN --mount=type=secret,id=${source},${key}=…`,
          at: 'key',
        },
      );
    }
    return [{ source, target: asString(fields['target']) ?? source, path: [...path, index] }];
  });
}

function readTags(value: unknown, path: DocumentPath, diagnostics: DiagnosticCollector): readonly string[] {
  return (asList(value) ?? []).flatMap((item, index) => {
    if (typeof item !== 'string') return [];
    return accept(normaliseImage(item), [...path, index], diagnostics) ?? [];
  });
}

function readPlatform(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): string | undefined {
  const platforms = texts(value);
  if (platforms.length < 2) return platforms[0];
  diagnostics.warning('UNSUPPORTED_KEY', path, 'an engine builds for one platform: its own', {
    hint: 'name one platform, or none',
  });
  return undefined;
}
