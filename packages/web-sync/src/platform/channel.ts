/** Messages between all contexts of an origin that have opened a channel of the same name. */
export interface Channel {
  /** Reaches the other contexts, never this one; after `close` nobody. */
  post(message: unknown): void
  close(): void
}

/**
 * Opens a channel. null: the browser forbids channels here (Firefox with site data blocked), so nobody can be asked or told. The only
 * place that makes one: a constructor that throws must not end what merely wanted to tell others.
 */
export function openChannel(name: string, onMessage: (message: unknown) => void): Channel | null {
  let channel: BroadcastChannel
  try {
    channel = new BroadcastChannel(name)
  } catch {
    return null
  }
  let isOpen = true
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isOpen) onMessage(data)
  })
  return {
    post: (message) => {
      if (isOpen) channel.postMessage(message)
    },
    close: () => {
      isOpen = false
      channel.close()
    },
  }
}
