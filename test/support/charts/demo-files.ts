/** A chart with a Deployment and a Secret, whose pods start anew when the Secret has changed. */
export function demoChart(directory: string): Readonly<Record<string, string>> {
  return {
    [`${directory}/Chart.yaml`]: 'apiVersion: v2\nname: demo\nversion: 1.0.0\n',
    [`${directory}/values.yaml`]: 'message: "from the chart"\npassword: none\n',
    [`${directory}/templates/deployment.yaml`]: [
      'apiVersion: apps/v1',
      'kind: Deployment',
      'metadata:',
      '  name: {{ .Release.Name }}-web',
      '  namespace: {{ .Release.Namespace }}',
      'spec:',
      '  replicas: 1',
      '  selector: { matchLabels: { app: web } }',
      '  template:',
      '    metadata:',
      '      labels: { app: web }',
      '      annotations: { checksum/secret: "{{ .Values.password | sha256sum }}" }',
      '    spec:',
      '      containers:',
      '        - name: web',
      '          image: local/web:1',
      '          env: [{ name: MESSAGE, value: "{{ .Values.message }}" }]',
      '',
    ].join('\n'),
    [`${directory}/templates/secret.yaml`]: [
      'apiVersion: v1',
      'kind: Secret',
      'metadata: { name: "{{ .Release.Name }}-login" }',
      'data: { password: "{{ .Values.password | b64enc }}" }',
      '',
    ].join('\n'),
  };
}

/** An overlay that is built on a base beside it. */
export function demoOverlay(directory: string): Readonly<Record<string, string>> {
  return {
    [`${directory}/prod/kustomization.yaml`]: 'namePrefix: prod-\nresources:\n  - ../base\n',
    [`${directory}/base/kustomization.yaml`]: 'resources:\n  - config.yaml\n',
    [`${directory}/base/config.yaml`]: configMap('settings', { colour: 'blue' }),
  };
}

export function configMap(name: string, data: Readonly<Record<string, string>>): string {
  const lines = Object.entries(data).map(([key, value]) => `  ${key}: ${value}`);
  return ['apiVersion: v1', 'kind: ConfigMap', 'metadata:', `  name: ${name}`, 'data:', ...lines, ''].join(
    '\n',
  );
}

/** A stack on the cluster prod with these lines besides. */
export function clusterStack(name: string, lines: readonly string[]): string {
  return [
    'version: "1.0"',
    `meta: { name: ${name} }`,
    'nodes: [{ name: prod, type: kubernetes }]',
    ...lines,
    '',
  ].join('\n');
}
