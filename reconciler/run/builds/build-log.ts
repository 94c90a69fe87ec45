import type { BuildLog } from '../../ports/builds/build-records.ts';

/** Lines of a build that are kept: a build that prints without end leaves its last ones. */
export const MAX_LINES = 2_000;
const MAX_LINE_LENGTH = 1_000;

/** The last lines of a build that is under way. */
export class BuildTail {
  #lines: BuildLog[] = [];
  #sequence = 0;
  #stored = 0;

  add(line: Omit<BuildLog, 'sequence'>): void {
    this.#sequence += 1;
    const message = line.message.slice(0, MAX_LINE_LENGTH).toWellFormed();
    this.#lines.push({ ...line, message, sequence: this.#sequence });
    // Cut now and then, and not for each line.
    if (this.#lines.length >= 2 * MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES);
  }

  /** The kept lines behind one, oldest first. */
  after(sequence: number): readonly BuildLog[] {
    const missing = Math.min(MAX_LINES, this.#sequence - sequence);
    return missing <= 0 ? [] : this.#lines.slice(-missing);
  }

  /** Hands over the lines that were not handed over yet; they count as such when it does not throw. */
  store(write: (lines: readonly BuildLog[]) => void): void {
    const lines = this.after(this.#stored);
    if (lines.length === 0) return;
    write(lines);
    this.#stored = this.#sequence;
  }
}
