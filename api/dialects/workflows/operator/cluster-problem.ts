import { isReconcilerError } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';

/** Does something with a cluster. Throws NOT_FOUND in the words of the platform where there is none. */
export async function withCluster<T>(act: () => Promise<T> | T): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_CLUSTER')) throw error;
    throw new HttpProblem('NOT_FOUND', 'Cluster not found', { cause: error });
  }
}
