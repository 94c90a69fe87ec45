import { commitAddress, fileAddress } from '../client/repository.ts';
import { shortCommit } from '../client/words.ts';

interface SourceLinkProps {
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Commit that the line is of. Default: the one that was read last. */
  readonly commit?: string | null;
  /** True where the file is named above it: the place in it is enough. Default false. */
  readonly isInFile?: boolean;
}

/** `file:line`, as a link to the Git host where that is known. */
export function SourceLink({ file, line, column, commit = null, isInFile = false }: SourceLinkProps) {
  const place = [line, column].filter((part) => part !== undefined).join(':');
  const text =
    isInFile && place !== '' ? `line ${place}` : [file, place].filter((part) => part !== '').join(':');
  const address = fileAddress(file, line, commit);
  if (address === null) return <code>{text}</code>;
  return (
    <a href={address} target="_blank" rel="noreferrer">
      <code>{text}</code>
    </a>
  );
}

/** First digits of a commit, as a link to the Git host where that is known. */
export function CommitLink({ commit }: { commit: string }) {
  const address = commitAddress(commit);
  const text = <code title={commit}>{shortCommit(commit)}</code>;
  if (address === null) return text;
  return (
    <a href={address} target="_blank" rel="noreferrer">
      {text}
    </a>
  );
}
