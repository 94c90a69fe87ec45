/** Labels of an instance's containers and volumes. Those of resources are others: what is deployed from Git never mixes with them. */
export const INSTANCE_LABEL = {
  instance: 'io.kombinator.instance',
  /** The installation that made it. */
  owner: 'io.kombinator.instance.owner',
  container: 'io.kombinator.instance.container',
  /** Number of containers of the instance, without those that only prepare it. */
  containers: 'io.kombinator.instance.containers',
  /** Mark of containers that only prepare it. */
  init: 'io.kombinator.instance.init',
  network: 'io.kombinator.instance.network',
} as const;

export interface LabelInput {
  readonly id: string;
  readonly owner: string;
  readonly containers: number;
}

/**
 * Labels that the pod's author wrote stay in the description: on a container they would be read by whatever else
 * listens to the engine, a proxy for example.
 */
export function instanceLabels({ id, owner, containers }: LabelInput): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'smctf-stack',
    'app.kubernetes.io/instance': id,
    'smctf.io/stack-id': id,
    [INSTANCE_LABEL.instance]: id,
    [INSTANCE_LABEL.owner]: owner,
    [INSTANCE_LABEL.containers]: String(containers),
  };
}
