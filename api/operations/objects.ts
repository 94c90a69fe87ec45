import type { ObjectOrder, ObjectView } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** Finds an object of the inventory by its id. Throws UNKNOWN_OBJECT. */
export async function findObject(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  id: string,
  signal: AbortSignal,
): Promise<ObjectView> {
  await reconciler.openInventory(signal);
  return reconciler.getObject(id).object;
}

/** Nodes and clusters that tell nothing at the moment: what is listed of them is what was there before, or nothing. */
export function silentNodes({ reconciler }: Pick<ApiDeps, 'reconciler'>): readonly SilentNode[] {
  return reconciler
    .inventoryStates()
    .flatMap(({ node, error }) => (error === null ? [] : [{ node, message: error }]));
}

export interface SilentNode {
  readonly node: string;
  /** Reason why. */
  readonly message: string;
}

export interface ObjectFilter {
  /** Name of the node or the cluster. */
  readonly node?: string;
  readonly namespace?: string;
  /** Kind, whatever its case. */
  readonly kind?: string;
  readonly stack?: string;
  /** Occurs in the name or the namespace, whatever its case. */
  readonly search?: string;
  /** Leaves out what belongs to the cluster itself. Default false. */
  readonly hideSystem?: boolean;
  /** Default `place`. */
  readonly order?: ObjectOrder;
}

/** Namespaces of the cluster itself and of what it is usually run with. */
const SYSTEM: ReadonlySet<string> = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'kube-flannel',
  'ingress-nginx',
  'kubernetes-dashboard',
  'metallb-system',
  'cert-manager',
  'monitoring',
  'istio-system',
  'linkerd',
]);

function isSystem({ kind, name, namespace }: ObjectView): boolean {
  if (namespace !== null && SYSTEM.has(namespace)) return true;
  return kind === 'Node' || name === 'kube-root-ca.crt' || (kind === 'Service' && name === 'kubernetes');
}

/** Lists objects of the inventory. Costs no request but for the first time. */
export async function listObjects(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  filter: ObjectFilter,
  signal: AbortSignal,
): Promise<readonly ObjectView[]> {
  await reconciler.openInventory(signal);
  const { node, namespace, stack, hideSystem = false, order } = filter;
  const kind = filter.kind?.toLowerCase();
  const search = filter.search?.toLowerCase() ?? '';
  return reconciler
    .listObjects(order)
    .filter(
      (one) =>
        (node === undefined || one.node === node) &&
        (namespace === undefined || one.namespace === namespace) &&
        (stack === undefined || one.stack === stack) &&
        (kind === undefined || one.kind.toLowerCase() === kind) &&
        (search === '' || matches(one, search)) &&
        !(hideSystem && isSystem(one)),
    );
}

/** Texts that are searched, made once for each object. */
const searched = new WeakMap<ObjectView, string>();

function matches(view: ObjectView, search: string): boolean {
  let text = searched.get(view);
  if (text === undefined) searched.set(view, (text = `${view.name}\n${view.namespace ?? ''}`.toLowerCase()));
  return text.includes(search);
}
