import type { JsonObject, WakeReason } from 'web-sync-protocol'
import {
  encodeError,
  type Auth,
  type ListedWrite,
  type LocalOp,
  type OpenRequest,
  type Query,
  type QueryExplanation,
  type QueryResult,
  type ReachTarget,
  type RefusedEntry,
  requestToId,
  type SalvageChoice,
  type SalvageEntry,
  type SignOutResult,
  type SpaceApi,
  type SpaceEvent,
  type Store,
  type StoreNotice,
  SyncError,
  type SyncInspection,
  type SyncSummary,
  type UnsentChoice,
  type UnsentCount,
  type WriteStage,
} from '../contract/index.ts'
import type { RunEvent } from '../engine/index.ts'
import { type ChannelMessage, type NoticeChannel, openNoticeChannel } from '../platform/index.ts'
import { explainQuery } from '../store/explain-query.ts'
import { planQuery } from '../store/query-plan.ts'
import { REMOVED } from '../store/runner.ts'
import type { OpenedStore, WorkerEnvironment } from './environment.ts'
import { LiveQueries } from './live-queries.ts'
import type { NudgeListener } from './nudge-listener.ts'
import { previewOps } from './preview-ops.ts'
import { LossWatch } from './loss-watch.ts'
import { type Missed, MissedNotices } from './missed-notices.ts'
import { parseRemembered } from './remembered-store.ts'
import { signOut } from './sign-out.ts'
import { StatusBoard } from './status-board.ts'
import { readStorageHealth } from './storage-health.ts'
import { SyncRuns } from './sync-runs.ts'
import { Tidier } from './tidier.ts'
import { WriteWaits } from './write-waits.ts'

/** While something is stored, the browser is asked so often how much room there is. */
const STORAGE_READ_MS = 60_000

/** The summary has to be read again; it says what happened. */
const SOMETHING_CHANGED: StoreNotice = { collections: [], records: [], mutations: [], hasNewWrites: false }

/** What a runtime is made of. */
export interface RuntimeParts {
  readonly request: OpenRequest
  readonly environment: WorkerEnvironment
  readonly auth: Auth | null
  readonly emit: (event: SpaceEvent) => void
  /** null: there are no nudges (no endpoint). */
  readonly nudges: NudgeListener | null
  /** Called once, when it has closed. */
  readonly onClosed: () => void
}

/** One open space in the worker: joins store, runs and page. */
export class SpaceRuntime implements SpaceApi {
  readonly #parts: RuntimeParts
  readonly #store: Store
  readonly #channel: NoticeChannel
  readonly #queries: LiveQueries
  readonly #runs: SyncRuns
  readonly #status: StatusBoard
  readonly #waits: WriteWaits
  readonly #tidier: Tidier
  readonly #losses: LossWatch
  readonly #missed = new MissedNotices()
  #wasPartial: boolean | null = null
  /** What happened to the database, as it was read last. */
  #fate = ''
  #isOnline = true
  #storageReadAtMs = 0
  #closing: Promise<void> | null = null
  #signingOut: AbortController | null = null

  /** Opens the store and begins the first run. Errors of the store: newer-schema, account-mismatch, storage-failed, storage-forbidden. */
  static async open(parts: RuntimeParts): Promise<SpaceRuntime> {
    let runtime: SpaceRuntime | null = null
    const openedAtMs = parts.environment.clock.nowMs()
    const opened = await parts.environment.openStore(parts.request, {
      onNotice: (notice) => runtime?.noticeOwn(notice),
      onReopened: () => runtime?.noticeReopened(),
    })
    runtime = new SpaceRuntime(parts, opened, openedAtMs)
    try {
      runtime.#status.show(await opened.store.readSummary())
    } catch (error) {
      await runtime.close()
      throw error
    }
    runtime.#start()
    return runtime
  }

  private constructor(parts: RuntimeParts, opened: OpenedStore, openedAtMs: number) {
    this.#losses = new LossWatch(parseRemembered(parts.request.remembered), openedAtMs)
    this.#parts = parts
    this.#store = opened.store
    this.#channel = openNoticeChannel(opened.dbName, (message) => this.#onMessage(message))
    this.#queries = new LiveQueries({
      run: (query) => this.#store.query(query),
      plan: (query) => planQuery(parts.request.schema, query),
      emit: parts.emit,
    })
    this.#waits = new WriteWaits({ store: this.#store, isEvicted: () => this.#status.isEvicted })
    this.#tidier = new Tidier({ store: this.#store, isSyncing: () => this.#status.isSyncing })
    this.#runs = new SyncRuns({
      ...parts,
      ...opened,
      onEvent: (event) => this.#onRunEvent(event),
      onFault: (error) => this.#onFault(error),
      onEnd: (startedAtMs) => {
        this.#missed.onRun()
        this.#status.endRun()
        void this.#tidier.tidy()
        this.#channel.post({ type: 'ran', startedAtMs })
      },
    })
    this.#status = new StatusBoard({
      store: this.#store,
      hasPartner: this.#runs.hasPartner,
      isOnline: () => this.#isOnline,
      emit: parts.emit,
      onSummary: (summary) => this.#onSummary(summary),
      onFault: (error) => void this.#fail(error),
    })
  }

  #start(): void {
    const lost = this.#losses.checkAtOpening(this.#status.summary)
    if (lost !== null) {
      this.#status.setEvicted(this.#parts.environment.clock.nowMs(), lost)
      this.#status.emit()
      this.#parts.emit({ type: 'report', code: 'storage-evicted' })
    }
    void this.refreshStorage()
    if (!this.#runs.hasPartner) return void this.#tidier.tidy()
    // With a partner the first run tidies up when it has ended: not before the page's first queries.
    this.#runs.start()
  }

  // --- what the page asks for

  async write(mutationId: string, ops: readonly LocalOp[]): Promise<void> {
    this.#tidier.schedule()
    await this.#store.write(mutationId, ops)
  }

  async preview(ops: readonly LocalOp[]): Promise<(JsonObject | null)[]> {
    return previewOps(ops, (collection, id) => this.#store.get(collection, id))
  }

  async get(collection: string, id: string): Promise<JsonObject | undefined> {
    return this.#store.get(collection, id)
  }

  async query(query: Query): Promise<QueryResult<JsonObject>> {
    this.#tidier.schedule()
    return this.#store.query(query)
  }

  async count(query: Query): Promise<number> {
    return this.#store.count(query)
  }

  async explain(query: Query): Promise<QueryExplanation> {
    return explainQuery(this.#parts.request.schema, query)
  }

  subscribe(id: number, query: Query): void {
    if (this.#closing === null) this.#queries.subscribe(id, query)
  }

  unsubscribe(id: number): void {
    this.#queries.unsubscribe(id)
  }

  async reach(mutationId: string, stage: ReachTarget): Promise<void> {
    return this.#waits.reach(mutationId, stage)
  }

  async readStage(mutationId: string): Promise<WriteStage> {
    return this.#store.readStage(mutationId)
  }

  wake(reason: WakeReason | null, isOnline: boolean): void {
    this.#isOnline = isOnline
    this.#status.emit()
    if (reason !== null) this.#runs.wake(reason)
  }

  async listWrites(): Promise<ListedWrite[]> {
    const writes = await this.#store.listWrites()
    const { sending } = this.#status
    // The answer may be stored already while its exchange goes on.
    return writes.map((write) => ({ ...write, isSending: write.stage === 'stored' && sending.has(write.mutationId) }))
  }

  async listRefused(): Promise<RefusedEntry[]> {
    return this.#store.listRefused()
  }

  async retry(mutationId: string, newMutationId: string, ops: readonly LocalOp[] | null): Promise<void> {
    // What was set aside keeps its id, what was refused gets a new one: a caller that expects the other would follow a wrong id.
    const isSetAside = (await this.#store.readStage(mutationId)) === 'set-aside'
    if (isSetAside !== (mutationId === newMutationId)) {
      throw new SyncError('not-found', 'No such write waits here: see space.refused and space.writes.')
    }
    await (ops === null
      ? this.#store.retry(mutationId, newMutationId)
      : this.#store.retry(mutationId, newMutationId, ops))
  }

  async discard(mutationId: string): Promise<void> {
    await this.#store.discard(mutationId)
  }

  async listSalvage(): Promise<SalvageEntry[]> {
    return this.#store.listSalvage()
  }

  async restoreSalvage(mutationId: string, choice: SalvageChoice): Promise<number> {
    return this.#store.restoreSalvage(mutationId, choice)
  }

  async discardSalvage(choice: SalvageChoice): Promise<void> {
    await this.#store.discardSalvage(choice)
  }

  async inspect(): Promise<SyncInspection> {
    return this.#store.inspect()
  }

  async refreshStorage(): Promise<void> {
    this.#storageReadAtMs = this.#parts.environment.clock.nowMs()
    this.#status.setStorage(await readStorageHealth(this.#parts.environment.storage))
  }

  async wipe(): Promise<UnsentCount> {
    const id = requestToId(this.#parts.request)
    await this.close()
    const onRemoving = async (): Promise<void> => this.#notifyOthers(id.space, true)
    const { unsent } = await this.#parts.environment.removeStore(id, 'always', onRemoving)
    return { space: id.space, ...unsent }
  }

  async signOut(unsent: UnsentChoice, timeoutMs: number): Promise<SignOutResult> {
    const { request, environment } = this.#parts
    const id = requestToId(request)
    this.#signingOut = new AbortController()
    const { signal } = this.#signingOut
    const result = await signOut(
      {
        id,
        environment,
        timeoutMs,
        signal,
        send: async () => {
          await this.#runs.run('retry')
          // What a partner that was wiped has lost is known once the old records were looked through.
          await this.#tidier.tidy()
          await this.#status.refresh()
        },
        summary: () => (this.#runs.hasPartner ? this.#status.summary : null),
        notifyOthers: (name, isRemoved) => this.#notifyOthers(name, isRemoved),
      },
      unsent,
    )
    if (result.type !== 'unsent') await this.close()
    this.#signingOut = null
    this.#status.touch()
    return result
  }

  endSignOut(): void {
    this.#signingOut?.abort()
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#runs.close()
    this.#tidier.close()
    this.#queries.close()
    this.#waits.close()
    this.#status.close()
    this.#channel.close()
    await this.#store.close()
    this.#parts.onClosed()
  }

  /** Other contexts that have a space of the account open close it. */
  #notifyOthers(space: string, isRemoved: boolean): void {
    const { request, environment } = this.#parts
    if (space === request.space && this.#closing === null) {
      this.#channel.post({ type: 'wipe', isRemoved })
      return
    }
    const channel = openNoticeChannel(environment.nameStore({ ...requestToId(request), space }), () => undefined)
    channel.post({ type: 'wipe', isRemoved })
    channel.close()
  }

  // --- runs

  #onRunEvent(event: RunEvent): void {
    if (event.type === 'report') this.#parts.emit(event)
    const { sending } = this.#status
    this.#status.onRunEvent(event)
    // The list says which ones are on their way: also when an attempt fails and nothing is stored.
    const now = this.#status.sending
    if (now !== sending && now.size + sending.size > 0) this.#parts.emit({ type: 'entries' })
  }

  #onFault(error: unknown): void {
    const code = error instanceof SyncError ? error.code : null
    if (code === 'newer-schema') this.#status.outdate()
    if (code === 'closed') void this.#fail(error)
  }

  // --- what changed

  /** This context's own transaction changed something. */
  noticeOwn(notice: StoreNotice): void {
    this.#tidier.schedule()
    // First the page that waits for what it wrote.
    this.#onNotice(notice, true)
    this.#channel.post({ type: 'notice', notice })
    if (notice.hasNewWrites) this.#runs.onWrites(true)
  }

  /** The database may be another one: the page hears of it before any write that goes on there is accepted. */
  noticeReopened(): void {
    this.noticeOwn(SOMETHING_CHANGED)
    this.#waits.recheck()
    this.#status.hurry()
  }

  #onMessage(message: ChannelMessage): void {
    switch (message.type) {
      case 'notice':
        this.#onNotice(message.notice, false)
        if (message.notice.hasNewWrites) this.#runs.onWrites(false)
        break
      case 'ran':
        this.#runs.onRun(message.startedAtMs)
        this.#missed.onRun()
        this.#status.touch()
        break
      case 'wipe':
        void this.#fail(
          new SyncError('closed', 'The account was signed out, or the space wiped, in another tab.', {
            cause: message.isRemoved ? REMOVED : undefined,
          }),
        )
        break
    }
  }

  #onNotice(notice: StoreNotice, isOwn: boolean): void {
    this.#missed.onNotice(notice)
    this.#queries.onNotice(notice, isOwn)
    this.#status.touch()
    const ageMs = this.#parts.environment.clock.nowMs() - this.#storageReadAtMs
    if (isOwn && (ageMs < 0 || ageMs > STORAGE_READ_MS)) void this.refreshStorage()
    if (notice.mutations.length === 0 && !notice.hasNewWrites) return
    this.#waits.notice(notice.mutations)
    this.#parts.emit({ type: 'entries' })
  }

  #onSummary(summary: SyncSummary): void {
    // Results say whether they are partial, so they change when the first sync ends, touched or not.
    const isPartial = !summary.isSettled
    if (this.#wasPartial !== null && this.#wasPartial !== isPartial) this.#queries.refresh()
    this.#wasPartial = isPartial
    this.#checkLosses(summary)
    this.#checkRecovery(summary)
    this.#runs.onSummary(summary)
    this.#makeUp(this.#missed.check(summary))
  }

  /** What a notice that never came would have done. */
  #makeUp(missed: Missed): void {
    if (missed === 'nothing') return
    this.#waits.recheck()
    this.#parts.emit({ type: 'entries' })
    if (missed === 'all') this.#queries.refresh()
  }

  /** A fresh database took the place of a broken or an evicted one while the space was open: everything is read and fetched anew. */
  #checkLosses(summary: SyncSummary): void {
    const loss = this.#losses.check(summary)
    if (loss === null) return
    const { isReplaced, evictedAtMs, unsent } = loss
    if (evictedAtMs !== null) this.#status.setEvicted(evictedAtMs, unsent)
    if (isReplaced) this.#status.setReplaced(unsent)
    // The facts before the report: who hears of it looks into the status.
    this.#status.emit()
    this.#parts.emit({ type: 'report', code: isReplaced ? 'storage-replaced' : 'storage-evicted' })
    this.#parts.emit({ type: 'entries' })
    this.#queries.refresh()
    this.#runs.wake('start')
  }

  /** Writes of which nothing was known may be lost for good now, or found. */
  #checkRecovery({ recovery, evictedAtMs }: SyncSummary): void {
    const fate = `${recovery?.atMs} ${recovery?.isRead} ${evictedAtMs}`
    if (fate !== this.#fate) this.#waits.recheck()
    this.#fate = fate
  }

  /** The store is gone or broken: the page is told once, everything ends. */
  async #fail(error: unknown): Promise<void> {
    // A page that hears that its store is gone ends the worker: not before this one has answered that it removed it.
    if (this.#closing !== null || this.#signingOut !== null) return
    const isRemoved = error instanceof SyncError && error.cause === REMOVED
    this.#parts.emit({ type: 'closed', error: encodeError(error), isRemoved })
    try {
      await this.close()
    } catch {
      // It is closed as far as it can be.
    }
  }
}
