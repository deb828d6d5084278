import { type Ask, type Host, LIMITS, PROTOCOL_VERSION, type ReplyLimit } from 'web-sync-protocol'
import type { Fence, Random, SyncStore } from '../contract/index.ts'

/** An ask, with what its answer will be compared with. */
export interface ComposedAsk {
  readonly ask: Ask
  readonly fence: Fence
  /** The partner's own id, as it is known; null: it is not. */
  readonly partnerId: string | null
  readonly isSettled: boolean
  /** True if the initiator has more checkpoints than it offers. */
  readonly isHaveCut: boolean
}

/** What an ask may carry. */
export interface AskOptions {
  readonly host: Host
  readonly limit: ReplyLimit
  /** null: as many as fit. */
  readonly maxMutations: number | null
  readonly withDigest: boolean
  /** False: only the newest few checkpoints are offered, which is nearly always enough; an old partnership has ten kilobytes of them. */
  readonly withAllHave: boolean
}

/** Checkpoints that an ask offers at first: those of the last 16 exchanges. */
const FEW_HAVE = 16

/** About how many bytes of mutations one ask carries: well below what any proxy refuses. */
const OUTBOX_BYTES = 1_048_576

/**
 * Composes an ask from what is stored at this moment: the outbox is the only queue, so an ask never carries an old key.
 * Mutations travel only with a settled key: until then the pages that would bring their results cannot be applied in order.
 */
export async function composeAsk(store: SyncStore, random: Random, options: AskOptions): Promise<ComposedAsk> {
  const state = await store.readState()
  const { fence, isSettled } = state
  const maxMutations = Math.min(options.maxMutations ?? LIMITS.mutationsPerAsk, LIMITS.mutationsPerAsk)
  const mutations =
    isSettled && maxMutations > 0 ? await store.readOutbox({ mutations: maxMutations, bytes: OUTBOX_BYTES }) : []
  const allHave = isSettled ? await store.readHave(LIMITS.have) : []
  const have = options.withAllHave ? allHave : allHave.slice(0, FEW_HAVE)
  const ask: Ask = {
    protocol: PROTOCOL_VERSION,
    requestId: random.id(),
    app: state.schema.app,
    account: state.account,
    replicaId: state.replicaId,
    space: state.space,
    partnershipId: fence.partnershipId,
    key: fence.key,
    have,
    collections: state.schema.collections.map((collection) => collection.name),
    schemaVersion: state.schema.version,
    mutations,
    limit: options.limit,
    ...(options.withDigest && isSettled ? { digest: state.digest } : {}),
    host: options.host,
  }
  return { ask, fence, partnerId: state.partnerId, isSettled, isHaveCut: have.length < allHave.length }
}
