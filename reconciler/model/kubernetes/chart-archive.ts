/** The archive of a Helm chart that is published elsewhere. */
export interface ChartArchive {
  /** `https://charts.example.org`, whose index leads to the archive; or `oci://ghcr.io/acme/charts/grafana` itself. */
  readonly address: string;
  /** Name in the index of an HTTP repository. */
  readonly chart: string;
  readonly version: string;
  /** `sha256:` and 64 hexadecimal digits, of the archive. */
  readonly digest: string;
}
