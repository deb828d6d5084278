import type { Authenticate, Authorize } from 'web-sync-server'
export { schema } from './src/schema.ts'

/** Who asks; null: nobody known. Here everyone is Ada: put your own check of a cookie or token in its place. */
export const authenticate: Authenticate = (_request: Request) => ({ account: 'ada' })

/** What an account may do in a space: 'write', 'read' or null. */
export const authorize: Authorize = ({ account, space }) => (account === 'ada' && space === 'team-1' ? 'write' : null)
