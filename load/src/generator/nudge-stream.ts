import { request } from 'node:http'
import { parseNudge, parseWith, PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'
import { ACCOUNT_HEADER } from '../schema.ts'
import type { Replica } from './replica.ts'

/** An open stream of nudges. */
export interface NudgeStream {
  close(): void
}

/** Opens a replica's stream; resolves when its head has come. `onEnd` is called once, when it ends otherwise than by `close`. */
export function openStream(
  port: number,
  replica: Replica,
  onNudge: () => void,
  onEnd: () => void,
): Promise<NudgeStream> {
  return new Promise((resolve, reject) => {
    const headers = { [ACCOUNT_HEADER]: replica.account, [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) }
    const path = `/sync/events?partnership=${replica.partnershipId}`
    const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false }, (incoming) => {
      let isClosed = false
      incoming.setEncoding('utf8')
      incoming.on('data', (text: string) => {
        for (const line of text.split('\n')) if (isNudge(line)) onNudge()
      })
      incoming.on('error', () => undefined)
      incoming.once('close', () => {
        if (!isClosed) onEnd()
      })
      const close = (): void => {
        isClosed = true
        incoming.destroy()
      }
      if (incoming.statusCode === 200) resolve({ close })
      else {
        close()
        reject(new Error(`events: ${incoming.statusCode}`))
      }
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** A nudge is short: on the loopback interface its line comes whole. */
function isNudge(line: string): boolean {
  return line.startsWith('data: ') && parseWith(parseNudge, JSON.parse(line.slice(6))).ok
}
