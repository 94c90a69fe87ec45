import type { Plan } from '../../reconciler/plan/plan.ts';
import type { BuildLog, BuildRecord } from '../../reconciler/ports/builds/build-records.ts';
import type { Job, JobLog, JobStep } from '../../reconciler/ports/store.ts';
import type { UserRecord } from '../../reconciler/ports/accounts/user-records.ts';

export const HOUR = 3_600_000;
export const START = Date.parse('2026-11-01T00:00:00.000Z');

/** ISO time, hours after the start of the tests' world. */
export function at(hours: number): string {
  return new Date(START + hours * HOUR).toISOString();
}

export function buildJob(number: number, changes: Partial<Job> = {}): Job {
  return {
    id: `job_${String(number).padStart(26, '0')}`,
    type: 'apply',
    stack: 'homelab',
    status: 'completed',
    trigger: 'push',
    actor: null,
    revision: 'a'.repeat(40),
    planId: null,
    summary: null,
    progress: 100,
    error: null,
    tag: null,
    createdAt: at(number),
    startedAt: at(number),
    endedAt: at(number),
    ...changes,
  };
}

export function buildUser(number: number, changes: Partial<UserRecord> = {}): UserRecord {
  return {
    id: String(number).padStart(24, '0'),
    email: `user${number}@example.org`,
    name: `User ${number}`,
    role: 'deployer',
    passwordHash: null,
    external: null,
    tokenGeneration: 1,
    createdAt: at(number),
    ...changes,
  };
}

export function buildStoredPlan(stack: string): Plan {
  return {
    formatVersion: 1,
    stack,
    mode: 'apply',
    revision: 'b'.repeat(40),
    desired: 'c'.repeat(32),
    basis: {},
    changes: [],
    summary: { create: 0, update: 0, replace: 0, delete: 0, noop: 0 },
    confirmations: [],
    diagnostics: [],
  };
}

export function buildStep(jobId: string, index: number, changes: Partial<JobStep> = {}): JobStep {
  return {
    jobId,
    index,
    name: `local/container/web${index}`,
    action: 'create',
    status: 'pending',
    message: null,
    health: null,
    startedAt: null,
    endedAt: null,
    ...changes,
  };
}

export function buildLog(jobId: string, sequence: number): JobLog {
  return { jobId, sequence, time: at(0), level: 'info', step: null, message: `line ${sequence}` };
}

export function buildBuild(number: number, changes: Partial<BuildRecord> = {}): BuildRecord {
  return {
    id: String(number).padStart(24, '0'),
    owner: 'ada',
    stack: null,
    repository: 'https://git.example.org/ada/app.git',
    branch: 'main',
    commit: null,
    context: '.',
    dockerfile: null,
    argumentNames: [],
    generated: false,
    registry: 'f'.repeat(24),
    imageName: 'app',
    tag: 'latest',
    image: 'hub.example.org/app:latest',
    status: 'pending',
    stage: 'Waiting',
    progress: 0,
    digest: null,
    size: null,
    write: null,
    error: null,
    errorStage: null,
    createdAt: at(number),
    startedAt: null,
    endedAt: null,
    ...changes,
  };
}

export function buildBuildLog(sequence: number): BuildLog {
  return { sequence, time: at(sequence), level: 'info', stage: 'building', message: `line ${sequence}` };
}
