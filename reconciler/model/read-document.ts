import type { ComposedDocument } from './compose/compose-document.ts';
import { adoptsCompose, composeDocument } from './compose/compose-document.ts';
import { formatPath } from './document-path.ts';
import type { TreeDirectory } from './file-tree.ts';
import type { SecretFindings } from './find-secrets.ts';
import type { Issue, Issues } from './issue.ts';
import { asFields } from './values.ts';
import type { KombinationDocument } from './kombination-document.ts';
import { translateDocument } from './kombination-document.ts';
import type { YamlDocument } from './yaml-document.ts';
import { parseYaml } from './yaml-document.ts';

interface ReadOptions {
  /** Repository path of the kombination. */
  readonly file: string;
  readonly text: string;
  readonly tree: TreeDirectory;
  /** Texts of the repository that Compose files and their env files are read from, by blob id. Default: none. */
  readonly texts?: ReadonlyMap<string, string>;
}

interface ReadDocument {
  readonly document: KombinationDocument;
  readonly written: YamlDocument;
  readonly composed: ComposedDocument | undefined;
}

/** The document of a kombination, with the Compose files it adopts. */
export function readDocument({ file, text, tree, texts = new Map() }: ReadOptions): ReadDocument {
  const written = parseYaml(text);
  const composed = adoptsCompose(written)
    ? composeDocument({ file, document: written, tree, texts })
    : undefined;
  return { document: translateDocument(composed?.document ?? written), written, composed };
}

/** Says what stands in the way of knowing all of a document. */
export function reportUnread({ missing, document, issues: found }: ComposedDocument, issues: Issues): void {
  if (missing.length > 0) {
    issues.warning('COMPOSE_NOT_READ', ['compose'], 'the Compose file is checked once it is committed');
  } else if (asFields(document.value)?.['services'] === undefined && found.every(isHarmless)) {
    issues.error('REQUIRED', ['compose'], 'At least one service is required');
  }
}

function isHarmless({ severity }: Issue): boolean {
  return severity === 'warning';
}

/** A variable that nobody sets is empty, as Compose has it, and warned of unless there is a secret of that name. */
export function withUnset(findings: SecretFindings, { unset }: ComposedDocument): SecretFindings {
  const secrets = findings.secrets.map((need) => {
    const names = unset.get(formatPath(need.path));
    return names?.has(need.name) ? { ...need, needed: false, unset: true } : need;
  });
  return { ...findings, secrets };
}
