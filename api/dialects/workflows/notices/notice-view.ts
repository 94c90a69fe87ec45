import type { Notice } from '../../../../reconciler/index.ts';
import type { Identity } from '../../../auth/identity.ts';
import { listWorkflows } from '../../../operations/workflows.ts';
import type { WorkflowDeps } from '../deps.ts';
import { ID, TEXT, TIME } from '../schemas.ts';

export const NOTIFICATION = {
  type: 'object',
  properties: {
    id: ID,
    userId: { ...TEXT, description: 'Empty: the caller is no user.' },
    type: {
      enum: [
        'workflow_deployed',
        'workflow_failed',
        'build_completed',
        'build_failed',
        'resource_warning',
        'system',
      ],
      description:
        'resource_warning: it differs from its description, or waits for a yes; system: it is well again.',
    },
    title: TEXT,
    message: TEXT,
    read: { type: 'boolean' },
    link: { ...TEXT, description: 'Path of a page of the platform, where it is of a workflow.' },
    refId: ID,
    createdAt: TIME,
    updatedAt: TIME,
  },
  required: ['id', 'userId', 'type', 'title', 'message', 'read', 'createdAt', 'updatedAt'],
};

const WORDS: Readonly<
  Record<Notice['type'], { readonly type: string; readonly title: string; readonly message: string }>
> = {
  synced: { type: 'workflow_deployed', title: 'deployed', message: 'It runs as described.' },
  failed: { type: 'workflow_failed', title: 'failed', message: 'It does not run as described.' },
  findings: { type: 'workflow_failed', title: 'failed', message: 'Its description has errors.' },
  backup_failed: { type: 'resource_warning', title: 'was not backed up', message: 'Its backup failed.' },
  node_away: { type: 'resource_warning', title: 'does not answer', message: 'The node does not answer.' },
  frozen: { type: 'resource_warning', title: 'waits', message: 'Changes are frozen.' },
  recovered: { type: 'system', title: 'is well again', message: 'It runs as described and is well.' },
  drift: {
    type: 'resource_warning',
    title: 'differs',
    message: 'Something that runs differs from its description.',
  },
  built: { type: 'build_completed', title: 'Image built', message: '' },
  build_failed: { type: 'build_failed', title: 'Image not built', message: '' },
  blocked: {
    type: 'resource_warning',
    title: 'waits for a yes',
    message: 'Its plan waits for a confirmation.',
  },
};

/** Notices in the words of the platform, for one who reads them. */
export function createNotificationView(deps: WorkflowDeps, identity: Identity) {
  const workflows = new Map(listWorkflows(deps).map((workflow) => [workflow.name, workflow]));
  return ({ number, type, stack, subject, job, message, time }: Notice, isRead: boolean) => {
    const words = WORDS[type];
    const isBuild = type === 'built' || type === 'build_failed';
    const workflow = workflows.get(stack);
    return {
      id: number.toString(16).padStart(24, '0'),
      userId: identity.userId ?? '',
      type: words.type,
      title: isBuild ? words.title : `${workflow?.title ?? (stack || subject)} ${words.title}`,
      message: message ?? words.message,
      read: isRead,
      ...(isBuild
        ? { link: `/dashboard/build/${job}`, refId: job ?? '' }
        : workflow === undefined
          ? {}
          : { link: `/dashboard/workflow/${workflow.id}`, refId: workflow.id }),
      createdAt: time,
      updatedAt: time,
    };
  };
}

/** The number of a notice by its id; `null` when it is none. */
export function noticeNumber(id: string): number | null {
  if (!/^[0-9a-f]{24}$/.test(id)) return null;
  const number = Number.parseInt(id, 16);
  return Number.isSafeInteger(number) ? number : 0;
}
