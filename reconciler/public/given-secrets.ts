/** Secrets that are given over the API. */
export interface GivenSecretOperations {
  /**
   * Keeps values, encrypted, in the state directory of the daemon, from then on and over restarts: `secret://file/NAME` names them. A file of that
   * name, which is the operator's, comes before them. Never in the repository, in plans, logs or answers. Throws BAD_OPTIONS for a name that is none
   * and for more than 200 values, STORE_UNAVAILABLE.
   *
   * @returns takes them back: what was there before is there again, but where somebody has given another value meanwhile
   */
  giveSecrets(values: ReadonlyMap<string, string>): () => void;
  /** Takes away what was given for a stack of this name: a new one must not find what another had. */
  forgetSecrets(stack: string): void;
}
