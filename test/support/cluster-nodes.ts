/** Nodes of workflows, for tests that do not care about more. */
export const CONFIG =
  '{ id: conf, type: configmap, data: { name: conf, data: { LEVEL: debug, MODE: fast } } }';
export const WEB =
  '{ id: web, type: deployment, data: { name: web, image: "nginx:1.29", replicas: 2, resources: { limits: { cpu: 1000m } } } }';
export const SERVICE = '{ id: svc, type: service, data: { name: web, targetApp: web } }';
export const SECRET = '{ id: sec, type: secret, data: { name: sec, keys: [{ name: TOKEN }] } }';
export const CLAIM = '{ id: disk, type: persistentvolumeclaim, data: { name: disk, storage: 1Gi } }';
