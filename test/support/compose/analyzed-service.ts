import type { Analysis } from '../../../reconciler/config/kombination/analyze.ts';
import { toDiagnostics } from '../../../reconciler/config/kombination/analyze.ts';
import { briefDiagnostics } from '../desired-fixtures.ts';
import type { ProjectFiles } from './compose-config.ts';
import { analyzeProject } from './compose-config.ts';

/** `file:line:column severity CODE path` */
export function findings(analysis: Analysis): readonly string[] {
  const found = toDiagnostics('kombination.yaml', analysis.document, analysis.diagnostics);
  return found.map((diagnostic) => `${diagnostic.file}:${briefDiagnostics([diagnostic])[0]}`);
}

/** A project with this Compose file. */
export function project(text: string, more: ProjectFiles = {}): ProjectFiles {
  return { 'compose.yaml': text, ...more };
}

/** The first service of a kombination that adopts the files. */
export function service(files: ProjectFiles, kombinationText?: string) {
  const analysis = analyzeProject(files, kombinationText);
  const [web] = analysis.kombination.services;
  if (!web) throw new Error(findings(analysis).join('\n'));
  return { web, analysis, findings: findings(analysis) };
}
