import type { ReachTarget, SpaceApi } from '../contract/index.ts'

/**
 * A write, and what becomes of it: awaiting it awaits that it is stored on this device. The further stages are asked about only when
 * they are read, so nobody has to care. Each promise resolves only by what is known of the write, and rejects with a code if it cannot be
 * kept any more; docs/writes.md has the table.
 */
export interface Write extends Promise<void> {
  /** Names the write for ever, also after a reload: `space.write(mutationId)`. */
  readonly mutationId: string
  /** The write itself: it is durable on this device, and will be sent. Rejects with a SyncError if nothing was stored. */
  readonly stored: Promise<void>
  /** The partner has accepted it. Rejects with code `refused` (see `refusal`) if it was not; may take until the device is online. */
  readonly accepted: Promise<void>
  /** It survives also the loss of the partner's primary, as far as the partner can know. */
  readonly durable: Promise<void>
}

/** Makes a {@link Write} of the promise that it is stored. */
export function createWrite(
  mutationId: string,
  stored: Promise<void>,
  call: <T>(work: (api: SpaceApi) => Promise<T>) => Promise<T>,
): Write {
  const reach = async (stage: ReachTarget): Promise<void> => {
    await stored
    await call((api) => api.reach(mutationId, stage))
  }
  return Object.defineProperties(stored, {
    mutationId: { value: mutationId },
    stored: { value: stored },
    accepted: { get: () => reach('accepted') },
    durable: { get: () => reach('durable') },
  }) as Write
}

/** A write that was made earlier, perhaps before a reload: whether it is stored is asked of the device. */
export function findWrite(mutationId: string, call: <T>(work: (api: SpaceApi) => Promise<T>) => Promise<T>): Write {
  const stored = call((api) => api.reach(mutationId, 'stored'))
  // Whoever wants to know asks.
  stored.catch(() => undefined)
  return createWrite(mutationId, stored, call)
}
