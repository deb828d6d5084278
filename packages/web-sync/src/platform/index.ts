/** What the browser gives, behind the contract's ports. */
export * from './browser-ports.ts'
export * from './notice-channel.ts'
