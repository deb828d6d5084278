import { isAppName, isName, LIMITS } from 'web-sync-protocol'
import { type StoreId, SyncError, toEndpoint } from '../contract/index.ts'

/** The options that name a store. */
interface NamingOptions {
  readonly schema: { readonly app: string }
  readonly endpoint?: string
  readonly movedFrom?: string | null | readonly (string | null)[]
  readonly account: string
  readonly space: string
}

/** What names the store; throws `invalid-option` if the app, the account or the space has a name that no partner would take, or the endpoint is no address. */
export function checkNames({ schema, endpoint, movedFrom = [], account, space }: NamingOptions): StoreId {
  const given = (schema as Partial<NamingOptions['schema']> | undefined)?.app
  if (!isAppName(given)) throw invalid('/schema/app', 'the schema needs the name of its app: defineSchema({ app, … })')
  for (const [option, name] of Object.entries({ account, space })) {
    const message = `\`${option}\` must be a text of 1 to ${LIMITS.nameLength} well-formed characters`
    if (!isName(name)) throw invalid(`/${option}`, message)
  }
  const former = [movedFrom].flat().map((one) => (one === null ? null : toAddress('movedFrom', one)))
  const address = endpoint === undefined ? null : toAddress('endpoint', endpoint)
  return { app: given, endpoint: address, account, space, movedFrom: former }
}

function toAddress(option: string, given: string): string {
  try {
    return toEndpoint(new URL(given, location.href).href)
  } catch {
    throw invalid(`/${option}`, `\`${option}\` must be an address, relative or absolute`)
  }
}

function invalid(path: string, message: string): SyncError {
  return new SyncError('invalid-option', `openSpace: ${message}. Nothing was opened.`, { path })
}
