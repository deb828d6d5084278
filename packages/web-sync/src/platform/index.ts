/** What the browser gives, behind the contract's ports. */
export * from './auth-port.ts'
export * from './browser-ports.ts'
export * from './channel.ts'
export * from './clock.ts'
export * from './local-lock.ts'
export * from './notice-channel.ts'
