import { execFileSync } from 'node:child_process'

/** The seed where there is no commit: an unpacked archive, or no git. */
const NO_COMMIT_SEED = 4_711

/** A first seed, and where it comes from, for people. */
export interface NamedSeed {
  /** Below 2^28. */
  readonly seed: number
  readonly origin: string
}

/**
 * The first seed of a commit: the same for the same commit, another one for the next, so that each landing is tried on worlds that
 * nobody has seen. `readCommit` returns the commit's id, or throws where there is none. Default: asks git.
 */
export function commitSeed(readCommit: () => string = askGit): NamedSeed {
  try {
    const commit = readCommit().trim()
    const seed = Number.parseInt(commit.slice(0, 7), 16)
    if (/^[0-9a-f]{40,}$/.test(commit)) return { seed, origin: `commit ${commit.slice(0, 12)}` }
  } catch {
    // No git, or no repository: the run is as good with any other seed.
  }
  return { seed: NO_COMMIT_SEED, origin: 'fixed, for there is no commit' }
}

function askGit(): string {
  return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}
