import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test as base } from '@playwright/test'
import { engineOf } from './browser-options.ts'
import { type Device, openDevice, ProfileDevice, type ProfileOptions } from './device.ts'
import { type FaultProxy, openFaultProxy } from 'web-sync/testing/node'
import { ServerProcess } from './server-process.ts'
import { openThrottledDevice, type ThrottledDevice } from './throttled-device.ts'
import { type Watch, watchContext } from './violations.ts'

/** What a scenario plays in: a server of its own behind a network that can be broken, and devices. */
export interface World {
  readonly server: ServerProcess
  readonly proxy: FaultProxy
  /** A device that remembers nothing when it is closed. */
  newDevice(): Promise<Device>
  /** A device with its profile on disk, started. `origin`: where it has the app from; default: by the proxy, at localhost. */
  newProfileDevice(
    options?: Partial<Pick<ProfileOptions, 'args' | 'firefoxUserPrefs' | 'origin'>>,
  ): Promise<ProfileDevice>
  /** A device whose browser throttles hidden tabs. */
  newThrottledDevice(): Promise<ThrottledDevice>
  /** A folder for one more profile. */
  newProfile(): string
  /** A device that came about otherwise (a clone): it is switched off at the end. */
  adopt(device: Device): void
  /** Violations of the content security policy that were not taken yet; there must be none at the end. */
  takeViolations(): readonly string[]
  /** Errors that nobody caught in a page and that were not taken yet; likewise. */
  takeErrors(): readonly string[]
}

/** The scenarios' `test`: each one has a server, a port, a folder and profiles of its own. */
export const test = base.extend<{ world: World }>({
  world: async ({ browser, browserName }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'web-sync-e2e-'))
    const proxy = await openFaultProxy(0)
    const server = new ServerProcess(folder, (port) => proxy.setTarget(port))
    await server.start()
    const devices: Device[] = []
    const watch: Watch = { violations: [], errors: [] }
    let profiles = 0
    const world: World = {
      server,
      proxy,
      newDevice: async () => {
        const device = await openDevice(browser, proxy.origin)
        devices.push(device)
        await watchContext(device.context, watch)
        return device
      },
      newProfileDevice: async (options = {}) => {
        const device = new ProfileDevice({
          profile: world.newProfile(),
          engine: engineOf(browserName),
          origin: proxy.origin,
          ...options,
        })
        devices.push(device)
        await device.start()
        await watchContext(device.context, watch)
        return device
      },
      newThrottledDevice: async () => {
        const engine = engineOf(browserName)
        const device = await openThrottledDevice({ profile: world.newProfile(), engine, origin: proxy.origin })
        devices.push(device)
        await watchContext(device.context, watch)
        return device
      },
      newProfile: () => {
        profiles += 1
        return join(folder, `profile-${profiles}`)
      },
      adopt: (device) => void devices.push(device),
      takeErrors: () => watch.errors.splice(0),
      takeViolations: () => [...watch.violations.splice(0), ...server.takeViolations()],
    }
    await use(world)
    // What must never happen, in any scenario.
    expect(world.takeViolations(), 'violations of the content security policy').toEqual([])
    expect(server.faults, 'bugs of the partner').toEqual([])
    expect(world.takeErrors(), 'errors that nobody caught in a page').toEqual([])
    // Profiles are deleted next: nobody may still write there.
    await Promise.all(devices.map((device) => device.close()))
    await server.remove()
    await proxy.close()
    await rm(folder, { recursive: true, force: true })
  },
})

export { expect }
