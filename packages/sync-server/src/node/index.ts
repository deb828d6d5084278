/** The door of the Node adapter. */
export { listen, type ListenOptions, type Listening } from './listen.ts'
export { nodeHandler, type NodeHandlerOptions } from './node-handler.ts'
