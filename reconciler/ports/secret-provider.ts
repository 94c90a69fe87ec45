/**
 * A place that secrets are kept in, under a name of its own: `secret://NAME/PATH` in a repository asks the provider `NAME` for `PATH`. A program
 * gives its own to `createKombinator` as `secretProviders`, see EXTENDING.md; those that come along are in adapters/secrets/secrets.ts.
 */
export interface SecretProvider {
  /** Lower-case letters; not `env`, `file`, `sops`, `age` or `command`, which come along. */
  readonly name: string;
  /**
   * The value, `undefined` when there is none. Answers are kept in memory for 30 seconds. What it throws is shown to people, so its message
   * must hold no value; it is asked again at the next run. The signal aborts after 10 seconds.
   *
   * @param path all that stands after `secret://NAME/`
   */
  read(path: string, signal: AbortSignal): Promise<string | Uint8Array | undefined>;
}
