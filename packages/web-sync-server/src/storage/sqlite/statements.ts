import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Prepares each statement once, when it is first used. */
export class Statements {
  readonly #database: DatabaseSync
  readonly #bySql = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** The prepared statement of a fixed text; values are bound, never written into it. */
  of(sql: string): StatementSync {
    let statement = this.#bySql.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#bySql.set(sql, statement)
    }
    return statement
  }
}
