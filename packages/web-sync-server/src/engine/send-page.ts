import type { SyncKey } from 'web-sync-protocol'
import type { StorageTransaction } from '../contract/index.ts'
import type { EngineContext } from './context.ts'
import { encodePage } from './encode-page.ts'
import { issue } from './lineage.ts'
import type { PageContent } from './next-page.ts'
import type { NumberedOutcome } from './outcome-draft.ts'
import { collectionNames, type Position } from './position.ts'

/** A page that is ready to be sent once its transaction is committed. */
export interface SentPage {
  readonly partnershipId: string
  readonly key: SyncKey
  /** Where the stream goes on. */
  readonly position: Position
  /** One line of the reply. */
  readonly line: string
  readonly more: boolean
  readonly changes: number
  /** Outcomes whose changes come in a later page. */
  readonly waiting: readonly NumberedOutcome[]
}

/** What a page is made of. */
export interface PageParts {
  readonly partnershipId: string
  /** n of the checkpoint that it goes on from. */
  readonly n: number
  readonly parentTag: string | null
  readonly requestId: string
  readonly content: PageContent
  /** Outcomes that were not sent yet. */
  readonly outcomes: readonly NumberedOutcome[]
}

/** Issues the checkpoint of a page, in the transaction of the data that it covers, under a fresh tag. */
export async function sendPage(context: EngineContext, tx: StorageTransaction, parts: PageParts): Promise<SentPage> {
  const { partnershipId, parentTag, requestId, content } = parts
  const { to } = content
  const key: SyncKey = { n: parts.n + 1, tag: context.ports.random.id() }
  await issue(tx, {
    ...to,
    partnershipId,
    n: key.n,
    tag: key.tag,
    parentTag,
    isPresented: false,
    requestId,
    createdAtMs: context.ports.clock.nowMs(),
  })
  // An outcome travels in the page that carries its changes; one without effect, or already behind the cut, at once.
  const ripe = parts.outcomes.filter(({ lastNumber }) => lastNumber === null || lastNumber <= to.cut)
  const waiting = parts.outcomes.filter(({ lastNumber }) => lastNumber !== null && lastNumber > to.cut)
  const line = encodePage(
    {
      key,
      settled: to.isSettled,
      collections: collectionNames(to),
      snapshot: content.isSnapshot,
      outcomes: ripe.map(({ outcome }) => outcome),
      more: content.more,
      progress: content.progress,
      digest: to.digest,
    },
    content.changes,
  )
  return { partnershipId, key, position: to, line, more: content.more, changes: content.changes.length, waiting }
}

/** Nothing to say: the same key goes on. */
export function sendSamePage(partnershipId: string, key: SyncKey, position: Position): SentPage {
  const line = encodePage(
    {
      key,
      settled: position.isSettled,
      collections: collectionNames(position),
      snapshot: false,
      outcomes: [],
      more: false,
      progress: null,
      digest: position.digest,
    },
    [],
  )
  return { partnershipId, key, position, line, more: false, changes: 0, waiting: [] }
}
