import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The packages as they are in the workspace, or as they were packed before (see versions/README.md). */
export type Version = 'n' | 'n-1'

const workspace = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(workspace, '.cache', 'e2e-n-1')

/** Where the tests' own app and server lie once more, with the packages of before in reach instead of the workspace's. */
export const previous: { readonly app: string; readonly site: string; readonly server: string } = {
  app: join(folder, 'app'),
  site: join(folder, 'site'),
  server: join(folder, 'server', 'main.ts'),
}

/** Lays them out: a module finds the packages of before because they are nearer. */
export async function unpackPrevious(): Promise<void> {
  const modules = join(folder, 'node_modules')
  const tarballs = join(workspace, 'e2e', 'versions', 'n-1')
  await rm(folder, { recursive: true, force: true })
  for (const tarball of await readdir(tarballs)) {
    const target = join(modules, tarball.replace(/\.tgz$/, ''))
    await mkdir(target, { recursive: true })
    execFileSync('tar', ['-xzf', join(tarballs, tarball), '-C', target, '--strip-components', '1'])
  }
  for (const name of ['comlink', 'idb', 'workbox-window']) {
    await symlink(await realpath(join(workspace, 'packages', 'web-sync', 'node_modules', name)), join(modules, name))
  }
  await symlink(await realpath(join(workspace, 'packages', 'sync-server', 'node_modules', 'pg')), join(modules, 'pg'))
  for (const part of ['app', 'server']) await cp(join(workspace, 'e2e', part), join(folder, part), { recursive: true })
}
