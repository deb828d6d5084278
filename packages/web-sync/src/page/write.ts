import type { SpaceApi } from '../contract/index.ts'

/**
 * A write, and what becomes of it: awaiting it awaits that it is stored on this device. The further stages are asked about only when
 * they are read, so nobody has to care.
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

/** Makes a {@link Write} of the promise that it is stored. `wasStored`: this page saw it stored itself. */
export function createWrite(
  mutationId: string,
  stored: Promise<void>,
  call: <T>(work: (api: SpaceApi) => Promise<T>) => Promise<T>,
  wasStored: boolean,
): Write {
  const reach = async (stage: 'accepted' | 'durable'): Promise<void> => {
    await stored
    await call((api) => api.reach(mutationId, stage, wasStored))
  }
  return Object.defineProperties(stored, {
    mutationId: { value: mutationId },
    stored: { value: stored },
    accepted: { get: () => reach('accepted') },
    durable: { get: () => reach('durable') },
  }) as Write
}
