/** Remembers which images were fetched for stacks: only of those is it known that nobody else wants them. */
export interface ImageRecords {
  /** @param target key of the target */
  noteFetchedImage(target: string, reference: string): void;
  /** References by name. */
  listFetchedImages(target: string): readonly string[];
  forgetFetchedImage(target: string, reference: string): void;
}
