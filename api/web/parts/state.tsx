import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CirclePause,
  CircleX,
  Hand,
  LoaderCircle,
  TriangleAlert,
} from 'lucide';
import type { IconNode } from 'lucide';
import type { HealthWord, StackState } from '../client/api-types.ts';
import { HEALTH, STATES } from '../client/words.ts';
import type { Words } from '../client/words.ts';
import { Icon } from './icon.tsx';

const STATE_ICONS: Readonly<Record<StackState, IconNode>> = {
  in_sync: CircleCheck,
  pending: CircleDashed,
  applying: LoaderCircle,
  drifted: TriangleAlert,
  degraded: CircleAlert,
  failed: CircleX,
  blocked: Hand,
  invalid: CircleX,
  stopped: CirclePause,
  removed: TriangleAlert,
  unknown: CircleHelp,
};

const HEALTH_ICONS: Readonly<Record<HealthWord, IconNode>> = {
  healthy: CircleCheck,
  starting: LoaderCircle,
  unhealthy: CircleAlert,
  completed: CircleCheck,
  failed: CircleX,
  stopped: CirclePause,
  missing: CircleX,
  unknown: CircleHelp,
};

/** State of a stack: a sign, a word and a colour. */
export function State({ of }: { of: StackState }) {
  return <Badge words={STATES[of]} icon={STATE_ICONS[of]} />;
}

/** State of something that runs; in other words than the usual ones where they are given. */
export function HealthState({ of, words = HEALTH[of] }: { of: HealthWord; words?: Words }) {
  return <Badge words={words} icon={HEALTH_ICONS[of]} />;
}

/** A sign, a word and a colour for anything that has a tone. */
export function Badge({ words: { label, tone, meaning }, icon }: { words: Words; icon: IconNode }) {
  return (
    <span class={`badge tone-${tone}`} title={meaning}>
      <Icon of={icon} size={15} />
      {label}
    </span>
  );
}
