import type { HostPorts, PartnerStorage } from '../contract/index.ts'

/** Where the id is kept, and who draws it. */
interface PartnerIdOptions {
  readonly storage: PartnerStorage
  readonly ports: Pick<HostPorts, 'random'>
}

/**
 * Reads the partner's own id. It is remembered, but for an ask with key 0: a database that was exchanged under a running process has
 * none of the old partnerships, so each device begins again there, and the first of them brings the new id to light.
 *
 * @returns the id; draws it at the first ask ever that this database answers
 */
export function rememberPartnerId({ storage, ports }: PartnerIdOptions): (isInitial: boolean) => Promise<string> {
  let known: string | null = null
  return async (isInitial) => {
    if (isInitial || known === null) known = await storage.readPartnerId(() => ports.random.id())
    return known
  }
}
