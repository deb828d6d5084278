import type { Foresight } from '../contract/index.ts'
import type { ReadyAsk } from './first-page.ts'

/** What the first page's transaction will look up; undefined: an ask without a key finds nothing. */
export function foresee({ account, ask, mutations, canWrite }: ReadyAsk): Foresight | undefined {
  const { key, partnershipId } = ask
  if (key === 0 || partnershipId === null) return undefined
  // Where nothing may be written no record is looked at.
  const ops = canWrite ? mutations.flatMap((mutation) => (mutation.ops.ok ? mutation.ops.value : [])) : []
  return {
    account,
    partnershipId,
    n: key.n,
    tag: key.tag,
    mutationIds: mutations.map(({ mutationId }) => mutationId),
    originIds: [...new Set(mutations.map(({ origin }) => origin.id))],
    records: ops.map(({ collection, id }) => ({ collection, id })),
  }
}
