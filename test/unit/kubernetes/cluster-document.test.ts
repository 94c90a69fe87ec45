import { describe, expect, it } from 'vitest';
import { readClusterDocument } from '../../../reconciler/config/fleet/cluster-document.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import { briefDiagnostics, checkSchema } from '../../support/desired-fixtures.ts';

const read = (text: string) => readClusterDocument('clusters/prod.yaml', text, { checkSchema });

describe('clusters/<name>.yaml', () => {
  it.each([
    ['kubeconfig: /etc/kube/config\ncontext: prod\n', 'kubernetes:/etc/kube/config#prod'],
    ['kubeconfig: secret://file/prod\n', 'kubernetes:secret://file/prod'],
    [
      'server: https://k8s:6443/\nca: /etc/ca.pem\ntoken: secret://env/TOKEN\n',
      'kubernetes:https://k8s:6443',
    ],
    [
      'server: https://k8s\nclientCertificate: secret://file/crt\nclientKey: secret://file/key\n',
      'kubernetes:https://k8s',
    ],
    ['server: http://127.0.0.1:8001\n', 'kubernetes:http://127.0.0.1:8001'],
    ['name: prod\ninCluster: true\n', 'kubernetes:in-cluster'],
  ])('%j', (text, key) => {
    const { reference, diagnostics } = read(text);
    expect(diagnostics).toEqual([]);
    expect(reference && targetKey(reference)).toBe(key);
    expect(reference?.name).toBe('prod');
  });

  it.each([
    ['', ['1:1 error REQUIRED kubeconfig']],
    ['kubeconfig: /a\ninCluster: true\n', ['2:12 error INVALID_VALUE inCluster']],
    ['kubeconfig: relative\n', ['1:13 error INVALID_FORMAT kubeconfig']],
    ['server: https://k8s\n', ['1:9 error INVALID_VALUE server']],
    ['server: https://k8s\ntoken: eyJhbGciOi\n', ['2:8 error INVALID_FORMAT token']],
    ['server: http://k8s\ntoken: secret://env/T\n', ['1:9 error INVALID_FORMAT server']],
    [
      'server: https://k8s\nclientKey: secret://file/key\n',
      ['1:1 error REQUIRED clientCertificate', '1:9 error INVALID_VALUE server'],
    ],
    ['inCluster: true\ntoken: secret://env/T\n', ['2:1 error INVALID_VALUE token']],
    ['name: other\ninCluster: true\n', ['1:7 error INVALID_VALUE name']],
    ['inCluster: true\nkubconfig: /a\n', ['2:1 error UNKNOWN_KEY kubconfig']],
  ])('refuses %j', (text, found) => {
    const { reference, diagnostics } = read(text);
    expect(briefDiagnostics(diagnostics)).toEqual(found);
    expect(reference).toBeNull();
  });
});
