/** Runs jobs one after another, in the order in which they came; a job that fails does not stop the next. */
export class Fifo {
  #last: Promise<unknown> = Promise.resolve()

  /** Resolves or rejects as the job does, when its turn has come. */
  run<T>(job: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(job)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
