import { createHash } from 'node:crypto';
import type { StackView } from '../../../reconciler/index.ts';
import { asFields, asList, asString } from '../../../reconciler/index.ts';

/** The time that the platform writes where there is none. */
const NO_TIME = '0001-01-01T00:00:00Z';

/** An id of 24 hex digits; the same for the same object, wherever and whenever it is asked for. */
export function idOf(kind: string, key: string): string {
  return createHash('sha256').update(`${kind}\0${key}`).digest('hex').slice(0, 24);
}

/** The id that stands in the file of a workflow, else one of its path: it stays when the workflow is given another name. */
export function workflowId({ document, file }: StackView): string {
  return asString(asFields(document)?.['id']) ?? idOf('workflow', file);
}

/** A workflow in the words of the platform. */
export function toWorkflow(view: StackView) {
  const fields = asFields(view.document) ?? {};
  return {
    id: workflowId(view),
    name: asString(fields['title']) ?? view.name,
    description: asString(fields['description']) ?? '',
    cluster_id: asString(fields['cluster']) ?? '',
    status: asString(fields['status']) ?? 'draft',
    tags: (asList(fields['tags']) ?? []).filter((tag) => typeof tag === 'string'),
    nodes: asList(fields['nodes']) ?? [],
    edges: asList(fields['edges']) ?? [],
    created_at: view.createdAt ?? NO_TIME,
    updated_at: view.updatedAt ?? NO_TIME,
  };
}
