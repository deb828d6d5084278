import type { CheckpointRow, CheckpointStub } from '../../contract/index.ts'

/** A stub with its cut. */
export type CheckpointMark = CheckpointStub & { readonly cut: number }

/**
 * All checkpoints of one partnership, read once under its lock: nobody else changes them until the transaction ends, so what an exchange
 * asks about them is answered without the database. Follows what the transaction itself writes.
 */
export class CheckpointLine {
  /** In order of n and then of issue. */
  #marks: readonly CheckpointMark[]

  constructor(marks: readonly CheckpointMark[]) {
    this.#marks = marks
  }

  has(n: number, tag: string): boolean {
    return this.#marks.some((mark) => mark.n === n && mark.tag === tag)
  }

  stubs(): readonly CheckpointStub[] {
    return this.#marks.map(toStub)
  }

  children(n: number, tag: string): readonly CheckpointStub[] {
    return this.#marks.filter((mark) => mark.n === n + 1 && mark.parentTag === tag).map(toStub)
  }

  newestPresented(): CheckpointStub | null {
    const newest = this.#marks.findLast(({ isPresented }) => isPresented)
    return newest === undefined ? null : toStub(newest)
  }

  oldestKept(): number | null {
    return this.#marks[0]?.n ?? null
  }

  newestIssued(): { readonly n: number; readonly tag: string } | null {
    const newest = this.#marks.at(-1)
    return newest === undefined ? null : { n: newest.n, tag: newest.tag }
  }

  durable(durableHead: number): number {
    return this.#marks.findLast(({ isPresented, cut }) => isPresented && cut <= durableHead)?.n ?? 0
  }

  isPresented(n: number, tag: string): boolean {
    return this.#marks.some((mark) => mark.n === n && mark.tag === tag && mark.isPresented)
  }

  insert({ n, tag, parentTag, isPresented, cut }: CheckpointRow): void {
    // Behind all of the same n: it is issued last.
    const place = this.#marks.findLastIndex((mark) => mark.n <= n) + 1
    this.#marks = this.#marks.toSpliced(place, 0, { n, tag, parentTag, isPresented, cut })
  }

  present(n: number, tag: string): void {
    this.#marks = this.#marks.map((mark) => (mark.n === n && mark.tag === tag ? { ...mark, isPresented: true } : mark))
  }

  delete(n: number, tag: string): void {
    this.#marks = this.#marks.filter((mark) => mark.n !== n || mark.tag !== tag)
  }
}

function toStub({ n, tag, parentTag, isPresented }: CheckpointMark): CheckpointStub {
  return { n, tag, parentTag, isPresented }
}
