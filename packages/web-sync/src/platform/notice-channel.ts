import type { RecordChange, StoreNotice, WriteStage } from '../contract/index.ts'
import { openChannel } from './channel.ts'

/** The most records that a message lists, and the most characters of their JSON; beyond, it says that any record may be different. */
const MAX_RECORDS = 256
const MAX_RECORDS_JSON = 32_768

/** What the contexts that have one database open tell each other. A lost message costs freshness, never data. */
export type ChannelMessage =
  | { readonly type: 'notice'; readonly notice: StoreNotice }
  /** A run ended: status and memory may be different now. */
  | { readonly type: 'ran'; readonly startedAtMs: number }
  /** Close the database: it is being removed, or kept for the account’s next sign-in. */
  | { readonly type: 'wipe'; readonly isRemoved: boolean }

/** A channel between all contexts that have the same database open. */
export interface NoticeChannel {
  post(message: ChannelMessage): void
  close(): void
}

/**
 * Opens the channel of one database. `onMessage` gets the messages of other contexts, never this one's. Where the browser forbids
 * channels, no message arrives.
 */
export function openNoticeChannel(dbName: string, onMessage: (message: ChannelMessage) => void): NoticeChannel {
  const channel = openChannel(`web-sync:notices:${dbName}`, (data) => {
    const message = parseMessage(data)
    if (message !== null) onMessage(message)
  })
  return {
    post: (message) => {
      channel?.post(message.type === 'notice' ? { ...message, notice: bound(message.notice) } : message)
    },
    close: () => channel?.close(),
  }
}

/** A notice that every tab can afford to be sent. */
function bound(notice: StoreNotice): StoreNotice {
  const { records } = notice
  if (records === 'all') return notice
  // Counted first: to write a whole page out only to find that it is too long would hold up the next page.
  const isLarge = records.length > MAX_RECORDS || JSON.stringify(records).length > MAX_RECORDS_JSON
  return isLarge ? { ...notice, records: 'all' } : notice
}

/** A tab with another version of the app may speak on the same channel: shapes are checked, what is not ours is dropped. */
function parseMessage(data: unknown): ChannelMessage | null {
  if (typeof data !== 'object' || data === null) return null
  const { type, notice, startedAtMs, isRemoved } = data as Record<string, unknown>
  if (type === 'wipe') return { type, isRemoved: isRemoved === true }
  if (type === 'ran') return { type, startedAtMs: typeof startedAtMs === 'number' ? startedAtMs : 0 }
  if (type !== 'notice' || typeof notice !== 'object' || notice === null) return null
  const { collections, records, mutations, hasNewWrites } = notice as Record<string, unknown>
  if (!Array.isArray(collections) || !Array.isArray(mutations)) return null
  return {
    type,
    notice: {
      collections: collections.filter((name) => typeof name === 'string'),
      records: Array.isArray(records) && records.every(isRecordChange) ? records : 'all',
      mutations: mutations.filter(isStageChange),
      hasNewWrites: hasNewWrites === true,
    },
  }
}

function isStageChange(input: unknown): input is { mutationId: string; stage: WriteStage } {
  if (typeof input !== 'object' || input === null) return false
  const { mutationId, stage } = input as Record<string, unknown>
  return typeof mutationId === 'string' && typeof stage === 'string'
}

function isRecordChange(input: unknown): input is RecordChange {
  if (typeof input !== 'object' || input === null) return false
  const { collection, id, value } = input as Record<string, unknown>
  return typeof collection === 'string' && typeof id === 'string' && typeof value === 'object' && !Array.isArray(value)
}
