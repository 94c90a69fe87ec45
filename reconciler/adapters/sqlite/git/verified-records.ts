import type { VerifiedRecords } from '../../../ports/signatures.ts';
import type { Access } from '../access.ts';
import { text } from '../rows.ts';

export function createVerifiedRecords({ use }: Access): VerifiedRecords {
  return {
    lastVerified: (location) =>
      use((statements) => {
        const row = statements.lastVerified.get(location);
        return row === undefined ? undefined : text(row, 'commit_id');
      }),
    saveVerified: (location, commit) =>
      use((statements) => void statements.saveVerified.run(location, commit)),
  };
}
