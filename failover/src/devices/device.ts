import type { JsonObject } from 'web-sync-protocol'

/** What became of a write, as its device shows it. */
export type WriteFate = 'waiting' | 'accepted' | 'refused'

/** A record as a device shows it. */
export interface ShownRecord {
  readonly collection: string
  readonly value: JsonObject
}

/** A write that the device has promised to keep. */
export interface Promised {
  readonly mutationId: string
  readonly device: string
  /** The record in which its mark must be found at the end. */
  readonly recordId: string
  /** Key in the record's field `marks`. Null: the record itself is the mark. */
  readonly mark: string | null
}

/** Somebody's device, whatever it runs in. */
export interface Device {
  readonly name: string
  /** Makes a note that is its own mark; resolves when the device has promised to keep it. */
  insert(recordId: string): Promise<Promised>
  /** Puts a mark on a note that others write to as well. */
  mark(recordId: string): Promise<Promised>
  /** One attempt to get up to date, or the wish for one: does not fail if there is nobody to ask. */
  sync(): Promise<void>
  /** True if nothing is left to send and all has come that there was. */
  isUpToDate(): Promise<boolean>
  /** Of the writes that wait or were refused; all others were accepted. */
  unaccepted(): Promise<ReadonlyMap<string, Exclude<WriteFate, 'accepted'>>>
  /** Mutations that it would send, or send again: those that wait, and those that are accepted and not known to be durable. */
  kept(): Promise<readonly string[]>
  /** Everything that it shows. */
  records(): Promise<readonly ShownRecord[]>
  /** Mutations that it lists as refused. */
  refused(): Promise<readonly string[]>
  /** Records of others that it lists as lost. */
  salvaged(): Promise<readonly ShownRecord[]>
  /** Resets so far: rollbacks and full resyncs. */
  resets(): Promise<{ readonly rollbacks: number; readonly resyncs: number }>
  close(): Promise<void>
}

/** What became of the writes that are in these lists. */
export function unacceptedOf(
  outbox: readonly { readonly mutationId: string }[],
  refused: readonly { readonly mutationId: string }[],
): ReadonlyMap<string, 'waiting' | 'refused'> {
  return new Map([
    ...outbox.map(({ mutationId }) => [mutationId, 'waiting'] as const),
    ...refused.map(({ mutationId }) => [mutationId, 'refused'] as const),
  ])
}
