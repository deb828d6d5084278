import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** A proxy before the database that counts round trips and the bytes of answers. */
export interface CountedWay {
  readonly port: number
  /** Times that something was sent behind an answer, since the last call: what is sent in one go counts once. */
  take(): number
  /** Bytes that the database has sent since the last call. */
  takeBytes(): number
}

/** The message that carries a COMMIT alone: https://www.postgresql.org/docs/15/protocol-message-formats.html */
const END = Buffer.from('Q\u0000\u0000\u0000\u000bCOMMIT\u0000')
/**
 * The Announcer's message to other servers begins with this; an exchange has it only behind other
 * statements.
 */
const ANNOUNCEMENT = 'SELECT pg_notify'
const HEAD_BYTES = 32

/**
 * False for the COMMIT of a transaction that has only read, and for an announcement: no exchange
 * waits for these.
 */
function isAwaited(chunk: Buffer): boolean {
  return !chunk.equals(END) && !chunk.subarray(0, HEAD_BYTES).includes(ANNOUNCEMENT)
}

/** Passes everything on. */
export async function countRoundTrips(databasePort: number): Promise<CountedWay> {
  let trips = 0
  let bytes = 0
  const server = createServer((near) => {
    const far = connect(databasePort, '127.0.0.1')
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.on('error', end).on('close', end)
    let isAsking = false
    near.on('data', (chunk) => {
      if (!isAsking && isAwaited(chunk)) trips += 1
      isAsking = true
      far.write(chunk)
    })
    far.on('data', (chunk) => {
      isAsking = false
      bytes += chunk.length
      near.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const take = (): number => {
    const taken = trips
    trips = 0
    return taken
  }
  const takeBytes = (): number => {
    const taken = bytes
    bytes = 0
    return taken
  }
  return { port: (server.address() as AddressInfo).port, take, takeBytes }
}
