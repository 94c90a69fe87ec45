import { Archive, CircleCheck, PencilLine } from 'lucide';
import type { Publication } from '../../client/workflow-types.ts';
import { Badge } from '../../parts/state.tsx';

const WORDS = {
  draft: { label: 'Draft', tone: 'calm', meaning: 'It is being drawn; nothing of it is applied.' },
  published: { label: 'Published', tone: 'good', meaning: 'What is saved is applied to the cluster.' },
  archived: { label: 'Archived', tone: 'calm', meaning: 'It is kept, and its objects are removed.' },
} as const;

const ICONS = { draft: PencilLine, published: CircleCheck, archived: Archive } as const;

/** Says whether what a workflow describes is applied. */
export function PublicationBadge({ of }: { of: Publication }) {
  return <Badge words={WORDS[of]} icon={ICONS[of]} />;
}
