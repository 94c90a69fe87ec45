import { Empty } from '../parts/empty.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { UI } from '../client/home.ts';

/** An address that leads to nothing. */
export function Nowhere() {
  return (
    <>
      <PageHead title="Nothing here" />
      <Empty title="There is nothing at this address.">
        <a href={`${UI}/stacks`}>All stacks</a>
      </Empty>
    </>
  );
}
