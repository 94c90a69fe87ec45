import type { ApplyOperations, JobOperations, StackOperations } from '../../public/reconciler.ts';
import type { UpkeepOperations } from '../../public/upkeep/upkeep.ts';
import type { RunContext } from '../context.ts';
import type { Background } from '../loop/background.ts';
import { addressesOf } from '../observe/addresses.ts';
import type { ImageUpdates } from './images/image-updates.ts';
import { listRemnants, prune } from './prune.ts';
import { startPull } from './pull-images.ts';

export interface UpkeepParts {
  readonly context: RunContext;
  readonly background: Background;
  readonly stacks: StackOperations;
  readonly applies: ApplyOperations;
  readonly jobs: JobOperations;
  readonly images: Pick<ImageUpdates, 'look'>;
}

export function createUpkeepOperations({ background, ...parts }: UpkeepParts): UpkeepOperations {
  return {
    addresses(stack) {
      const description = parts.context.desired.get(stack);
      return addressesOf(
        description ?? { services: parts.stacks.getStack(stack).services, resources: [], targets: [] },
      );
    },
    async listImageUpdates(stacks, signal) {
      for (const stack of stacks ?? []) parts.stacks.getStack(stack);
      return parts.images.look(stacks, signal);
    },
    pull: (request) => startPull(parts.context, background, request),
    listRemnants: (signal) => listRemnants(parts, signal),
    prune: (request, signal) => prune(parts, request, signal),
  };
}
