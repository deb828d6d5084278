/** The time; nothing about keys, order or conflicts is decided by it, only retention and what is shown to people. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number
}

/** Chance: must come from a cryptographic source, since tags and partnership ids are what tells one history from another. */
export interface Random {
  /** 128 random bits as 32 lower-case hexadecimal digits. */
  id(): string
  /** 64 random bits as 16 lower-case hexadecimal digits. */
  bits(): string
}

/** A collision-resistant digest of a text, e.g. SHA-256 in hexadecimal. Called before a transaction, never inside. */
export type HashText = (text: string) => Promise<string>

/** What the engine takes from its host. */
export interface HostPorts {
  readonly clock: Clock
  readonly random: Random
  readonly hash: HashText
}

/** Says that nobody waits for the answer any more; the part of AbortSignal that the engine needs. */
export interface StopSignal {
  readonly aborted: boolean
}
