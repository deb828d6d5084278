import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Ask,
  INITIAL_KEY,
  type Page,
  PROTOCOL_HEADER,
  type ReplyHead,
  REPLY_CONTENT_TYPE,
} from 'web-sync-protocol'

/** A real server whose answer each test writes by hand. */
export interface AnsweringServer {
  readonly url: string
  /** The requests so far, bodies parsed. */
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly method: string; readonly body: unknown }[]
  close(): Promise<void>
}

/** Starts a server on a free port. `answer` gets the ask's parsed body. */
export async function startServer(
  answer: (response: ServerResponse, body: unknown, request: IncomingMessage) => void,
): Promise<AnsweringServer> {
  const requests: AnsweringServer['requests'] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const body: unknown = text === '' ? null : JSON.parse(text)
      requests.push({ headers: request.headers, method: request.method ?? '', body })
      answer(response, body, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/sync`,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** 32 hexadecimal digits made of one. */
export function hex(digit: string): string {
  return digit.repeat(32)
}

/** An ask that a test sends. */
export function makeAsk(changes: Partial<Ask> = {}): Ask {
  return {
    protocol: 1,
    requestId: hex('a'),
    app: 'test-app',
    account: 'ann',
    replicaId: hex('b'),
    space: 'team',
    partnershipId: null,
    key: INITIAL_KEY,
    have: [],
    collections: ['notes'],
    schemaVersion: 1,
    mutations: [],
    limit: { changes: 10, bytes: 10_000, pages: 10 },
    host: 'worker',
    ...changes,
  }
}

/** The head that answers {@link makeAsk}. */
export function makeHead(changes: Partial<ReplyHead> = {}): ReplyHead {
  return {
    protocol: 1,
    requestId: hex('a'),
    from: INITIAL_KEY,
    partnershipId: hex('c'),
    partnerId: hex('e'),
    durable: 0,
    forked: null,
    ...changes,
  }
}

/** A page with one record, whose text has characters of several bytes. */
export function makePage(n: number): Page {
  return {
    key: { n, tag: hex('d') },
    settled: true,
    collections: ['notes'],
    changes: [
      {
        type: 'put',
        collection: 'notes',
        id: `note-${n}`,
        version: `${n}-0123456789abcdef`,
        value: { id: `note-${n}`, text: 'Grüße, 世界 🌍' },
        mutationId: null,
      },
    ],
    snapshot: false,
    outcomes: [],
    more: false,
    progress: null,
    digest: null,
  }
}

/** Headers of a reply. */
export const REPLY_HEADERS: Readonly<Record<string, string>> = {
  'content-type': REPLY_CONTENT_TYPE,
  [PROTOCOL_HEADER]: '1',
}

/** A reply's bytes: one line for each part, each with its end. */
export function encodeReply(head: ReplyHead, pages: readonly Page[]): Buffer {
  return Buffer.from([head, ...pages].map((line) => `${JSON.stringify(line)}\n`).join(''))
}
