import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to the database that breaks at a commit. */
export interface CommitBreaker {
  readonly port: number
  /** The next COMMIT breaks its connection; others pass. */
  arm(): void
}

/** Passes everything on; once it is armed, a COMMIT is lost on its way there (`before`), or its answer on its way back (`after`). */
export async function breakCommits(databasePort: number, moment: 'before' | 'after'): Promise<CommitBreaker> {
  let isArmed = false
  const server = createServer((near) => {
    const far = connect(databasePort, '127.0.0.1')
    let isBreaking = false
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.on('error', end).on('close', end)
    near.on('data', (chunk) => {
      if (isArmed && chunk.includes('COMMIT\u0000')) {
        isArmed = false
        isBreaking = true
        if (moment === 'before') return end()
      }
      far.write(chunk)
    })
    // Once the answer to COMMIT has arrived here it is carried out; those before it, sent in the same go, pass.
    far.on('data', (chunk) => (isBreaking && chunk.includes('COMMIT\u0000') ? end() : near.write(chunk)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, arm: () => void (isArmed = true) }
}
