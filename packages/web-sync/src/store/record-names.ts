/** Names a record in a transaction's own maps. */
export interface RecordName {
  readonly collection: string
  readonly id: string
}

/** A set of records. A collection name has no `/`, so the text is unambiguous. */
export class RecordSet {
  readonly #names = new Map<string, RecordName>()

  add(record: RecordName): void {
    const text = nameToText(record)
    if (!this.#names.has(text)) this.#names.set(text, { collection: record.collection, id: record.id })
  }

  addAll(records: Iterable<RecordName>): void {
    for (const record of records) this.add(record)
  }

  has(record: RecordName): boolean {
    return this.#names.has(nameToText(record))
  }

  get size(): number {
    return this.#names.size
  }

  values(): RecordName[] {
    return [...this.#names.values()]
  }
}

/** A record's name as one text. */
export function nameToText(record: RecordName): string {
  return `${record.collection}/${record.id}`
}
