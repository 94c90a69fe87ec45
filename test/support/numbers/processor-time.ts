import process from 'node:process';

/** Begins to measure. The function tells how many milliseconds of processor time have passed since: those of a clock are as many as others leave. */
export function measureProcessor(): () => number {
  const began = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1_000;
  };
}
