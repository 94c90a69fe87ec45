import type { Check } from './checks/checks.ts';
import { CHECKS } from './checks/checks.ts';
import type { DaemonVitals } from './checks/observation.ts';
import { observe, readDaemonVitals } from './checks/observation.ts';
import { keepEvidence } from './evidence.ts';
import type { Fault } from './faults/fault.ts';
import type { Quiet } from './quiet.ts';
import { awaitQuiet } from './quiet.ts';
import type { Random } from './random.ts';
import { createRandom, seedOfRound } from './random.ts';
import type { Rig } from './rig.ts';
import { isAnyBroken } from './world/model.ts';
import { ANY_MUTATION, SOUND_MUTATIONS } from './world/mutations.ts';

export interface RunOptions {
  readonly faults: readonly Fault[];
  readonly rounds: number;
  readonly seed: number;
  /** Directory below which evidence is kept. */
  readonly directory: string;
}

const PATIENCE_MS = 90_000;
const FIRST_PATIENCE_MS = 120_000;

/**
 * Plays rounds, one after the other, each with the next fault, the first one chosen by the seed: push, inject, undo, wait until all is
 * quiet, hold the invariants against it.
 */
export async function playRounds(rig: Rig, options: RunOptions): Promise<void> {
  const player = new Player(rig, options);
  await player.begin(0);
  for (let round = 1; round <= options.rounds; round += 1) {
    rig.signal.throwIfAborted();
    await player.play(round);
  }
}

/** Plays rounds on a rig, and remembers between them what a process held when it was quiet first. */
export class Player {
  readonly #rig: Rig;
  readonly #options: RunOptions;
  #firstVitals: DaemonVitals | null = null;
  #fault = 'begin';
  #round = 0;

  constructor(rig: Rig, options: RunOptions) {
    this.#rig = rig;
    this.#options = options;
  }

  /** Begins with new stacks, which have to come up. */
  async begin(round: number): Promise<void> {
    this.#rig.report.progress(`round ${round}: new stacks`);
    await this.#rig.begin(createRandom(seedOfRound(this.#options.seed, 1_000_000 + round)));
    this.#firstVitals = null;
    await this.#holdQuiet(FIRST_PATIENCE_MS);
  }

  /** One round, with the fault whose turn it is. */
  async play(round: number): Promise<void> {
    const { faults, rounds, seed } = this.#options;
    const { report, daemon } = this.#rig;
    const fault = faults[(round + seed) % faults.length]!;
    this.#round = round;
    this.#fault = fault.name;
    const begun = performance.now();
    report.progress(
      `round ${round} of ${rounds}: ${fault.name}, ${report.violations.length} violations so far`,
    );
    const told = await this.#injure(fault, createRandom(seedOfRound(seed, round)));
    for (const death of daemon.deaths.splice(0))
      await this.#violate('daemon-lives', `ended by itself: ${JSON.stringify(death)}`);
    if (!daemon.isAlive) await daemon.start();
    const quiet = await this.#holdQuiet(fault.patienceMs ?? PATIENCE_MS);
    report.round(fault.name, quiet.milliseconds);
    const total = ((performance.now() - begun) / 1_000).toFixed(1);
    const end = quiet.isQuiet ? `quiet after ${(quiet.milliseconds / 1_000).toFixed(1)} s` : 'NOT QUIET';
    report.tell(`round ${round} ${fault.name}: ${told}; ${end}, ${total} s in all`);
  }

  /** A fault that finds something false by itself throws it. */
  async #injure(fault: Fault, random: Random): Promise<string> {
    const told: string[] = [];
    try {
      if (!(await this.#rig.fit(fault.needs))) await this.#holdQuiet(PATIENCE_MS);
      if (fault.pushes !== 'none') told.push(await this.#pushSome(random, fault.pushes));
      told.push(await fault.inject(this.#rig, random));
    } catch (error) {
      this.#rig.signal.throwIfAborted();
      await this.#violate('fault', error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      await fault.undo?.(this.#rig);
    }
    return told.join(' || ');
  }

  async #pushSome(random: Random, pushes: Fault['pushes']): Promise<string> {
    const rig = this.#rig;
    const told: string[] = [];
    const kinds = pushes === 'sound' ? SOUND_MUTATIONS : ANY_MUTATION;
    if (pushes === 'sound' && isAnyBroken(rig.world.model))
      told.push(await rig.push(random, { kinds: ['repair'] }));
    for (let left = random.chance(0.35) ? 2 + random.integer(2) : 1; left > 0; left -= 1)
      told.push(await rig.push(random, { kinds, changes: random.chance(0.3) ? 2 : 1 }));
    return told.join(' | ');
  }

  /** Waits for quiet and looks at everything. What does not come to rest is tried to be cured; the last cure is to begin anew. */
  async #holdQuiet(patienceMs: number): Promise<Quiet> {
    const rig = this.#rig;
    const quiet = await awaitQuiet(rig, patienceMs);
    if (quiet.lie.length > 0)
      await this.#violate('state-true', `says in sync, and: ${quiet.lie.slice(0, 6).join('; ')}`);
    if (quiet.isQuiet) {
      await this.#holdInvariants();
      return quiet;
    }
    await this.#violate(
      'comes-to-rest',
      `after ${Math.round(quiet.milliseconds / 1_000)} s: ${quiet.reason}`,
    );
    const cure = await this.#findCure();
    rig.report.tell(`  cured by ${cure ?? 'nothing: beginning anew'}`);
    if (cure === null) await this.begin(this.#round);
    else await this.#holdInvariants();
    return quiet;
  }

  async #holdInvariants(): Promise<void> {
    const rig = this.#rig;
    const found = await this.#findContradictions();
    for (const [check, text] of found) await this.#violate(check.name, text);
    rig.world.ledger.settle(rig.world.model);
    rig.volumes.mark((await rig.engine.snapshot()).volumes);
  }

  async #findContradictions(): Promise<(readonly [Check, string])[]> {
    try {
      const observation = await observe(this.#rig, readDaemonVitals, this.#firstVitals);
      this.#firstVitals = observation.firstVitals;
      return CHECKS.flatMap((check) => check.find(observation).map((text) => [check, text] as const));
    } catch (error) {
      this.#rig.signal.throwIfAborted();
      await this.#violate(
        'observable',
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      );
      return [];
    }
  }

  /** Finds what makes it come to rest after all; `null`: nothing does. */
  async #findCure(): Promise<string | null> {
    const { daemon, world } = this.#rig;
    const applyAll = async () => {
      for (const name of Object.keys(world.model.stacks))
        await daemon.api('POST', `/stacks/${name}/apply`, { confirm: true });
    };
    const restart = async () => {
      await daemon.stop('SIGKILL');
      await daemon.start();
    };
    const cures: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['time', async () => undefined],
      ['an apply of every stack', applyAll],
      ['a restart', restart],
    ];
    for (const [name, cure] of cures) {
      await cure().catch(() => undefined);
      if ((await awaitQuiet(this.#rig, 30_000)).isQuiet) return name;
    }
    return null;
  }

  async #violate(check: string, text: string): Promise<void> {
    const { report } = this.#rig;
    const before = report.violations.length;
    report.violate({ check, fault: this.#fault, round: this.#round, text });
    if (report.violations.length === before) return;
    const path = await keepEvidence(this.#rig, this.#options.directory, `round-${this.#round}-${check}`);
    report.tell(`  evidence: ${path}`);
  }
}
