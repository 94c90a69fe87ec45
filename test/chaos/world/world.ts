import { Ledger } from './ledger.ts';
import { EMPTY_WORLD } from './model.ts';
import type { WorldModel } from './model.ts';
import { addStack } from './mutations.ts';
import type { Random } from '../random.ts';

/** Knows what is described now, and what was described before. */
export class World {
  readonly ledger = new Ledger();
  #model: WorldModel;
  #head = '';

  constructor(model: WorldModel) {
    this.#model = model;
  }

  get model(): WorldModel {
    return this.#model;
  }

  /** The newest commit. */
  get head(): string {
    return this.#head;
  }

  /** It was pushed. */
  moveTo(commit: string, model: WorldModel): void {
    this.#head = commit;
    this.#model = model;
    this.ledger.record(commit, model);
  }
}

export function createWorldModel(random: Random, stacks: number): WorldModel {
  let model = EMPTY_WORLD;
  for (let index = 0; index < stacks; index += 1) model = addStack(model, random).model;
  return model;
}
