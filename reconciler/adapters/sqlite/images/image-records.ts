import type { ImageRecords } from '../../../ports/inventory/image-records.ts';
import type { Access } from '../access.ts';
import { text } from '../rows.ts';

export function createImageRecords({ use }: Access): ImageRecords {
  return {
    noteFetchedImage: (target, reference) =>
      use((statements) => void statements.noteFetchedImage.run(target, reference)),
    listFetchedImages: (target) =>
      use((statements) => statements.listFetchedImages.all(target).map((row) => text(row, 'reference'))),
    forgetFetchedImage: (target, reference) =>
      use((statements) => void statements.forgetFetchedImage.run(target, reference)),
  };
}
