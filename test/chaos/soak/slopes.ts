/** Figures of what the process held on to, `minutes` after the begin. */
export interface Sample {
  readonly minutes: number;
  readonly figures: Readonly<Record<FigureName, number>>;
}

export type FigureName = keyof typeof FIGURES;

/**
 * Figures that must stay flat, each with how much it may rise in an hour. The database keeps every job for weeks, so it rises by what
 * the jobs of 1,200 pushes need.
 */
export const FIGURES = {
  residentMiB: { name: 'resident memory', unit: 'MiB', perHour: 24, room: 24 },
  heapMiB: { name: 'heap after collection', unit: 'MiB', perHour: 6, room: 6 },
  buffersMiB: { name: 'buffers after collection', unit: 'MiB', perHour: 6, room: 6 },
  descriptors: { name: 'open descriptors', unit: '', perHour: 6, room: 12 },
  handles: { name: 'active handles', unit: '', perHour: 6, room: 12 },
  timers: { name: 'active timers', unit: '', perHour: 6, room: 12 },
  listeners: { name: 'listeners', unit: '', perHour: 60, room: 100 },
  databaseMiB: { name: 'database', unit: 'MiB', perHour: 40, room: 10 },
} as const satisfies Record<string, Limit>;

const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

interface Limit {
  readonly name: string;
  readonly unit: string;
  /** Rise in an hour, at most. */
  readonly perHour: number;
  /** Rise in all, at most, which counts where the time is short. */
  readonly room: number;
}

export interface Slope {
  readonly figure: FigureName;
  readonly first: number;
  readonly last: number;
  readonly perHour: number;
  readonly isFlat: boolean;
}

/**
 * The lowest that each figure was in several looks, at the time of the last. Work that is under way has timers and listeners of its own, in
 * each look another number; what is held on to is there in every look.
 */
export function lowestOf(looks: readonly Sample[]): Sample {
  return looks.reduce((lowest, { minutes, figures }) => ({
    minutes,
    figures: Object.fromEntries(
      FIGURE_NAMES.map((figure) => [figure, Math.min(lowest.figures[figure], figures[figure])]),
    ) as Sample['figures'],
  }));
}

/** The line through the points that is nearest to all of them: what it rises per unit of x. Zero for fewer than two. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (points.length < 2 || spread === 0) return 0;
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

/** The first quarter is left out: caches fill up, and code is compiled. */
export function judgeSamples(samples: readonly Sample[]): Slope[] {
  const counted = samples.slice(Math.floor(samples.length / 4));
  return FIGURE_NAMES.map((figure) => {
    const { perHour: limit, room } = FIGURES[figure];
    const points = counted.map(({ minutes, figures }) => [minutes / 60, figures[figure]] as const);
    const perHour = slopeOf(points);
    const hours = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0);
    const isFlat = perHour <= limit || perHour * hours <= room;
    return { figure, first: points[0]?.[1] ?? 0, last: points.at(-1)?.[1] ?? 0, perHour, isFlat };
  });
}

/** A line for each figure, and the verdict. */
export function formatSlopes(slopes: readonly Slope[]): string {
  const lines = slopes.map(({ figure, first, last, perHour, isFlat }) => {
    const { name, unit, perHour: limit } = FIGURES[figure];
    const show = (value: number) => `${value.toFixed(1)}${unit === '' ? '' : ` ${unit}`}`;
    const verdict = isFlat ? 'flat' : 'RISES';
    return `  ${name.padEnd(24)} ${show(first)} to ${show(last)}, ${show(perHour)} an hour (wanted ≤ ${limit}) ${verdict}`;
  });
  const rising = slopes.filter(({ isFlat }) => !isFlat).length;
  return [
    ...lines,
    `soak: ${rising === 0 ? 'everything is flat' : `${rising} of ${slopes.length} rise`}`,
  ].join('\n');
}
