import { useEffect } from 'preact/hooks';
import { ChevronLeft, ChevronRight } from 'lucide';
import type { Pagination } from '../client/api-types.ts';
import { Icon } from './icon.tsx';

/**
 * Goes to the last page where the address names one behind it: what stood there is gone.
 *
 * @param of place of the list that was answered; `undefined`: none was yet
 */
export function useLastPage(
  of: Pagination | undefined,
  onPage: (page: number, replace: boolean) => void,
): void {
  const { page = 1, total_pages: last = 1 } = of ?? {};
  useEffect(() => {
    if (page > last) onPage(last, true);
  }, [page, last]);
}

/** Place in a list, and ways on; nothing where there is one page. */
export function Pager({ of, onPage }: { of: Pagination; onPage: (page: number) => void }) {
  const { page, per_page: perPage, total, total_pages: last } = of;
  if (last <= 1) return null;
  const first = (page - 1) * perPage + 1;
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        <Icon of={ChevronLeft} size={16} /> Previous
      </button>
      <span aria-live="polite">
        {first.toLocaleString('en')}–{Math.min(total, first + perPage - 1).toLocaleString('en')} of{' '}
        {total.toLocaleString('en')}
      </span>
      <button type="button" disabled={page >= last} onClick={() => onPage(page + 1)}>
        Next <Icon of={ChevronRight} size={16} />
      </button>
    </nav>
  );
}
