/** The door of the Node adapter. */
export { listen, type ListenOptions, type Listening } from './listen.ts'
export { shutDown, type ShutDownOptions, type Stoppable } from './shut-down.ts'
export { nodeHandler, type NodeHandlerOptions } from './node-handler.ts'
