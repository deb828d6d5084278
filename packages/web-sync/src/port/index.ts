/**
 * A partner behind a MessagePort: two browsers' modules sync with each other. On the page give the port to `openSpace({transportPort})`;
 * this entry is for programs that run the engine themselves.
 */
export {
  createPortTransport,
  PORT_URL,
  type PortRequest,
  type PortTransportOptions,
} from '../transport/port-transport.ts'
export type { Answer, AuthHeaders, Clock, PageStream, PortLike, Transport } from '../contract/index.ts'
