import { Agent, type IncomingMessage, request } from 'node:http'
import { ASK_CONTENT_TYPE, PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'
import { ACCOUNT_HEADER } from '../schema.ts'

/** Milliseconds after which a request has failed. */
const TIMEOUT_MS = 30_000

/** An answer, read whole. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** Connections that exchanges share, as those of a reverse proxy do. */
export function openAgent(): Agent {
  return new Agent({ keepAlive: true })
}

/** Sends an ask to a port of the loopback interface. Rejects if no whole answer comes. */
export function postAsk(agent: Agent, port: number, account: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      [ACCOUNT_HEADER]: account,
      [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
      'content-type': ASK_CONTENT_TYPE,
      'content-length': Buffer.byteLength(body),
    }
    const outgoing = request({ host: '127.0.0.1', port, path: '/sync', method: 'POST', headers, agent }, (incoming) => {
      readText(incoming).then((text) => resolve({ status: incoming.statusCode ?? 0, text }), reject)
    })
    outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy(new Error('timeout')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function readText(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8')
  let text = ''
  for await (const part of incoming) text += part as string
  if (!incoming.complete) throw new Error('the answer was cut')
  return text
}
