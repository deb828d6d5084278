/** For tests that run in Node: what breaks real connections. Everything else of the kit is in `web-sync/testing` and needs no Node. */
export { FaultProxy, openFaultProxy, type ProxyMode, type ResponseDrop } from './fault-proxy.ts'
