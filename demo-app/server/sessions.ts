import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Person, findPerson } from '../src/people.ts'

const COOKIE = 'field-notes'

/** Sign-in of the demo: a cookie that names the account, signed so that a page cannot make one up. No passwords: development only. */
export interface Sessions {
  /** Who asks; null: nobody is signed in, or the session was ended. */
  readonly find: (request: Request) => Person | null
  /** The Set-Cookie value that signs a person in. */
  readonly open: (person: Person) => string
  /** The Set-Cookie value that signs out. */
  readonly close: () => string
  /** Ends the session on the server's side only: what an expired sign-in looks like. */
  readonly expire: (request: Request) => void
}

/** Sessions signed with a secret that is kept in the data folder, so that a restart signs nobody out. */
export function createSessions(data: string): Sessions {
  const secret = readSecret(join(data, 'session-secret'))
  const expired = new Set<string>()
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url')

  return {
    find: (request) => {
      const [account, session, mac] = (findToken(request) ?? '').split('.')
      if (account === undefined || session === undefined || mac === undefined) return null
      if (!isSame(mac, sign(`${account}.${session}`)) || expired.has(session)) return null
      return findPerson(account) ?? null
    },
    open: (person) => {
      const body = `${person.id}.${randomBytes(12).toString('base64url')}`
      return `${COOKIE}=${body}.${sign(body)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`
    },
    close: () => `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`,
    expire: (request) => {
      const session = (findToken(request) ?? '').split('.')[1]
      if (session !== undefined) expired.add(session)
    },
  }
}

function findToken(request: Request): string | null {
  const cookie = (request.headers.get('cookie') ?? '').split(/;\s*/).find((part) => part.startsWith(`${COOKIE}=`))
  return cookie?.slice(COOKIE.length + 1) ?? null
}

function readSecret(file: string): Buffer {
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 })
  return readFileSync(file)
}

function isSame(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
