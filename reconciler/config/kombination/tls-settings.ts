/** `ssl` as written. */
export interface TlsSettings {
  readonly provider?: string;
  readonly email?: string;
  readonly wildcard?: boolean;
  readonly certFile?: string;
  readonly keyFile?: string;
}
