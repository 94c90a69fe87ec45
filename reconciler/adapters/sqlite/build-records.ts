import type {
  BuildLog,
  BuildRecord,
  BuildRecords,
  BuildStage,
  BuildStatus,
} from '../../ports/builds/build-records.ts';
import type { Access } from './access.ts';
import type { Row } from './rows.ts';
import { document, isTextList, number, oneOf, optionalText, text } from './rows.ts';

const STATUSES: readonly BuildStatus[] = [
  'pending',
  'cloning',
  'building',
  'pushing',
  'completed',
  'failed',
  'cancelled',
];
const STAGES: readonly BuildStage[] = ['clone', 'dockerfile', 'build', 'push'];
const LEVELS: readonly BuildLog['level'][] = ['info', 'warn', 'error'];

export function createBuildRecords({ use, transaction }: Access): BuildRecords {
  return {
    saveBuild: (build) => use((statements) => void statements.saveBuild.run(toColumns(build))),
    getBuild: (id) =>
      use((statements) => {
        const row = statements.getBuild.get(id);
        return row === undefined ? undefined : toBuild(row);
      }),
    listBuilds: ({ owner = null, limit, offset = 0 }) =>
      use((statements) => ({
        builds: statements.listBuilds.all({ owner, limit, offset }).map(toBuild),
        total: number(statements.countBuilds.get({ owner }) ?? {}, 'total'),
      })),
    listOpenBuilds: () => use((statements) => statements.listOpenBuilds.all().map(toBuild)),
    appendBuildLogs: (id, logs, keep) =>
      transaction((statements) => {
        for (const log of logs) statements.appendBuildLog.run({ buildId: id, ...log });
        statements.trimBuildLogs.run({ buildId: id, keep });
      }),
    listBuildLogs: (id, afterSequence = 0) =>
      use((statements) => statements.listBuildLogs.all(id, afterSequence).map(toLog)),
    pruneBuilds: (before, keep) =>
      transaction((statements) => {
        statements.pruneBuildLogs.run({ before, keep });
        statements.pruneBuilds.run({ before, keep });
      }),
  };
}

function toColumns({ argumentNames, generated, ...rest }: BuildRecord) {
  return { ...rest, argumentNames: JSON.stringify(argumentNames), generated: generated ? 1 : 0 };
}

function toBuild(row: Row): BuildRecord {
  return {
    id: text(row, 'id'),
    owner: text(row, 'owner'),
    stack: optionalText(row, 'stack'),
    repository: text(row, 'repository'),
    branch: optionalText(row, 'branch'),
    commit: optionalText(row, 'commit_id'),
    context: text(row, 'context'),
    dockerfile: optionalText(row, 'dockerfile'),
    argumentNames: document(row, 'argument_names', isTextList) ?? [],
    generated: number(row, 'generated') !== 0,
    registry: text(row, 'registry'),
    imageName: text(row, 'image_name'),
    tag: text(row, 'tag'),
    image: text(row, 'image'),
    status: oneOf(row, 'status', STATUSES),
    stage: text(row, 'stage'),
    progress: number(row, 'progress'),
    digest: optionalText(row, 'digest'),
    size: row['size'] === null ? null : number(row, 'size'),
    write: optionalText(row, 'write_commit'),
    error: optionalText(row, 'error'),
    errorStage: row['error_stage'] === null ? null : oneOf(row, 'error_stage', STAGES),
    createdAt: text(row, 'created_at'),
    startedAt: optionalText(row, 'started_at'),
    endedAt: optionalText(row, 'ended_at'),
  };
}

function toLog(row: Row): BuildLog {
  return {
    sequence: number(row, 'sequence'),
    time: text(row, 'time'),
    level: oneOf(row, 'level', LEVELS),
    stage: oneOf(row, 'stage', STATUSES),
    message: text(row, 'message'),
  };
}
