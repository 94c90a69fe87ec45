import type { ComposeAnalysis, ImportSession } from '../../../../reconciler/index.ts';
import { own } from '../../../../reconciler/index.ts';
import { toPlatformGraph } from '../graph.ts';

/** Source of a build, where a service has no image. */
interface BuildSource {
  readonly repoUrl: string;
  readonly branch: string;
}

/** An analysis in the words of the platform. */
export function toAnalysis(analysis: ComposeAnalysis, source?: BuildSource) {
  const { services, volumes, networks, warnings, errors, unbuilt } = analysis;
  const { nodes, edges } = toPlatformGraph({ nodes: analysis.nodes, edges: analysis.edges });
  const build = services.find(({ name }) => name === unbuilt[0])?.build;
  return {
    detectedType: 'docker-compose',
    services,
    volumes,
    networks,
    warnings,
    errors,
    suggestedNodes: nodes,
    suggestedEdges: edges,
    layoutPositions: Object.fromEntries(nodes.map(({ id, position }) => [id, position])),
    needsBuild: unbuilt.length > 0,
    ...(build === undefined || source === undefined
      ? {}
      : {
          sourceBuildConfig: {
            ...source,
            buildContext: build.context,
            useNixpacks: false,
            ...(build.dockerfile === undefined ? {} : { dockerfile: build.dockerfile }),
          },
        }),
  };
}

const SOURCES: Readonly<Record<string, string>> = { 'github.com': 'github', 'gitlab.com': 'gitlab' };

/** A session in the words of the platform. */
export function toSession(session: ImportSession, userId: string) {
  const { id, address, branch, file, namespace, status, stage, progress, error } = session;
  const { analysis, createdAt, completedAt } = session;
  return {
    id,
    userId,
    source: own(SOURCES, new URL(address).hostname) ?? 'git_url',
    url: address,
    ...(branch === null ? {} : { branch }),
    ...(file === null ? {} : { fileName: file }),
    namespace: namespace ?? '',
    status,
    currentStage: stage,
    progress,
    ...(analysis === null ? {} : { analysis: analysisOf(session) }),
    ...(error === null ? {} : { errorMessage: error.message, errorStage: error.stage }),
    createdAt,
    ...(completedAt === null ? {} : { completedAt }),
  };
}

/** The analysis of a session that has one. */
export function analysisOf({ analysis, address, branch }: ImportSession) {
  return analysis === null ? null : toAnalysis(analysis, { repoUrl: address, branch: branch ?? 'main' });
}
