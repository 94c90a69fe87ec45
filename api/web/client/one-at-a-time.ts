/**
 * Does work one at a time. Whoever asks while it is under way is served by one more time after it, however many ask: it began before they asked, and
 * may not know yet what they want to see.
 *
 * @param work does not throw
 * @param isOver tells that nobody wants it any more
 */
export function oneAtATime(work: () => Promise<void>, isOver = (): boolean => false): () => void {
  let isUnderWay = false;
  let again = false;
  const run = async (): Promise<void> => {
    isUnderWay = true;
    do {
      again = false;
      await work();
    } while (again && !isOver());
    isUnderWay = false;
  };
  return () => {
    again = true;
    if (!isUnderWay) void run();
  };
}
